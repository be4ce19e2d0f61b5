"""Which response heads may be taken for known when they come again, whole or with other values."""

from __future__ import annotations

import httptools
import pytest

from lb.upstream.response_head import DATE, LENGTH, PASS, KnownHead, ResponseHead, classify, remember

HEAD = b"HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 2\r\n\r\n"


def read(length: int = 2, **members: object) -> ResponseHead:
    head = ResponseHead()
    head.status, head.length, head.dated = 200, length, True
    for name, value in members.items():
        setattr(head, name, value)
    return head


@pytest.mark.parametrize("behind", [b"", b"ok", b"o"], ids=["alone", "with a body", "with half a body"])
def test_head_with_a_length_is_remembered_without_its_body(behind: bytes) -> None:
    head = read()
    known = remember(HEAD + behind, head)
    assert known is not None
    assert known.data == HEAD
    assert known.head is head


NOT = {
    "no length": (HEAD, read(-1)),
    "chunks": (HEAD, read(chunked=True)),
    "no date": (HEAD, read(dated=False)),
    "close": (HEAD, read(connection=b"close")),
    "names in Connection": (HEAD, read(connection=b"x-hop")),
    "upgrade": (HEAD, read(upgrade=b"h2c")),
    "half a head": (HEAD[:-3], read()),
    "interim in front": (b"HTTP/1.1 103 Early Hints\r\n\r\n" + HEAD, read()),
    "line end in front": (b"\r\n" + HEAD, read()),
    "old version": (HEAD.replace(b"1.1", b"1.0"), read()),
    "large": (HEAD.replace(b"today", b"x" * 5000), read()),
}


@pytest.mark.parametrize(("data", "head"), NOT.values(), ids=NOT.keys())
def test_head_that_says_more_is_not_remembered(data: bytes, head: ResponseHead) -> None:
    assert remember(data, head) is None


@pytest.mark.parametrize("word", [b"keep-alive", b"Keep-Alive"])
def test_connection_that_lives_on_is_nothing_special(word: bytes) -> None:
    assert remember(HEAD, read(connection=word)) is not None


SHAPE = (
    b"HTTP/1.1 200 OK\r\nServer: s\r\nDate: Wed, 25 Nov 2026 10:00:00 GMT\r\nConnection: keep-alive\r\n"
    b"Content-Length: 12\r\nKeep-Alive: timeout=5\r\nX-Tight:1\r\nSet-Cookie: a=b; Path=/\r\n\r\n"
)
BODY = b"x" * 30
BYTES = b"\r\n\t \x00\x0b\x7f\x80\xff:;,=aZ09+-"


class Heard:
    """What httptools makes of one response head; the values without blanks around them."""

    def __init__(self, data: bytes) -> None:
        self.pairs: list[tuple[bytes, bytes]] = []
        self.phrase = b""
        self.lives_on: bool | None = None
        self.parser = httptools.HttpResponseParser(self)
        self.parser.feed_data(data)

    def on_status(self, phrase: bytes) -> None:
        self.phrase += phrase

    def on_header(self, name: bytes, value: bytes) -> None:
        self.pairs.append((name, value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        self.lives_on = self.parser.should_keep_alive()


def learnt() -> KnownHead:
    heard = Heard(SHAPE)
    head = ResponseHead()
    head.status, head.phrase, head.length, head.dated = 200, b"OK", 12, True
    head.pairs = [pair for pair in heard.pairs if classify(pair[0]) in (PASS, DATE, LENGTH)]
    head.connection = b"keep-alive"
    known = remember(SHAPE, head)
    assert known is not None
    return known


def assert_read_alike(known: KnownHead, data: bytes) -> bool:
    """Whatever the short way reads, httptools reads alike; tells whether the former did."""
    found = known.vary(data + BODY)
    if found is None:
        return False
    assert data.startswith(found.data)
    heard = Heard(found.data)
    assert heard.lives_on, data
    head = found.head
    assert (head.status, head.phrase) == (heard.parser.get_status_code(), heard.phrase)
    assert head.pairs == [pair for pair in heard.pairs if classify(pair[0]) in (PASS, DATE, LENGTH)], data
    assert head.length == int(dict(heard.pairs)[b"Content-Length"])
    assert head.written == [b"%b: %b" % pair for pair in head.pairs]
    assert (head.chunked, head.connection, head.upgrade, head.dated) == (False, b"", b"", True)
    return True


VARIED = {
    "date": SHAPE.replace(b"10:00:00", b"10:00:01"),
    "length": SHAPE.replace(b"12", b"7"),
    "several": SHAPE.replace(b"12", b"0")
    .replace(b"a=b", b"c=d; HttpOnly")
    .replace(b"Server: s", b"Server: t"),
    "now with a space": SHAPE.replace(b"X-Tight:1", b"X-Tight: 1"),
    "nothing": SHAPE,
}


@pytest.mark.parametrize("data", VARIED.values(), ids=VARIED.keys())
def test_same_lines_with_other_values_need_no_parser(data: bytes) -> None:
    known = learnt()
    assert assert_read_alike(known, data)
    found = known.vary(data)
    assert found is not None
    assert assert_read_alike(found, SHAPE.replace(b"X-Tight:1", b"X-Tight: 1"))
    assert known.head.pairs == learnt().head.pairs


OTHER = {
    "status": SHAPE.replace(b"200", b"204"),
    "phrase": SHAPE.replace(b"OK", b"Fine"),
    "version": SHAPE.replace(b"1.1", b"1.0"),
    "close": SHAPE.replace(b"keep-alive", b"close"),
    "chunks": SHAPE.replace(b"X-Tight:1", b"Transfer-Encoding: chunked"),
    "second length": SHAPE.replace(b"X-Tight:1", b"Content-Length: 2"),
    "no number": SHAPE.replace(b"12", b"+1"),
    "endless number": SHAPE.replace(b"12", b"1" * 16),
    "list": SHAPE.replace(b"12", b"12, 12"),
    "a line more": SHAPE.replace(b"X-Tight:1", b"X-Tight:1\r\nX-B: 1"),
    "a line less": SHAPE.replace(b"X-Tight:1\r\n", b""),
    "interim in front": b"HTTP/1.1 103 Early Hints\r\n\r\n" + SHAPE,
    "half": SHAPE[:-4],
}


@pytest.mark.parametrize("data", OTHER.values(), ids=OTHER.keys())
def test_other_lines_go_to_the_parser(data: bytes) -> None:
    assert learnt().vary(data) is None


@pytest.mark.parametrize("at", range(len(SHAPE)))
def test_no_byte_is_read_otherwise_than_by_the_parser(at: int) -> None:
    known = learnt()
    for byte in BYTES:
        assert_read_alike(known, SHAPE[:at] + bytes([byte]) + SHAPE[at + 1 :])
        assert_read_alike(known, SHAPE[:at] + bytes([byte]) + SHAPE[at:])
    assert_read_alike(known, SHAPE[:at] + SHAPE[at + 1 :])
