"""Where a refused head begins, behind whatever came in the same read."""

from __future__ import annotations

import pytest

from lb.desync.locate import is_plain_line, locate_head

ODD = b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"
BEFORE = {
    "nothing": b"",
    "empty lines": b"\r\n\n\r\n",
    "a request": b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "two requests": b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.0\r\n\r\n\r\n",
    "a body that looks like requests": b"POST / HTTP/1.1\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "an empty body": b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "chunks that look like ends": (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"4\r\n\r\n\r\n\r\n5;e=0\r\n0\r\n\r\n\r\n0\r\nT: 1\r\n\r\n"
    ),
    "a request to close": b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE.keys())
@pytest.mark.parametrize(
    "odd",
    [ODD, ODD[:20], b"GET  / HTTP/1.1\r\n\r\n", b"GET /\r\n\r\n", b"GET  / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n"],
)
def test_head_is_found_behind_whole_messages(before: bytes, odd: bytes) -> None:
    assert locate_head(before + odd + b"GET / HTTP/1.1\r\n\r\n", 0) == odd + b"GET / HTTP/1.1\r\n\r\n"
    assert locate_head(b"bod" + before + odd, 3) == odd


def test_head_behind_chunks_that_were_open_is_not_found() -> None:
    assert locate_head(b"0\r\n\r\n" + ODD, -1) is None
    assert locate_head(b"ab", 3) is None


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE.keys())
@pytest.mark.parametrize(
    ("line", "plain"),
    [
        (b"GET /x HTTP/1.1\r\n\r\n", True),
        (b"GET /x HTTP/1.0\r\n\r\n", True),
        (b"GET  /x HTTP/1.1\r\n\r\n", False),
        (b"GET /x  HTTP/1.1\r\n\r\n", False),
        (b"GET /x\r\n\r\n", False),
        (b"GET /x RTSP/1.0\r\nX: GET /x HTTP/1.1\r\n\r\n", False),
    ],
)
def test_plain_lines_are_told_from_others(before: bytes, line: bytes, plain: bool) -> None:
    assert is_plain_line(before + line, 0, method=b"GET", target=b"/x") is plain
    assert is_plain_line(b"body" + before + line, 4, method=b"GET", target=b"/x") is plain


def test_behind_open_chunks_a_line_is_looked_for_anywhere() -> None:
    assert is_plain_line(b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n", -1, method=b"GET", target=b"/x")
    assert not is_plain_line(b"0\r\n\r\nGET  /x HTTP/1.1\r\n\r\n", -1, method=b"GET", target=b"/x")
