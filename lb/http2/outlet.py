"""Sending what the streams of one connection have, as windows and the socket allow.

To clients and to targets. Streams take turns frame by frame, so that a large response does not hold up
small ones. Nothing is made a frame that the peer has no room for: what waits, waits in its stream, and
holds back its source.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

from h2.exceptions import StreamClosedError

from lb.backlog import Backlog
from lb.http2.gate import MAX_FRAME, Budget
from lb.http2.outbound import HeaderPairs, OutboundStream
from lb.http2.session import Session, TargetSession

BATCH = 64 * 1024
"""Bytes of frames that are made before they are written, and the socket is looked at again."""


S = TypeVar("S", bound=OutboundStream)


class Outlet(Generic[S]):
    """The writing side of one connection."""

    def __init__(
        self,
        session: Session | TargetSession,
        transport: asyncio.Transport,
        budget: Budget,
        *,
        on_sent: Callable[[S], None],
    ) -> None:
        """Call `on_sent` when the last frame of a stream is on its way."""
        self._session = session
        self._transport = transport
        self._budget = budget
        self._on_sent = on_sent
        self._loop = asyncio.get_running_loop()
        self._scheduled = False
        self.waiting: dict[int, S] = {}
        """Streams that have something to send and could not, in the order of their turns."""
        self.full = False
        """The peer does not read what was written to its socket."""
        self.backlog = Backlog(transport)
        """What it has yet to read of that."""
        self.dead = False
        """h2 makes no frames any more."""

    def push(self, stream: S) -> None:
        """Send what a stream has now."""
        if self.dead or not stream.pending:
            return
        if self.full or stream.id in self.waiting:
            self.waiting[stream.id] = stream
            return
        made = 0
        while stream.pending and (size := self._send(stream)) >= 0:
            made += size
            if made >= BATCH:
                made = 0
                if not self.write():
                    break
        if stream.pending:
            self.waiting[stream.id] = stream
        self.write_soon()

    def pump(self) -> None:
        """Give every waiting stream its turns until nothing moves."""
        moved = True
        made = 0
        while moved and self.waiting and not self.full and not self.dead:
            moved = False
            for stream in list(self.waiting.values()):
                size = self._send(stream) if stream.pending else -1
                moved = moved or size >= 0
                if not stream.pending:
                    self.waiting.pop(stream.id, None)
                elif size >= 0:
                    # Behind the others, also when the socket stops the round here.
                    self.waiting[stream.id] = self.waiting.pop(stream.id)
                made += max(size, 0)
                if made >= BATCH:
                    made = 0
                    if not self.write():
                        break
        self.write()

    def write(self) -> bool:
        """Write the frames that were made; tell whether the socket takes more."""
        data = self._session.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)
        return not self.full

    def write_soon(self) -> None:
        """Write when everything that arrived together is handled: a TLS record and a system call for all."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._write_scheduled)

    def _write_scheduled(self) -> None:
        self._scheduled = False
        self.write()

    def drop(self, stream: S) -> None:
        """Send nothing more on a stream."""
        stream.closed = True
        stream.clear()
        self.waiting.pop(stream.id, None)

    def pause(self) -> None:
        """Make no more frames: the peer does not read."""
        self.full = True

    def resume(self) -> None:
        """Go on."""
        self.full = False
        now = monotonic()
        for stream in self.waiting.values():
            # It was the socket that they waited for.
            stream.moved_at = now
        self.pump()

    def _send(self, stream: S) -> int:
        """Make a stream's next frame; return its size, -1 when the windows allow none."""
        try:
            if stream.head is not None:
                return self._send_head(stream, stream.head)
            return self._send_body(stream)
        except StreamClosedError:
            # Reset by the peer; h2 knew it from bytes whose events are still to be handled.
            self.drop(stream)
            return -1

    def _send_head(self, stream: S, head: HeaderPairs) -> int:
        stream.head = None
        last = stream.ended and not stream.out and not stream.trailers
        return self._send_block(stream, head, last=last)

    def _send_block(self, stream: S, pairs: HeaderPairs, *, last: bool) -> int:
        self._session.send_headers(stream.id, pairs, end_stream=last)
        size: int = self._session.encoder.size + 9
        stream.note_sent(size)
        if last:
            self._sent(stream)
        return size

    def _send_body(self, stream: S) -> int:
        session = self._session
        if not stream.out:
            if stream.trailers:
                return self._send_block(stream, stream.trailers, last=True)
            session.end_stream(stream.id)
            self._sent(stream)
            return 9
        limit = min(session.local_flow_control_window(stream.id), session.max_outbound_frame_size, MAX_FRAME)
        if limit <= 0:
            return -1
        data = stream.take(limit)
        last = stream.ended and not stream.out and not stream.trailers
        session.send_data(stream.id, data, end_stream=last)
        size = len(data)
        self._budget.earn_frame(size, window_was_shut=stream.cut_by_window(size))
        stream.note_sent(size + 9)
        stream.note_progress(size)
        if last:
            self._sent(stream)
        return size + 9

    def _sent(self, stream: S) -> None:
        stream.closed = True
        self.waiting.pop(stream.id, None)
        self._on_sent(stream)
