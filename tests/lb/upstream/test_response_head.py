"""Which response heads may be taken for known when they come again."""

from __future__ import annotations

import pytest

from lb.upstream.response_head import ResponseHead, remember

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
