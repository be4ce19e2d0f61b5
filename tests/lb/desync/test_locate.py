"""Where a message begins behind another, and whether its request line is as it should be."""

from __future__ import annotations

import pytest

from lb.desync.locate import ends_of_chunks, is_plain_line, next_message, skip_empty_lines

POST = b"POST / HTTP/1.1\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
BEHIND = b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"
BEFORE: dict[str, tuple[bytes, int]] = {
    "a request": (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 0),
    "empty lines and a request": (b"\r\n\r\n\nGET / HTTP/1.0\r\n\r\n", 0),
    "a body that looks like requests": (
        b"POST / HTTP/1.1\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n", 18,
    ),
    "chunks that look like ends": (
        POST + CHUNKED + b"4\r\n\r\n\r\n\r\n5;e=0\r\n0\r\n\r\n\r\n0\r\nT: 1\r\n\r\n", -1,
    ),
    "chunks, then close": (
        POST + b"Connection: close\r\n" + CHUNKED + b"0\r\n\r\n", -1,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "body"), BEFORE.values(), ids=BEFORE.keys())
@pytest.mark.parametrize("behind", [BEHIND, b"\x16\x03", b""])
def test_next_message_is_found(before: bytes, body: int, behind: bytes) -> None:
    assert next_message(before + behind, 0, body) == len(before)
    assert next_message(b"GET" + before + behind, 3, body) == 3 + len(before)


def test_what_is_unknown_stays_unknown() -> None:
    assert next_message(BEHIND, -1, 0) == -1
    assert next_message(b"GET / HTTP/1.1\r\n", 0, 0) == -1
    assert next_message(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1", 0, -1) == -1
    assert next_message(b"P(ST / HTTP/1.1\r\n\r\n", 0, -1) == -1


def test_empty_lines_are_passed_over() -> None:
    assert [skip_empty_lines(b"\r\n\nG\r\n", start) for start in (0, 2, 3, 6)] == [3, 3, 3, 6]


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        (b"GET /x HTTP/1.1\r\n\r\n", True),
        (b"GET /x HTTP/1.0\r\n\r\n", True),
        (b"\r\nGET /x HTTP/1.1\r\n\r\n", True),
        (b"GET  /x HTTP/1.1\r\n\r\n", False),
        (b"GET /x  HTTP/1.1\r\n\r\n", False),
        (b"GET /x\r\n\r\n", False),
        (b"GET /x RTSP/1.0\r\nX: GET /x HTTP/1.1\r\n\r\n", False),
    ],
)
def test_plain_lines_are_told_from_others(line: bytes, plain: bool) -> None:
    assert is_plain_line(line, 0, method=b"GET", target=b"/x") is plain
    before = b"GET /x HTTP/1.1\r\n\r\n"
    assert is_plain_line(before + line, len(before), method=b"GET", target=b"/x") is plain


@pytest.mark.parametrize(
    ("data", "ends"),
    [
        (b"", []),
        (b"\n", []),
        (b"0\r\n\r\n", [1, 2, 3, 5]),
        (b"\r\n\r\nGET", [1, 2, 3, 4]),
        (b"\r\n\r\n\r\n0\r\n\r\nGET", [1, 2, 3, 4, 11]),
    ],
)
def test_chunks_may_end_behind_an_empty_line(data: bytes, ends: list[int]) -> None:
    assert [*ends_of_chunks(data)] == ends
