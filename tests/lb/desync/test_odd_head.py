"""Heads in pieces, heads that cannot become good ones, and: what passes has one reading."""

from __future__ import annotations

from dataclasses import replace

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.desync.odd_head import OddHead, ReadHead
from lb.desync.table import Passing, worst

HEAD = b"GET /a b HTTP/1.1\r\nHost: h\r\nX: 1\r\n 2\r\n: 3\r\n\r\n"


def feed(data: bytes, *, size: int) -> ReadHead | None:
    """Return the head, its rest completed by what was not fed."""
    odd = OddHead(max_size=1000, max_lines=60)
    for start in range(0, len(data), size):
        read = odd.take(data[start : start + size])
        if read is not None:
            assert read.line.method or read.findings
            rest = data[start + size :]
            return replace(read, rest=read.rest + rest)
    return None


@pytest.mark.parametrize("size", range(1, len(HEAD) + 5))
def test_pieces_make_no_difference(size: int) -> None:
    read = feed(HEAD + b"body", size=size)
    assert read is not None
    assert (read.line.target, read.rest, read.size) == (b"/a b", b"body", len(HEAD))
    assert read.headers.names == [b"Host", b"X"]
    assert [each.reason.word for each in read.findings] == ["SpaceInUri", "MultilineHeader", "EmptyHeader"]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\x16\x03", "BadMethod"),
        (b"GE(", "BadMethod"),
        (b"GET\t", "BadMethod"),
        (b"G\x00", "BadMethod"),
        (b"GET /\x00", "BadUri"),
        (b"GET /\ra", "BadUri"),
        (b"GET /\n", "NonCrLfLineTermination"),
        (b"GET / HTTP/1.1\r\nA: \x00", "BadHeader"),
        (b"GET / HTTP/1.1\r\nA: \r\r", "BadHeader"),
        (b"GET / HTTP/1.1\r\nA: 1\n", "NonCrLfLineTermination"),
        (b"GET / HTTP/1.1\r\n\n", "NonCrLfLineTermination"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_what_cannot_become_a_head_is_not_waited_for(data: bytes, word: str, size: int) -> None:
    read = feed(data, size=size)
    assert read is not None
    finding = worst(read.findings)
    assert finding is not None
    assert (finding.reason.word, finding.passing) == (word, Passing.NEVER)


@pytest.mark.parametrize(
    "data", [b"", b"GET", b"GET ", b"GET\r", b"GET / HTTP/1.1\r\n\r", b"GET / HTTP/1.1\r\nA: 1\r"]
)
def test_what_may_become_a_head_is_waited_for(data: bytes) -> None:
    assert feed(data, size=1) is None


@pytest.mark.parametrize(
    ("data", "word"),
    [(b"GET /a b HT", "PartialHeaderLine"), (b"GET /a b HTTP/1.1\r\nA: 1\r\n", "MissingLastEmptyLine")],
)
def test_head_without_an_end_is_named(data: bytes, word: str) -> None:
    odd = OddHead(max_size=1000, max_lines=60)
    odd.take(data)
    assert odd.unfinished().reason.word == word


@pytest.mark.parametrize("lines", [b"a\r\n" * 61, b"A: " + b"a" * 1000 + b"\r\n"], ids=["lines", "bytes"])
def test_large_head_is_not_looked_at(lines: bytes) -> None:
    read = feed(b"GET /a b HTTP/1.1\r\n" + lines + b"\r\n", size=5000)
    assert read is not None
    assert (read.too_large, read.headers.names) == (True, [])


class Heads:
    """What the strict parser makes of a request."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = 0

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value.rstrip(b" \t")))

    def on_message_complete(self) -> None:
        self.complete += 1


WORDS = (
    b"GET ", b"POST ", b" HTTP/1.1", b" HTTP/1.", b"/", b"\r\n", b"\r\n ", b"\n", b"\r", b":", b": ",
    b"X-A: 1", b"Host: h", b"Content-Length: 1", b"Transfer-Encoding: chunked", b"Content-Length",
    b"\r\n\r\n", b"%41",
)  # fmt: skip
PIECES = st.sampled_from([*(bytes([value]) for value in range(256)), *WORDS])


@given(st.lists(PIECES, max_size=30), st.integers(1, 9))
def test_what_passes_is_read_alike_by_a_strict_parser(pieces: list[bytes], size: int) -> None:
    data = b"GET /" + b"".join(pieces) + b" HTTP/1.1\r\nX: y" + b"".join(reversed(pieces)) + b"\r\n\r\n"
    whole, in_pieces = feed(data, size=len(data)), feed(data, size=size)
    assert whole is not None
    assert in_pieces is not None
    finding = worst(whole.findings)
    if finding is not None and finding.passing is Passing.NEVER:
        assert worst(in_pieces.findings).passing is Passing.NEVER  # type: ignore[union-attr]
        return
    assert (in_pieces.line, in_pieces.headers, in_pieces.rest) == (whole.line, whole.headers, whole.rest)
    if not whole.line.escaped_target.isascii():
        return  # admission refuses it
    plain = [
        (name, value)
        for name, value in zip(whole.headers.names, whole.headers.values, strict=True)
        if name.lower() not in (b"content-length", b"transfer-encoding")
    ]
    head = b"%b %b HTTP/1.1\r\n" % (whole.line.method.encode(), whole.line.escaped_target)
    heads = Heads()
    parser = httptools.HttpRequestParser(heads)
    parser.feed_data(head + b"".join(b"%b: %b\r\n" % pair for pair in plain) + b"\r\n")
    assert (heads.url, heads.headers, heads.complete) == (whole.line.escaped_target, plain, 1)
