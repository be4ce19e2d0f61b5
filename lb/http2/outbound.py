"""The sending half of a stream: what waits for windows and the socket, in which order it goes.

A response on a client's connection, a request on a target's: `lb.http2.outlet` sends both. It knows
neither h2 nor exchanges.
"""

from __future__ import annotations

from collections import deque
from time import monotonic

from lb.http2.gate import MAX_FRAME

HIGH_WATER = 64 * 1024
"""Bytes that may wait on a stream before its source is held back."""
LOW_WATER = HIGH_WATER // 2

HeaderPairs = list[tuple[bytes, bytes]]


class OutboundStream:
    """Head, body, trailers, end: queued until they can be sent."""

    __slots__ = ("closed", "ended", "full", "head", "id", "moved", "moved_at", "out", "queued", "trailers")

    def __init__(self, stream_id: int) -> None:
        self.id = stream_id
        self.head: HeaderPairs | None = None
        self.out: deque[bytes | memoryview] = deque()
        self.queued = 0
        self.trailers: HeaderPairs = []
        """Sent behind the body; empty for none."""
        self.ended = False
        """Nothing will be added to `out`."""
        self.full = False
        """The source is held back."""
        self.closed = False
        """No frame may be sent on it any more."""
        self.moved = 0
        self.moved_at = 0.0
        """When a piece of it worth mentioning was sent last."""

    @property
    def pending(self) -> bool:
        """Tell whether there is anything to send."""
        return not self.closed and (self.head is not None or bool(self.out) or self.ended)

    def queue(self, data: bytes) -> None:
        """Add a piece of the body."""
        if data:
            self.out.append(data)
            self.queued += len(data)

    def take(self, limit: int) -> bytes:
        """Take up to `limit` bytes of the queued body, small pieces joined."""
        out = self.out
        pieces = []
        while out and limit:
            piece = out[0]
            if len(piece) > limit:
                view = memoryview(piece)
                pieces.append(view[:limit])
                out[0] = view[limit:]
                limit = 0
            else:
                pieces.append(memoryview(piece))
                limit -= len(piece)
                out.popleft()
        data = bytes(pieces[0]) if len(pieces) == 1 else b"".join(pieces)
        self.queued -= len(data)
        return data

    def clear(self) -> None:
        """Forget what was queued."""
        self.head = None
        self.out.clear()
        self.queued = 0
        self.trailers = []

    def note_progress(self, size: int) -> None:
        """Count what was sent: a peer that takes a byte a minute makes no progress."""
        self.moved += size
        if self.moved >= LOW_WATER // 2 or not self.out:
            self.moved = 0
            self.moved_at = monotonic()
        if self.full and self.queued <= LOW_WATER:
            self.full = False
            self.on_room()

    def cut_by_window(self, size: int) -> bool:
        """Tell whether a frame of `size` bytes, just taken, was shorter than it had to be."""
        return size < MAX_FRAME and bool(self.out)

    # What a stream makes of it.

    def on_room(self) -> None:
        """Let the source go on."""

    def note_sent(self, size: int) -> None:
        """Take the size of a frame that was made, head and all."""
