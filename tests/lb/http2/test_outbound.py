"""The queue of a stream."""

from __future__ import annotations

import pytest

from lb.http2.gate import MAX_FRAME
from lb.http2.outbound import HIGH_WATER, LOW_WATER, OutboundStream


def stream_with(*pieces: bytes) -> OutboundStream:
    stream = OutboundStream(1)
    for piece in pieces:
        stream.queue(piece)
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


class Counting(OutboundStream):
    """Counts how often its source may go on."""

    __slots__ = ("resumed",)

    def on_room(self) -> None:
        self.resumed += 1


def test_source_goes_on_once_when_little_is_left() -> None:
    stream = Counting(1)
    stream.resumed = 0
    stream.queue(b"x" * (HIGH_WATER + 1))
    stream.full = True
    stream.note_progress(len(stream.take(LOW_WATER)))
    assert stream.resumed == 0
    stream.note_progress(len(stream.take(1)))
    stream.note_progress(len(stream.take(1)))
    assert stream.resumed == 1
    assert not stream.full


@pytest.mark.parametrize(
    ("left", "size", "cut"),
    [(0, 5, False), (1, 5, True), (1, MAX_FRAME, False)],
    ids=["all there was", "window was shut", "whole frame"],
)
def test_frame_shorter_than_what_there_was_was_cut_by_a_window(left: int, size: int, cut: bool) -> None:
    stream = stream_with(*[b"y"] * left)
    assert stream.cut_by_window(size) is cut


def test_cleared_stream_has_nothing_to_send() -> None:
    stream = stream_with(b"body")
    stream.head, stream.trailers = [(b":status", b"200")], [(b"a", b"b")]
    stream.clear()
    assert not stream.pending
    assert (stream.queued, stream.trailers) == (0, [])
