"""One request on an HTTP/2 connection: the `Downstream` of its exchange.

Holds what the target sent until the outlet can send it on, and says when that gets too much. With middlewares
around the load balancer it stands in for the protocol under `lb.cycle.Cycle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from h2.errors import ErrorCodes
from uvicorn.protocols.http.flow_control import FlowControl

from lb.downstream import InPieces
from lb.exchange import Exchange
from lb.http2.outbound import HIGH_WATER, OutboundStream

if TYPE_CHECKING:
    from lb.cycle import Cycle
    from lb.http2.protocol import Http2Protocol
    from lb.upstream.connection import UpstreamConnection
    from lb.upstream.response_head import ResponseHead

_FORBIDDEN = frozenset({b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"})
_MEMORY = 1024
_lower: dict[bytes, bytes] = {}
"""Spelling of a response header's name to lower case; empty: not sent in HTTP/2 (RFC 9113 section 8.2.2)."""


def lower_name(name: bytes) -> bytes:
    """Return a response header's name for HTTP/2; empty when it must not be sent."""
    lower = _lower.get(name)
    if lower is None:
        lower = name.lower()
        if lower in _FORBIDDEN:
            lower = b""
        if len(_lower) < _MEMORY and len(name) <= 64:
            _lower[name] = lower
    return lower


class Stream(InPieces, OutboundStream):
    """A request's stream, from its head to the last frame in either direction."""

    __slots__ = (
        "cycle",
        "exchange",
        "expected",
        "flow",
        "paused",
        "protocol",
        "received",
        "remote_ended",
        "unacknowledged",
    )

    exchange: Exchange

    def __init__(self, protocol: Http2Protocol, stream_id: int) -> None:
        super().__init__(stream_id)
        self.protocol = protocol
        self.cycle: Cycle | None = None
        """Under a middleware: what runs the application for this request."""
        self.flow: FlowControl | None = None
        # The request's body, on its way in.
        self.expected = -1
        """Content-Length; -1: none."""
        self.received = 0
        self.remote_ended = False
        self.paused = False
        self.unacknowledged = 0
        """Bytes that the target has not made room for yet: the client's window stays shut by as much."""

    def __repr__(self) -> str:
        return f"Stream({self.id} queued={self.queued} ended={self.ended} closed={self.closed})"

    def on_room(self) -> None:
        """Let the target, or the application, go on."""
        if self.flow is not None:
            self.flow.resume_writing()
        elif not self.exchange.done:
            self.exchange.on_client_ready()

    def note_sent(self, size: int) -> None:
        """Count it for the access log."""
        self.exchange.record.sent_bytes += size

    def free_application(self) -> None:
        """Let an application that waits for this client find out that there is none."""
        if self.cycle is not None and self.flow is not None:
            self.cycle.disconnect()
            self.flow.resume_writing()

    # Downstream.

    def begin_response(
        self, status: int, phrase: bytes, pairs: list[tuple[bytes, bytes]], *, framing: int, close: bool
    ) -> None:
        """Take the head; HTTP/2 has no phrase, and streams are framed whatever happened on them before."""
        head = [(b":status", b"%d" % status)]
        for name, value in pairs:
            lower = _lower.get(name)
            if lower is None:
                lower = lower_name(name)
            if lower:
                head.append((lower, value.strip(b" \t")))
        self.head = head
        self.moved_at = monotonic()

    def write_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        self.queue(data)

    def write_trailers(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        """Take the trailers: they end the response."""
        self.trailers = list(pairs)

    def flush(self) -> None:
        """Send what can be sent; hold the target back when too much waits."""
        self.protocol.outlet.push(self)
        if self.queued > HIGH_WATER and not self.full and not self.closed:
            self.full = True
            if self.flow is not None:
                self.flow.pause_writing()
            else:
                self.exchange.on_client_full()

    def end_response(self) -> None:
        """Send what was taken and END_STREAM, as windows allow."""
        self.ended = True
        self.protocol.outlet.push(self)

    def take_back(self) -> bool:
        """Forget the response, if its head was not sent yet."""
        if self.head is None:
            return False
        self.clear()
        self.protocol.outlet.waiting.pop(self.id, None)
        return True

    def abort_response(self, code: int = 0) -> None:
        """Reset the stream: a response that breaks off must not look complete."""
        self.protocol.break_off(self, code or ErrorCodes.INTERNAL_ERROR)

    def exchange_done(self, exchange: Exchange) -> None:
        """Hand the record over when the last byte has been sent."""
        if self.closed:
            exchange.hand_over()

    def turn_over(self, exchange: Exchange) -> None:
        """The application has sent everything (called by `Cycle`); the outlet goes on by itself."""

    def pause_request(self) -> None:
        """Give no window back: the target (or whoever decides) is not ready for more."""
        self.paused = True

    def resume_request(self) -> None:
        """Give back the window that was held."""
        self.paused = False
        self.protocol.open_window(self)

    def send_continue(self) -> None:
        """Say nothing: `Expect` is not supported in HTTP/2, as behind ALB."""

    def client_stalled(self, now: float) -> float:
        """Return for how many seconds the client has taken nothing: off its socket, or into its window."""
        outlet = self.protocol.outlet
        return outlet.backlog.stalled(now) if outlet.full else now - self.moved_at

    def open_tunnel(
        self, exchange: Exchange, connection: UpstreamConnection, head: ResponseHead, rest: bytes
    ) -> bool:
        """Refuse: there is no Upgrade in HTTP/2, and RFC 8441 is not announced."""
        return False

    @property
    def tls_lines(self) -> bytes:
        """Header lines with the TLS facts of the connection."""
        return self.protocol.tls_lines
