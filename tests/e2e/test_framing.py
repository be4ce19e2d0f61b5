"""Bytes that two parsers could read in two ways are refused, and nothing of them reaches a target.

The corpus is that of the traps sheet; each entry is sent with a second request smuggled behind it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.raw import get, send_raw
from tests.support.stack import Stack, fixed, forward, rule, running_stack

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything is forwarded but /secret*, which nobody may see."""
    rules = [rule(1, "/secret*", fixed(403, "no"))]
    folder = tmp_path_factory.mktemp("framing")
    with running_stack(folder, rules=rules, default=[forward()], with_pool=False) as stack:
        yield stack


def request(*lines: bytes, body: bytes = b"", first: bytes = b"POST /x HTTP/1.1") -> bytes:
    """One request with exactly these lines."""
    return b"\r\n".join([first, b"Host: localhost", *lines, b"", b""]) + body


CHUNKS = b"0\r\n\r\n"
AMBIGUOUS = {
    "length and chunked": request(b"Content-Length: 6", b"Transfer-Encoding: chunked", body=CHUNKS),
    "chunked and length": request(b"Transfer-Encoding: chunked", b"Content-Length: 6", body=CHUNKS),
    "two different lengths": request(b"Content-Length: 0", b"Content-Length: 50"),
    "list of lengths": request(b"Content-Length: 2, 2", body=b"hi"),
    "signed length": request(b"Content-Length: +2", body=b"hi"),
    "hexadecimal length": request(b"Content-Length: 0x2", body=b"hi"),
    "huge length": request(b"Content-Length: 99999999999999999999999999"),
    "negative length": request(b"Content-Length: -1"),
    "unknown coding": request(b"Transfer-Encoding: xchunked", body=CHUNKS),
    "chunked twice": request(b"Transfer-Encoding: chunked, chunked", body=CHUNKS),
    "chunked not last": request(b"Transfer-Encoding: chunked, identity", body=CHUNKS),
    "identity before chunked": request(b"Transfer-Encoding: identity, chunked", body=CHUNKS),
    "two codings": request(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=CHUNKS),
    "vertical tab before chunked": request(b"Transfer-Encoding: \x0bchunked", body=CHUNKS),
    "space before the colon": request(b"Transfer-Encoding : chunked", body=CHUNKS),
    "folded line": request(b"X-One: a", b" Transfer-Encoding: chunked", body=CHUNKS),
    "bare line feeds": b"POST /x HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n",
    "line feed inside a header": request(b"X-One: a\nTransfer-Encoding: chunked", body=CHUNKS),
    "carriage return inside a header": request(b"X-One: a\rTransfer-Encoding: chunked", body=CHUNKS),
    "NUL inside a header": request(b"X-One: a\x00b"),
    "no Host": b"GET /x HTTP/1.1\r\nX-One: 1\r\n\r\n",
    "two Hosts": request(b"Host: other.example"),
    "bad chunk size": request(b"Transfer-Encoding: chunked", body=b"zz\r\nhi\r\n0\r\n\r\n"),
    "line feed in a chunk extension": request(b"Transfer-Encoding: chunked", body=b"0;\n\r\n\r\n"),
    "HTTP/2.0 in the request line": request(first=b"GET /x HTTP/2.0"),
    "HTTP/0.9": b"GET /x\r\n\r\n",
    "NUL in the target": request(first=b"GET /x\x00y HTTP/1.1"),
    "version that is none": request(first=b"GET /x HTTP/1.1x"),
    "CONNECT": b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n",
    "connection preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("data", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_ambiguous_bytes_are_refused_and_the_connection_closed(stack: Stack, data: bytes) -> None:
    before = len(stack.target.requests)
    answers = send_raw(stack.ports.web, data + SMUGGLED)
    assert [answer.status for answer in answers] in ([400], [405], [501], [505]), answers
    assert len(stack.target.requests) == before


def test_sound_requests_in_a_row_are_served(stack: Stack) -> None:
    """The control: the same client code, nothing wrong with the bytes."""
    answers = send_raw(stack.ports.web, request(b"Content-Length: 2", body=b"hi") + SMUGGLED)
    assert [answer.status for answer in answers] == [200, 200]
    assert [seen.body for seen in stack.target.requests[-2:]] == ["hi", ""]


@pytest.mark.parametrize(
    ("lines", "statuses"),
    [
        pytest.param([b"X-Big: " + b"a" * 70_000], {400, 431}, id="one header of 70 KB"),
        pytest.param([b"X-Big: " + b"a" * 1_000_000], {400, 431}, id="one header of 1 MB"),
        pytest.param(
            [b"X-%d: %s" % (n, b"a" * 1000) for n in range(80)], {400, 431}, id="80 KB in 80 headers"
        ),
        pytest.param([b"X-%d: a" % n for n in range(5000)], {400, 431}, id="5000 headers"),
        pytest.param(
            [b"X-Forwarded-For: " + b", ".join([b"10.0.0.1"] * 31)], {463}, id="31 forwarded addresses"
        ),
    ],
)
def test_oversized_heads_are_refused(stack: Stack, lines: list[bytes], statuses: set[int]) -> None:
    before = len(stack.target.requests)
    answers = send_raw(stack.ports.web, request(*lines, b"Connection: close", first=b"GET /x HTTP/1.1"))
    # A server that closes on a megabyte still being sent may reset before its answer is read.
    assert {answer.status for answer in answers} <= statuses
    assert answers or len(lines[0]) > 500_000
    assert len(stack.target.requests) == before


def test_an_oversized_url_is_refused(stack: Stack) -> None:
    assert get(stack.ports.web, "/" + "a" * 20_000).status in (400, 414)


def test_trace_is_refused(stack: Stack) -> None:
    (answer,) = send_raw(stack.ports.web, request(b"Connection: close", first=b"TRACE /x HTTP/1.1"))
    assert answer.status == 405


@pytest.mark.parametrize(
    "target",
    [
        "/a%2Fb/%5c/c",
        "//double//slash",
        "/%E9",
        "/x;p=1?q=%20&q=&flag",
        "/x?",
        "/a+b?c+d",
        "/.x/...",
    ],
)
def test_the_target_gets_the_path_as_it_was_sent(stack: Stack, target: str) -> None:
    assert get(stack.ports.web, target).status == 200
    assert stack.target.last.target in (target, target.removesuffix("?"))


@pytest.mark.parametrize(
    "target",
    [
        "/secret",
        "/secret/x",
        "/secret#/open",
        "/secret?x=#/open",
        "http://localhost/secret",
        "http://other.example/secret",
        "HTTP://LOCALHOST/secret",
        "/%73ecret",
        "/s%65cret/x",
        "/open/../secret",
        "/open/%2e%2e/secret",
        "/open/..%2fsecret",
        "/./secret",
        "/%%373ecret",
    ],
)
def test_no_spelling_of_the_target_slips_past_its_rule(stack: Stack, target: str) -> None:
    """`#` in a request target, and absolute form: both were rule bypasses in other proxies (traps)."""
    before = len(stack.target.requests)
    assert get(stack.ports.web, target).status in (400, 403)
    assert len(stack.target.requests) == before


@pytest.mark.parametrize(
    "target", ["/open#/secret", "/%2573ecret", "//secret", "/SECRET", "/;/secret", "/a%2Fsecret"]
)
def test_what_no_rule_matched_is_forwarded_unchanged_or_refused(stack: Stack, target: str) -> None:
    """Beyond escaped unreserved characters, rules match what was sent, as ALB's do.

    What matters is that the target sees the very path that was judged.
    """
    before = len(stack.target.requests)
    answer = get(stack.ports.web, target)
    assert answer.status in (200, 400)
    seen = [received.target for received in stack.target.requests[before:]]
    assert seen == ([target.partition("#")[0]] if answer.status == 200 else [])
