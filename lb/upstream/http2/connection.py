"""One HTTP/2 connection to a target: an asyncio protocol around `TargetSession`.

Carries as many requests at once as the target allows, each a `TargetStream`. A request's fault ends its
stream; what breaks HTTP/2 itself ends the connection with everything on it. GOAWAY ends it gently: streams
above the one it names were not looked at and may be sent elsewhere, the others are served to their end (RFC
9113 section 6.8).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol, cast

from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    InformationalResponseReceived,
    PingAckReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import H2Error, StreamClosedError
from hyperframe.frame import GoAwayFrame

from lb.http2.gate import Abuse, FrameGate, TargetBudget
from lb.http2.head import Malformed
from lb.http2.outbound import HIGH_WATER
from lb.http2.outlet import Outlet
from lb.http2.session import MAX_STREAMS, STREAM_WINDOW, TargetSession
from lb.reasons import Reason
from lb.upstream.http2.stream import TargetStream

log = logging.getLogger("albacore.upstream")

H2 = "h2"
MAX_HEADER_BLOCK = 64 * 1024
"""Compressed; what a target may send is bounded a second time when it is decoded."""
MAX_EARLY = 256 * 1024
"""Bytes of a target that speaks first; what it may say before it knows our settings is far less."""
LAST_STREAM = 2**31 - 1
PING_SECONDS = 10.0
"""A target that answers no PING in this time gets no new request on the connection."""
CLOSE_SECONDS = 10.0
"""How long a target may take to read what was written to a connection that is closed."""
_PING = b"albacore"


class NotHttp2Error(ConnectionError):
    """The target does not speak HTTP/2; the text says how that showed."""


class Owner(Protocol):
    """Who keeps a connection."""

    def on_room(self, connection: Http2Connection) -> None:
        """Another request may be sent on it."""

    def on_lost(self, connection: Http2Connection) -> None:
        """The connection is gone."""


class Http2Connection(asyncio.Protocol):
    """A connection to a target; `begin` it when TLS is done, and await `ready`."""

    def __init__(self, owner: Owner, address: str) -> None:
        self._owner = owner
        self._address = address
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)
        self.outlet: Outlet[TargetStream] = cast("Outlet[TargetStream]", None)
        self.session = TargetSession()
        now = monotonic()
        budget = TargetBudget(now)
        self._gate = FrameGate(budget, preface=b"", max_header_block=MAX_HEADER_BLOCK)
        self._budget = budget
        self.streams: dict[int, TargetStream] = {}
        """Those that were opened and are not over."""
        self.taken = 0
        """Places in use: streams, and those that are about to be opened."""
        self.served = 0
        self.leaving = False
        """Gets no new request: GOAWAY came or was sent, or a PING was not answered."""
        self.encrypted = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the target has sent its settings: it speaks HTTP/2, and says how much it takes."""
        self.idle_since = self._heard_at = now
        self._pinged_at = self._closed_at = 0.0
        self._connected = self._ended = False
        self._early: bytes | None = b""
        """What came before `begin`; None afterwards."""

    def __repr__(self) -> str:
        state = "leaving" if self.leaving else "open"
        return f"Http2Connection({self._address} {state} streams={len(self.streams)} served={self.served})"

    def begin(self) -> None:
        """Say our settings; raises `NotHttp2Error` where TLS did not choose HTTP/2."""
        encrypted = self.transport.get_extra_info("ssl_object")
        self.encrypted = encrypted is not None
        if encrypted is not None and encrypted.selected_alpn_protocol() != H2:
            raise NotHttp2Error("does not offer `h2` by ALPN")
        self.outlet = Outlet(self.session, self.transport, self._budget, on_sent=_request_sent)
        self.transport.set_write_buffer_limits(HIGH_WATER)
        self.outlet.write()
        early, self._early = self._early, None
        if early:
            self.data_received(early)

    # Requests.

    @property
    def has_room(self) -> bool:
        """Tell whether another request may be sent here now."""
        return (
            not self.leaving
            and not self.outlet.full
            and not self.transport.is_closing()
            and self.taken < min(self.session.remote_settings.max_concurrent_streams, MAX_STREAMS)
        )

    def take(self) -> TargetStream:
        """Return a stream for one request; only where there `has_room`."""
        self.taken += 1
        return TargetStream(self, served=self.served if self.taken == 1 else 0)

    def start(self, stream: TargetStream) -> None:
        """Open a stream and send what it has."""
        if self.leaving or self.transport.is_closing():
            # Lost between being taken and used.
            stream.unprocessed = True
            self._end(stream)
            stream.lost(Reason.TARGET_CLOSED)
            return
        stream.id = self.session.get_next_available_stream_id()
        self.streams[stream.id] = stream
        if stream.id >= LAST_STREAM - 1:
            # RFC 9113 section 5.1.1: ids are not used twice.
            self.leave()
        self.outlet.push(stream)

    def cancel(self, stream: TargetStream, code: ErrorCodes) -> None:
        """Reset a stream that is not over in both directions, and forget it."""
        if stream.id in self.streams and not self._ended and not (stream.closed and stream.remote_ended):
            with contextlib.suppress(StreamClosedError):
                self.session.reset_stream(stream.id, code)
            self.outlet.write_soon()
        self._end(stream)

    def release(self, stream: TargetStream) -> None:
        """Take back the place of a stream that was never opened."""
        self._end(stream)

    def _end(self, stream: TargetStream) -> None:
        """Forget a stream; its place is free, once."""
        self.outlet.drop(stream)
        self.streams.pop(stream.id, None)
        if stream.placed:
            stream.placed = False
            self.taken -= 1
            self.idle_since = monotonic()
            if self.leaving:
                self._close_if_done()
            else:
                self._owner.on_room(self)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; called again when TLS stands on it: what came before was not for us."""
        self.transport = cast(asyncio.Transport, transport)
        self._connected = True
        self._early = b""

    def data_received(self, data: bytes) -> None:
        """Take frames, act on them, hand on what came together."""
        if self._early is not None:
            self._early += data
            if len(self._early) > MAX_EARLY:
                self.sever()
            return
        if self._ended:
            return
        self._heard_at = monotonic()
        touched: dict[TargetStream, None] = {}
        try:
            passed = self._gate.feed(data, self._heard_at, streams=self.streams)
            for event in self.session.receive_data(passed):
                self._handle(event, touched)
        except (Abuse, H2Error) as fault:
            self._break(fault)
            return
        for stream in touched:
            if stream.requester is not None:
                stream.requester.on_response_flush()
        self._heed_goaway()
        self.outlet.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every request that still waits."""
        self._finish(Reason.TARGET_CLOSED, NotHttp2Error("closed the connection at once"))

    def pause_writing(self) -> None:
        """Stop making frames: the target does not read."""
        self.outlet.pause()

    def resume_writing(self) -> None:
        """Go on."""
        self.outlet.resume()
        self._owner.on_room(self)

    # Events.

    def _handle(self, event: Event, touched: dict[TargetStream, None]) -> None:
        handle = _HANDLERS.get(type(event))
        if handle is not None:
            handle(self, event)
            return
        if type(event) is DataReceived:
            self.session.give_back(event.flow_controlled_length or 0)
        stream = self.streams.get(getattr(event, "stream_id", None) or 0)
        act = _STREAM_HANDLERS.get(type(event))
        if act is None or stream is None:
            return
        try:
            act(self, stream, event)
        except Malformed as malformed:
            log.info("response of target %s refused: %s", self._address, malformed)
            self._fail(stream, ErrorCodes.PROTOCOL_ERROR, Reason.TARGET_BAD_RESPONSE)
        except H2Error:
            raise
        except Exception:
            # A bug met by one response must not end the others of the connection.
            log.exception("response could not be handled")
            self._fail(stream, ErrorCodes.INTERNAL_ERROR, Reason.INTERNAL)
        else:
            touched[stream] = None

    def _fail(self, stream: TargetStream, code: ErrorCodes, reason: Reason) -> None:
        self.cancel(stream, code)
        stream.lost(reason)

    def _on_settings(self, event: RemoteSettingsChanged) -> None:
        if not self.ready.done():
            self.ready.set_result(None)
        else:
            self._owner.on_room(self)

    def _on_ping_ack(self, event: PingAckReceived) -> None:
        self._pinged_at = 0.0

    def _on_interim(self, stream: TargetStream, event: InformationalResponseReceived) -> None:
        stream.on_interim()

    def _on_head(self, stream: TargetStream, event: ResponseReceived) -> None:
        stream.on_head(event.headers)

    def _on_data(self, stream: TargetStream, event: DataReceived) -> None:
        stream.unacknowledged += event.flow_controlled_length or 0
        stream.on_data(event.data)
        if event.stream_ended is None:
            self.open_window(stream)

    def _on_trailers(self, stream: TargetStream, event: TrailersReceived) -> None:
        stream.on_trailers(event.headers)

    def _on_end(self, stream: TargetStream, event: StreamEnded) -> None:
        stream.remote_ended = True
        stream.check_end()
        requester, stream.requester = stream.requester, None
        self.served += 1
        # Whatever is left of the request is not wanted any more.
        self.cancel(stream, ErrorCodes.CANCEL)
        if requester is not None:
            requester.on_response_end()

    def _on_reset(self, stream: TargetStream, event: StreamReset) -> None:
        if event.remote_reset:
            stream.reset_code = int(event.error_code or 0)
            stream.unprocessed = stream.reset_code == ErrorCodes.REFUSED_STREAM and not stream.response_begun
        self._end(stream)
        # Without `remote_reset`, h2 reset it: the target broke the stream's window.
        stream.lost(Reason.TARGET_CLOSED if event.remote_reset else Reason.TARGET_BAD_RESPONSE)

    def open_window(self, stream: TargetStream) -> None:
        """Open a stream's window by what its client has made room for."""
        size = stream.unacknowledged
        if stream.paused or size < STREAM_WINDOW // 4 or stream.remote_ended or stream.id not in self.streams:
            return
        stream.unacknowledged = 0
        with contextlib.suppress(StreamClosedError):
            self.session.increment_flow_control_window(size, stream.id)
            self.outlet.write_soon()

    # Ends.

    def _heed_goaway(self) -> None:
        if self._gate.goaway is None:
            return
        last, code = self._gate.goaway
        self._gate.goaway = None
        if code != ErrorCodes.NO_ERROR:
            log.info("target %s ends its HTTP/2 connection: error code %d", self._address, code)
        self.leaving = True
        for stream in [each for each in self.streams.values() if each.id > last]:
            stream.unprocessed = True
            self._end(stream)
            stream.lost(Reason.TARGET_CLOSED)
        self._close_if_done()

    def leave(self) -> None:
        """Send no new request here; close when those that are on their way are answered."""
        if not self.leaving:
            self.leaving = True
            self._close_if_done()

    def _close_if_done(self) -> None:
        if not self.taken and not self._ended and not self._closed_at:
            self._closed_at = monotonic()
            self._say_goodbye(ErrorCodes.NO_ERROR)
            self.transport.close()

    def sever(self) -> None:
        """Close at once, if it was ever connected; requests hear that the target was lost."""
        if self._connected:
            self.transport.abort()

    def _break(self, fault: Exception) -> None:
        """End the connection for what the target did."""
        log.info("HTTP/2 connection to target %s ended: %s", self._address, fault)
        code = fault.code if isinstance(fault, Abuse) else ErrorCodes.PROTOCOL_ERROR
        self.outlet.dead = True
        self.session.clear_outbound_data_buffer()
        self._say_goodbye(code)
        self.transport.abort()
        self._finish(Reason.TARGET_BAD_RESPONSE, NotHttp2Error(f"does not speak HTTP/2: {fault}"))

    def _say_goodbye(self, code: ErrorCodes) -> None:
        # Past h2: to it, a GOAWAY is the end.
        self.outlet.write()
        if not self.transport.is_closing():
            self.transport.write(GoAwayFrame(0, last_stream_id=0, error_code=int(code)).serialize())

    def _finish(self, reason: Reason, why: NotHttp2Error) -> None:
        """Let go of everything, once."""
        if self._ended:
            return
        self._ended = self.leaving = True
        if self._early is not None:
            # Never begun: nobody awaits it.
            self.ready.cancel()
        elif not self.ready.done():
            self.ready.set_exception(why)
        self._owner.on_lost(self)
        for stream in list(self.streams.values()):
            self._end(stream)
            stream.lost(reason)

    # Time.

    def sweep(self, now: float, idle_timeout: float) -> None:
        """Close what is idle too long; ask a target that is silent with requests on it for a sign of life.

        Requests keep their own time: a silent connection only gets no new ones.
        """
        if self._closed_at:
            if now - self._closed_at >= CLOSE_SECONDS:
                # It does not take what was written before the end.
                self.sever()
        elif not self.taken:
            if now - self.idle_since >= idle_timeout:
                self.leave()
        elif self._pinged_at:
            if now - self._pinged_at >= PING_SECONDS and not self.leaving:
                log.warning("target %s answers no PING: no new request on that connection", self._address)
                self.leave()
        elif now - self._heard_at >= idle_timeout / 2 and not self.outlet.dead:
            # Not more often: servers of gRPC take frequent PINGs for an attack.
            self._pinged_at = now
            self.session.ping(_PING)
            self.outlet.write()


def _request_sent(stream: TargetStream) -> None:
    """Do nothing: the response is still to come."""


_HANDLERS: dict[type[Event], Callable[[Http2Connection, Any], None]] = {
    RemoteSettingsChanged: Http2Connection._on_settings,
    PingAckReceived: Http2Connection._on_ping_ack,
}
_STREAM_HANDLERS: dict[type[Event], Callable[[Http2Connection, TargetStream, Any], None]] = {
    InformationalResponseReceived: Http2Connection._on_interim,
    ResponseReceived: Http2Connection._on_head,
    DataReceived: Http2Connection._on_data,
    TrailersReceived: Http2Connection._on_trailers,
    StreamEnded: Http2Connection._on_end,
    StreamReset: Http2Connection._on_reset,
}
