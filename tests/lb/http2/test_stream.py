"""The queue of one response."""

from __future__ import annotations

from typing import Any, cast

import pytest

from lb.http2.stream import Stream, lower_name


def stream_with(*pieces: bytes) -> Stream:
    stream = Stream(cast(Any, None), 1)
    for piece in pieces:
        stream.write_body(piece)
    return stream


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_pieces_are_joined_and_cut_and_nothing_is_lost(limit: int) -> None:
    pieces = [b"ab", b"", b"cdefg", b"h"]
    stream = stream_with(*pieces)
    assert stream.queued == 8
    taken = []
    while stream.out:
        taken.append(stream.take(limit))
    assert b"".join(taken) == b"abcdefgh"
    assert all(len(each) == limit for each in taken[:-1])
    assert stream.queued == 0


def test_there_is_something_to_send_until_the_end_was_sent() -> None:
    stream = stream_with()
    assert not stream.pending
    stream.begin_response(200, b"OK", [(b"X-A", b" 1 ")], framing=2, close=True)
    assert stream.pending
    assert stream.head == [(b":status", b"200"), (b"x-a", b"1")]
    stream.head = None
    assert not stream.pending
    stream.ended = True
    assert stream.pending
    stream.closed = True
    assert not stream.pending


@pytest.mark.parametrize(
    "name", [b"Connection", b"KEEP-ALIVE", b"transfer-encoding", b"Upgrade", b"Proxy-Connection"]
)
def test_connection_headers_are_not_sent(name: bytes) -> None:
    assert lower_name(name) == b""
    assert lower_name(b"X-" + name) == b"x-" + name.lower()
