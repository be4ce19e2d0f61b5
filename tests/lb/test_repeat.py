"""When a head may be taken for the last one again, and when it must be parsed."""

from __future__ import annotations

import pytest

from lb.admission import Incoming, Origin, admit
from lb.headers import classify
from lb.repeat import MAX_REMEMBERED, RepeatedHead, remember

ORIGIN = Origin("http", 8080, "127.0.0.1", 5, "web")
LINES = b"Host: app.example.com\r\nX-Forwarded-For: 1.1.1.1\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n"
HEAD = b"GET /first HTTP/1.1\r\n" + LINES


KEPT = (
    "names",
    "kinds",
    "version",
    "content_length",
    "chunked",
    "expect_continue",
    "keep_alive",
    "upgrade",
    "wants_upgrade",
    "listed",
    "forwarded_for",
    "trace",
    "classification",
)


def admitted(data: bytes) -> Incoming:
    line, *fields = data.partition(b"\r\n\r\n")[0].split(b"\r\n")
    method, target, version = line.split(b" ")
    sent = [(name, value.strip()) for name, _, value in (each.partition(b":") for each in fields)]
    classes = [classify(name) for name, _ in sent]
    incoming = admit(
        method.decode(),
        target,
        version.decode().removeprefix("HTTP/"),
        [name for name, _ in sent],
        pairs=[(lower, value) for (lower, _), (_, value) in zip(classes, sent, strict=True)],
        kinds=[kind for _, kind in classes],
        specials=[(kind, value) for (_, kind), (_, value) in zip(classes, sent, strict=True) if kind],
        origin=ORIGIN,
    )
    assert isinstance(incoming, Incoming)
    return incoming


def remembered(data: bytes = HEAD) -> RepeatedHead:
    repeated = remember(data, admitted(data))
    assert repeated is not None
    return repeated


@pytest.mark.parametrize(
    ("line", "method", "path", "query"),
    [
        (b"GET /first", "GET", "/first", ""),
        (b"HEAD /a%2Fb?c=d?e", "HEAD", "/a%2Fb", "c=d?e"),
        (b"DELETE //x", "DELETE", "//x", ""),
    ],
)
def test_same_lines_behind_another_request_line_are_understood_alike(
    line: bytes, method: str, path: str, query: str
) -> None:
    data = line + b" HTTP/1.1\r\n" + LINES
    again, parsed = remembered().read(data), admitted(data)
    assert again is not None
    assert again.head is not parsed.head
    for name in (
        "method",
        "scheme",
        "host",
        "port",
        "path",
        "query",
        "headers",
        "peer",
        "peer_port",
        "authority",
    ):
        assert getattr(again.head, name) == getattr(parsed.head, name), name
    assert (again.head.method, again.head.path, again.head.query) == (method, path, query)
    for name in KEPT:
        assert getattr(again, name) == getattr(parsed, name), name


OTHERS = {
    "other lines": b"GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n",
    "one line more": b"GET / HTTP/1.1\r\nX-A: 1\r\n" + LINES,
    "a second request in front": b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n" + LINES,
    "a body behind": HEAD + b"x",
    "half of it": HEAD[:-2],
    "a method that brings a body": b"POST / HTTP/1.1\r\n" + LINES,
    "an unknown method": b"GETS / HTTP/1.1\r\n" + LINES,
    "another version": b"GET / HTTP/1.0\r\n" + LINES,
    "an absolute target": b"GET http://other/ HTTP/1.1\r\n" + LINES,
    "a fragment": b"GET /a#b HTTP/1.1\r\n" + LINES,
    "a space": b"GET /a b HTTP/1.1\r\n" + LINES,
    "two spaces": b"GET  / HTTP/1.1\r\n" + LINES,
    "a control": b"GET /\x01 HTTP/1.1\r\n" + LINES,
    "a line feed": b"GET /\nX: HTTP/1.1\r\n" + LINES,
    "bytes beyond ASCII": b"GET /\xff HTTP/1.1\r\n" + LINES,
    "a leading line end": b"\r\nGET / HTTP/1.1\r\n" + LINES,
    "a long target": b"GET /" + b"a" * 17000 + b" HTTP/1.1\r\n" + LINES,
    "nothing": b"",
}


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS.keys())
def test_everything_else_goes_to_the_parser(data: bytes) -> None:
    assert remembered().read(data) is None


NOT_KEPT = {
    "length": b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n",
    "empty length": b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
    "chunks": b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
    "upgrade": b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n",
    "expect": b"GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n",
    "a departure from the RFC": b"GET / HTTP/1.1\r\nHost: h\r\nContent_Length: 0\r\n\r\n",
    "close": b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "old version": b"GET / HTTP/1.0\r\nHost: h\r\n\r\n",
    "absolute target": b"GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n",
    "large": b"GET / HTTP/1.1\r\nHost: h\r\nX-A: " + b"a" * MAX_REMEMBERED + b"\r\n\r\n",
}


@pytest.mark.parametrize("data", NOT_KEPT.values(), ids=NOT_KEPT.keys())
def test_heads_that_say_more_than_themselves_are_not_remembered(data: bytes) -> None:
    assert remember(data, admitted(data)) is None


def test_head_that_did_not_come_alone_is_not_remembered() -> None:
    assert remember(HEAD + HEAD, admitted(HEAD)) is None
    assert remember(HEAD[5:], admitted(HEAD)) is None


@pytest.mark.parametrize("target", [b"/open/../secret", b"/open/%2e%2e/secret", b"/./secret", b"/100%"])
def test_a_path_with_two_readings_goes_to_admission(target: bytes) -> None:
    assert remembered().read(b"GET " + target + b" HTTP/1.1\r\n" + LINES) is None


def test_a_path_is_settled_as_in_admission() -> None:
    again = remembered().read(b"GET /%73ecret?a=%73 HTTP/1.1\r\n" + LINES)
    assert again is not None
    assert (again.head.path, again.head.query) == ("/secret", "a=%73")


def test_the_same_request_again_is_the_same_object_and_any_other_is_not() -> None:
    repeated = remembered()
    first = repeated.read(HEAD)
    assert first is not None
    assert first.repeated
    assert repeated.read(HEAD) is first
    other = repeated.read(HEAD.replace(b"/first", b"/other"))
    assert other is not None
    assert other is not first
    assert (other.repeated, other.settled, other.head.path) == (False, None, "/other")
    assert repeated.read(HEAD.replace(b"/first", b"/other")) is other
    assert first.head.path == "/first"


@pytest.mark.parametrize("at", range(len(HEAD)))
def test_a_changed_byte_is_another_request(at: int) -> None:
    repeated = remembered()
    known = repeated.read(HEAD)
    changed = HEAD[:at] + bytes([HEAD[at] ^ 1]) + HEAD[at + 1 :]
    assert repeated.read(changed) is not known
