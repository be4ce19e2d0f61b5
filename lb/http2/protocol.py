"""`Http2Protocol`: one HTTP/2 connection of a client, as an asyncio protocol around `Session`.

uvicorn keeps the socket, TLS and graceful shutdown, as for `lb.wire`. Up to 128 requests run at once, each an
`Exchange` of its own. The connection ends with GOAWAY: after 10,000 requests, at the end of its lifetime
(`client_keep_alive.seconds`), when it is idle, when the process drains; and at once when the client breaks
the protocol or floods (ALB user guide, "Listeners": HTTP/2).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    PingAckReceived,
    RequestReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import H2Error, StreamClosedError
from hyperframe.frame import GoAwayFrame
from uvicorn.protocols.utils import get_local_addr

from lb.admission import Incoming
from lb.asgi import LoadBalancer, fill_record, find_load_balancer
from lb.client_facts import ClientFacts
from lb.desync.framing import classify_framing
from lb.desync.mitigation import note, settle
from lb.exchange import HIGH_WATER, Exchange
from lb.http2.cycle import start_cycle
from lb.http2.gate import Abuse, Budget, FrameGate
from lb.http2.head import Fields, Malformed, admit_fields, read_fields, read_trailers
from lb.http2.outlet import Outlet
from lb.http2.session import MAX_STREAMS, STREAM_WINDOW, Session
from lb.http2.stream import Stream
from lb.reasons import Reason

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

log = logging.getLogger("albacore.http2")

MAX_REQUESTS = 10_000
"""ALB: requests of one connection before GOAWAY."""
LINGER_SECONDS = 5.0
"""How long a connection that was broken off may take to read why."""
ANNOUNCE_SECONDS = 1.0
"""Between the GOAWAY that announces the end and the one that makes it, when the client answers no PING."""
_LAST_POSSIBLE = 2**31 - 1
_FAREWELL = b"albacore"
"""Data of the PING behind the announcing GOAWAY: its answer says that the client has read both."""
_BAD_STREAM_COST = 20
"""Streams that end in an error of the client's making draw on its budget, or resetting them were free
("MadeYouReset", CVE-2025-8671)."""
_SERVED_CREDIT = 15.0


class Http2Protocol(ClientFacts, asyncio.Protocol):
    """One client connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        self.app: Any = config.loaded_app
        self.app_state = app_state
        self.server_state = server_state
        self.load_balancer = find_load_balancer(self.app)
        self.runtime = self.load_balancer.runtime
        self.direct = isinstance(self.app, LoadBalancer) and self.app.direct
        self.session = Session()
        self.streams: dict[int, Stream] = {}
        self.requests = 0
        self.connected_at = self.silent_since = monotonic()
        self.gate = FrameGate(Budget(self.connected_at))
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)
        self.outlet: Outlet[Stream] = cast("Outlet[Stream]", None)
        self._leaving_since = 0.0
        """The end was announced; 0.0: not yet."""
        self._last_stream = -1
        """The last stream that is served, once that is said."""
        self._broken_at = self._closed_at = 0.0
        self._reset_now: frozenset[int] = frozenset()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note who is there, and say our settings."""
        self.transport = cast(asyncio.Transport, transport)
        self.outlet = Outlet(self.session, self.transport, self.gate.budget, on_sent=self._on_sent)
        self.server_state.connections.add(cast(Any, self))
        self.runtime.swept.add(self)
        self.runtime.metrics.connection_opened()
        self.server = get_local_addr(self.transport)
        self.read_facts(self.transport, self.load_balancer.listener())
        # asyncio's default for TLS is half a megabyte for each client who reads slowly.
        self.transport.set_write_buffer_limits(HIGH_WATER)
        if self.runtime.is_full():
            self.transport.abort()
            return
        self.outlet.write()

    def data_received(self, data: bytes) -> None:
        """Take frames, act on them, answer."""
        if self._closed_at:
            return
        try:
            events = self.session.receive_data(self.gate.feed(data, monotonic(), streams=self.streams))
            self._handle_all(events)
        except Abuse as abuse:
            self._note_oversized_head(abuse)
            self._break(abuse.code, str(abuse))
        except H2Error as error:
            self._break(getattr(error, "error_code", ErrorCodes.PROTOCOL_ERROR), str(error))
        else:
            self.outlet.pump()
            if self.gate.peer_leaves and not self.streams:
                self._close()

    def eof_received(self) -> None:
        """Let the transport close: a half-closed client is a gone one, as in HTTP/1."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the exchanges."""
        self.server_state.connections.discard(cast(Any, self))
        self.runtime.swept.discard(self)
        self.runtime.metrics.connection_closed()
        self._abandon_all()

    def pause_writing(self) -> None:
        """Stop making frames, and stop reading: even acknowledgements pile up."""
        self.outlet.pause()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        if not self.transport.is_closing():
            self.transport.resume_reading()
        self.outlet.resume()

    def shutdown(self) -> None:
        """Finish what is being served, then close (called by uvicorn)."""
        self.leave()

    # Events.

    def _handle_all(self, events: list[Event]) -> None:
        if len(events) > 1:
            # A stream that was reset with the same bytes that opened it reaches no target.
            self._reset_now = frozenset(
                event.stream_id for event in events if type(event) is StreamReset and event.stream_id
            )
        for event in events:
            handle = _HANDLERS.get(type(event))
            if handle is not None:
                handle(self, event)
        self._reset_now = frozenset()

    def _on_request(self, event: RequestReceived) -> None:
        stream_id = event.stream_id
        assert stream_id is not None
        if 0 <= self._last_stream < stream_id or len(self.streams) >= MAX_STREAMS:
            self._refuse_stream(stream_id, ErrorCodes.REFUSED_STREAM)
            return
        self.requests += 1
        ended = event.stream_ended is not None
        try:
            fields = read_fields(event.headers)
        except Malformed as malformed:
            log.debug("malformed request from %s: %s", self.peer, malformed)
            self._note_malformed()
            self._refuse_stream(stream_id, ErrorCodes.PROTOCOL_ERROR)
        else:
            self._open(stream_id, fields, ended=ended)
        lifetime = self.runtime.snapshot.settings.attributes.client_keep_alive_seconds
        if self.requests >= MAX_REQUESTS or monotonic() - self.connected_at >= lifetime:
            self.leave()

    def _refuse_stream(self, stream_id: int, code: ErrorCodes) -> None:
        self.gate.budget.spend(_BAD_STREAM_COST, monotonic())
        self._reset(stream_id, code)

    def _reset(self, stream_id: int, code: int) -> None:
        # Reset by the client already: h2 is ahead of the events that are still to be handled.
        with contextlib.suppress(StreamClosedError):
            self.session.reset_stream(stream_id, code)

    def _open(self, stream_id: int, fields: Fields, *, ended: bool) -> None:
        listener = self.load_balancer.listener()
        admitted = admit_fields(fields, ended=ended, origin=self.origin)
        incoming = admitted if isinstance(admitted, Incoming) else None
        record = self.new_record(fields.method, listener, received=fields.size)
        if incoming is not None:
            fill_record(record, incoming)
        else:
            record.uri = fields.path.decode("latin-1")
            note(record, classify_framing(fields.method, "2", fields.specials))
        record.type, record.version = "grpcs" if incoming and incoming.grpc else "h2", "HTTP/2.0"
        stream = Stream(self, stream_id)
        stream.exchange = exchange = Exchange(
            self.runtime,
            listener,
            incoming,
            downstream=stream,
            record=record,
            refusal=settle(admitted, listener.attributes.desync_mode),
        )
        if incoming is not None:
            stream.expected = incoming.content_length
        self.streams[stream_id] = stream
        if ended:
            stream.remote_ended = True
            exchange.on_request_end()
        if stream_id not in self._reset_now:
            self._start(stream, incoming)

    def _start(self, stream: Stream, incoming: Incoming | None) -> None:
        exchange = stream.exchange
        try:
            if self.direct or incoming is None or exchange.refusal is not None:
                exchange.start()
            else:
                start_cycle(self, stream, incoming)
        except H2Error:
            raise
        except Exception:
            # A bug met by one request must not end the others of the connection.
            log.exception("request could not be handled")
            exchange.on_client_gone()
            self.break_off(stream)

    def _on_data(self, event: DataReceived) -> None:
        self.session.give_back(event.flow_controlled_length or 0)
        stream = self.streams.get(event.stream_id or 0)
        if stream is None or stream.exchange.done:
            return
        data = event.data
        stream.received += len(data)
        if 0 <= stream.expected < stream.received:
            # Not a byte more than was said: the target would read it as its next request.
            self._mismatch(stream)
            return
        stream.unacknowledged += event.flow_controlled_length or 0
        if data:
            stream.exchange.on_request_body(data)
        if event.stream_ended is None:
            self.open_window(stream)

    def _on_trailers(self, event: TrailersReceived) -> None:
        """Hand on those that pass; only targets of HTTP/2 get them, as trailers again."""
        stream = self.streams.get(event.stream_id or 0)
        if stream is None or stream.exchange.done:
            return
        try:
            trailers = read_trailers(event.headers)
        except Malformed as malformed:
            log.debug("malformed trailers from %s: %s", self.peer, malformed)
            self._mismatch(stream)
        else:
            stream.exchange.on_request_trailers(trailers)

    def _on_end(self, event: StreamEnded) -> None:
        stream = self.streams.get(event.stream_id or 0)
        if stream is None or stream.remote_ended:
            return
        stream.remote_ended = True
        if stream.expected >= 0 and stream.received != stream.expected:
            self._mismatch(stream)
        else:
            stream.exchange.on_request_end()

    def _mismatch(self, stream: Stream) -> None:
        self.gate.budget.spend(_BAD_STREAM_COST, monotonic())
        stream.exchange.on_request_broken()

    def _on_reset(self, event: StreamReset) -> None:
        if not event.remote_reset:
            # h2 reset it: the client broke the stream's window.
            self.gate.budget.spend(_BAD_STREAM_COST, monotonic())
        stream = self.streams.get(event.stream_id or 0)
        if stream is not None:
            self._abandon(stream)

    def _on_ping_ack(self, event: PingAckReceived) -> None:
        if event.ping_data == _FAREWELL and self._leaving_since:
            self._say_last()

    def open_window(self, stream: Stream) -> None:
        """Open a stream's window by what its target has made room for."""
        size = stream.unacknowledged
        if stream.paused or size < STREAM_WINDOW // 4 or stream.remote_ended or stream.closed:
            return
        stream.unacknowledged = 0
        if not self.outlet.dead and stream.id not in self._reset_now:
            self.session.increment_flow_control_window(size, stream.id)
            self.outlet.write_soon()

    # Ends of streams.

    def _on_sent(self, stream: Stream) -> None:
        """The response is on its way to its end; what the client still sends is not wanted."""
        if not stream.remote_ended:
            # RFC 9113 section 8.1: a complete response, and no need of the rest of the request.
            self._reset(stream.id, ErrorCodes.NO_ERROR)
        self.gate.budget.earn(_SERVED_CREDIT)
        self._release(stream)

    def break_off(self, stream: Stream, code: int = ErrorCodes.INTERNAL_ERROR) -> None:
        """Reset a stream so that its response cannot be taken for complete."""
        if stream.closed:
            return
        self.outlet.drop(stream)
        if not self.outlet.dead:
            self._reset(stream.id, code)
        self._release(stream)
        stream.free_application()

    def _abandon(self, stream: Stream) -> None:
        """The client does not want it any more."""
        self.outlet.drop(stream)
        stream.free_application()
        if not stream.exchange.done:
            stream.exchange.on_client_gone()
        self._release(stream)

    def _abandon_all(self) -> None:
        for stream in list(self.streams.values()):
            self._abandon(stream)

    def _release(self, stream: Stream) -> None:
        if self.streams.pop(stream.id, None) is None:
            return
        self.silent_since = monotonic()
        self.server_state.total_requests += 1
        if stream.exchange.done:
            stream.exchange.hand_over()
        self.outlet.write_soon()
        if not self.streams and (self._last_stream >= 0 or self.gate.peer_leaves):
            self._close()

    # Ends of the connection.

    def leave(self) -> None:
        """End the connection gracefully: announce it, serve what is on its way, say which was the last.

        RFC 9113 section 6.8: requests that cross the first GOAWAY are still served.
        """
        if self._leaving_since or self._closed_at:
            return
        self._leaving_since = monotonic()
        self._write_goaway(_LAST_POSSIBLE, ErrorCodes.NO_ERROR)
        self.session.ping(_FAREWELL)
        self.outlet.write()

    def retire(self, patience: float) -> None:
        """End the connection gracefully, because another process takes over; called now and then."""
        self.leave()

    def _say_last(self) -> None:
        if self._last_stream >= 0:
            return
        self._last_stream = self.session.highest_inbound_stream_id
        self._write_goaway(self._last_stream, ErrorCodes.NO_ERROR)
        if not self.streams:
            self._close()

    def _write_goaway(self, last: int, code: ErrorCodes) -> None:
        # Past h2: to it, a GOAWAY is the end, and the streams in flight are not at theirs.
        self.outlet.write()
        if not self.transport.is_closing():
            frame = GoAwayFrame(0, last_stream_id=last, error_code=int(code))
            self.transport.write(frame.serialize())

    def _break(self, code: ErrorCodes, why: str) -> None:
        """End the connection for what the client did."""
        log.info("HTTP/2 connection of %s ended: %s", self.peer, why)
        self._broken_at = monotonic()
        self.session.clear_outbound_data_buffer()
        self.outlet.dead = True
        self._write_goaway(self.session.highest_inbound_stream_id, code)
        self._abandon_all()
        self._close()

    def _close(self) -> None:
        self._closed_at = self._closed_at or monotonic()
        self.outlet.write()
        self.transport.close()

    def _note_oversized_head(self, abuse: Abuse) -> None:
        if abuse.oversized_head:
            self._write_row(0, Reason.HEADER_TOO_LARGE)

    def _note_malformed(self) -> None:
        self._write_row(400, Reason.BAD_REQUEST)

    def _write_row(self, status: int, reason: Reason) -> None:
        """Log what never became a request."""
        record = self.new_record("", self.load_balancer.listener(), received=0)
        record.type, record.version, record.status, record.reason = "h2", "HTTP/2.0", status, reason
        record.done = monotonic()
        self.runtime.record(record)

    # Time.

    def sweep(self, now: float, idle_timeout: float) -> None:
        """End what has been silent for too long. PINGs are no sign of life, as behind ALB."""
        if self._closed_at:
            # Answers may still be on their way to a slow client; one that broke the protocol gets less time.
            if now - self._closed_at >= (LINGER_SECONDS if self._broken_at else idle_timeout):
                self.transport.abort()
        elif self.outlet.full and self.outlet.backlog.stalled(now) >= idle_timeout:
            self.transport.abort()
        elif self.gate.block_since and now - self.gate.block_since >= idle_timeout:
            self._break(ErrorCodes.ENHANCE_YOUR_CALM, "header block that does not end")
        else:
            self._sweep_streams(now, idle_timeout)
            self._sweep_idle(now, idle_timeout)

    def _sweep_streams(self, now: float, idle_timeout: float) -> None:
        """Break off responses that are complete here and that the client takes no bytes of: its window is
        shut. Exchanges that are not done look after themselves."""
        for stream in list(self.outlet.waiting.values()):
            if stream.exchange.done and stream.client_stalled(now) >= idle_timeout:
                self.break_off(stream)

    def _sweep_idle(self, now: float, idle_timeout: float) -> None:
        if self._closed_at:
            return
        lifetime = self.runtime.snapshot.settings.attributes.client_keep_alive_seconds
        if self._leaving_since:
            if now - self._leaving_since >= ANNOUNCE_SECONDS:
                self._say_last()
        elif (not self.streams and now - self.silent_since >= idle_timeout) or (
            now - self.connected_at >= lifetime
        ):
            self.leave()


_HANDLERS: dict[type[Event], Callable[[Http2Protocol, Any], None]] = {
    RequestReceived: Http2Protocol._on_request,
    DataReceived: Http2Protocol._on_data,
    TrailersReceived: Http2Protocol._on_trailers,
    StreamEnded: Http2Protocol._on_end,
    StreamReset: Http2Protocol._on_reset,
    PingAckReceived: Http2Protocol._on_ping_ack,
}
