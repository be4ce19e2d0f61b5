"""One request to a target on an HTTP/2 connection: a `Courier`, like a connection of HTTP/1.

Holds what the target has no window for, and says when that gets too much. Keeps the beginning of a body until
the target is known to have looked at the request: what it has not may be sent again (RFC 9113 section 8.7).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from h2.errors import ErrorCodes

from lb.http2.head import Malformed
from lb.http2.outbound import HIGH_WATER, OutboundStream
from lb.reasons import Reason
from lb.upstream.connection import MAX_INTERIM_RESPONSES
from lb.upstream.courier import Requester
from lb.upstream.http2.head import read_response_head, read_trailers, request_fields
from lb.upstream.response_head import ResponseHead

if TYPE_CHECKING:
    from lb.upstream.http2.connection import Http2Connection

Pairs = Sequence[tuple[bytes, bytes]]
Block = Iterable[tuple[bytes, bytes]]
UNSENT = 0
"""Id of a stream that was not opened yet."""


class TargetStream(OutboundStream):
    """A request's stream; made by `Http2Connection.take`."""

    __slots__ = (
        "_head",
        "_head_only",
        "_interim",
        "_kept",
        "_seen",
        "_sent",
        "connection",
        "paused",
        "placed",
        "received",
        "remote_ended",
        "replay",
        "requester",
        "reset_code",
        "response_begun",
        "served",
        "unacknowledged",
        "unprocessed",
    )

    def __init__(self, connection: Http2Connection, *, served: int) -> None:
        super().__init__(UNSENT)
        self.connection = connection
        self.placed = True
        """It takes one of the places on the connection."""
        self.requester: Requester | None = None
        self.served = served
        """Responses completed on the connection, if it was idle: the target may have been closing it."""
        self.response_begun = False
        self.unprocessed = False
        """The target said that it has not looked at the request."""
        self.replay: list[bytes] | None = []
        """The body so far; None when it has grown too long to be kept."""
        self.reset_code = 0
        """Error code of the target's RST_STREAM."""
        self._head: ResponseHead | None = None
        self._head_only = False
        self._interim = 0
        self._kept = 0
        self._sent = self._seen = 0
        # The response's body, on its way in.
        self.received = 0
        self.remote_ended = False
        self.paused = False
        self.unacknowledged = 0
        """Bytes that the client has not made room for yet: the target's window stays shut by as much."""

    def __repr__(self) -> str:
        return f"TargetStream({self.id} queued={self.queued} ended={self.ended} received={self.received})"

    # Courier.

    def send(
        self,
        requester: Requester,
        head: bytes,
        pieces: Sequence[bytes],
        *,
        head_only: bool,
        chunked: bool,
        complete: bool,
        takes_trailers: bool = False,
        trailers: Pairs = (),
    ) -> None:
        """Open the stream (see `Courier`); HTTP/2 frames a body with and without a length alike."""
        self.requester = requester
        self._head_only = head_only
        scheme = b"https" if self.connection.encrypted else b"http"
        self.head = request_fields(head, scheme=scheme, takes_trailers=takes_trailers)
        for piece in pieces:
            self._queue(piece)
        self.ended = complete
        self.trailers = list(trailers)
        self.connection.start(self)
        self._hold_back()

    def write_body(self, data: bytes) -> None:
        """Send a further piece of the request's body, as windows allow."""
        if not self.closed:
            self._queue(data)
            self.connection.outlet.push(self)
            self._hold_back()

    def end_request(self, trailers: Pairs = ()) -> None:
        """End the request, with trailers if there are any."""
        if not self.closed:
            self.ended = True
            self.trailers = list(trailers)
            self.connection.outlet.push(self)

    def _queue(self, data: bytes) -> None:
        self.queue(data)
        if self.replay is not None:
            self.replay.append(data)
            self._kept += len(data)
            if self._kept > HIGH_WATER:
                self.replay = None

    def _hold_back(self) -> None:
        if self.queued > HIGH_WATER and not self.full and self.requester is not None:
            self.full = True
            self.requester.on_target_full()

    def on_room(self) -> None:
        """Let the client go on."""
        if self.requester is not None:
            self.requester.on_target_ready()

    def note_sent(self, size: int) -> None:
        """Count what went out."""
        self._sent += size

    def taking(self) -> bool:
        """Tell whether anything was sent since the last call: as much as the target made room for."""
        moved = self._sent != self._seen
        self._seen = self._sent
        return moved

    @property
    def backlog(self) -> TargetStream:
        """What the target has yet to take of the request: the stream itself knows."""
        return self

    def pause_reading(self) -> None:
        """Give no window back: the client is not ready for more."""
        self.paused = True

    def resume_reading(self) -> None:
        """Give back the window that was held."""
        self.paused = False
        self.connection.open_window(self)

    def put_back(self) -> None:
        """Leave the place on the connection to another request."""
        self.connection.release(self)

    def discard(self) -> None:
        """Tell the target that nobody waits any more."""
        self.requester = None
        self.connection.cancel(self, ErrorCodes.CANCEL)

    # What the target sends.

    def on_interim(self) -> None:
        """Skip a 1xx; each resets the idle clock, so they must not go on for ever."""
        self.response_begun = True
        self._interim += 1
        if self._interim > MAX_INTERIM_RESPONSES:
            raise Malformed("too many interim responses")

    def on_head(self, block: Block) -> None:
        """Take the final response's head; raises `Malformed`."""
        self.response_begun = True
        self.replay = None
        self._head = head = read_response_head(block)
        if self.requester is not None:
            self.requester.on_response_head(head)

    def on_data(self, data: bytes) -> None:
        """Take a piece of the body; raises `Malformed` where it is longer than was said."""
        head = self._head
        if not data or head is None:
            return
        self.received += len(data)
        if self._is_bodiless(head) or 0 <= head.length < self.received:
            # Not a byte more than was said: a client of HTTP/1 would read it as its next response.
            raise Malformed("more body than content-length says")
        if self.requester is not None:
            self.requester.on_response_body(data)

    def on_trailers(self, block: Block) -> None:
        """Take the trailers; raises `Malformed`."""
        trailers = read_trailers(block)
        if self.requester is not None and trailers:
            self.requester.on_response_trailers(trailers)

    def check_end(self) -> None:
        """Raise `Malformed` where the body is shorter than was said."""
        head = self._head
        if head is not None and not self._is_bodiless(head) and 0 <= self.received < head.length:
            raise Malformed("less body than content-length says")

    def _is_bodiless(self, head: ResponseHead) -> bool:
        return self._head_only or head.status in (204, 304)

    def lost(self, reason: Reason) -> None:
        """Tell the requester that there will be no (further) response."""
        requester, self.requester = self.requester, None
        if requester is not None:
            requester.on_target_lost(reason)
