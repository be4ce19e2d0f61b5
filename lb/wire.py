"""`ListenerProtocol`, the HTTP/1 protocol class for uvicorn's `http=` setting.

uvicorn keeps sockets, signals and graceful shutdown. Run it with `http=ListenerProtocol, ws="none",
proxy_headers=False, server_header=False, date_header=False, access_log=False, lifespan="off"` and a
`lb.asgi.LoadBalancer` as the application.

One object is one client connection: it parses, limits and admits requests, and is the `Downstream` of the
exchange whose turn it is. Pipelined requests wait in order. Bytes of a request that is refused, and all
that follow them, are never read as a request.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl

from lb.admission import Incoming
from lb.asgi import EXTENSION, AsgiDownstream, LoadBalancer, fill_record, find_load_balancer
from lb.backlog import Backlog
from lb.client_facts import ClientFacts
from lb.cycle import Cycle
from lb.desync.mitigation import note
from lb.desync.table import Finding
from lb.exchange import HIGH_WATER, Exchange
from lb.reasons import Reason
from lb.repeat import LastRequest
from lb.request_reader import RequestReader
from lb.response_writer import ResponseWriter, status_line
from lb.settings import DesyncMode
from lb.short_ways import ShortWays
from lb.tunnel import Tunnel

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from lb.upstream.connection import UpstreamConnection
    from lb.upstream.response_head import ResponseHead

log = logging.getLogger("albacore.wire")

MAX_PIPELINED = 32
"""Requests of one connection that may wait behind the one being served."""
LINGER_SECONDS = 5.0
"""How long the rest of a refused request is read and thrown away, so that no reset overtakes the answer."""
LINGER_BYTES = 1024 * 1024
FORGET_SECONDS = 5.0
"""For how long an idle connection remembers its last request: with a session in it, most of its memory."""
CLOSE_SECONDS = 30.0
"""For how long (at most: `idle_timeout`) a client may take nothing once its connection is to end."""

_NO_PIPELINE: deque[Any] = deque()
"""uvicorn's queue, which is never used: an empty one takes 760 bytes."""


class ListenerProtocol(ClientFacts, RequestReader, ShortWays, ResponseWriter, HttpToolsProtocol):
    """One client connection."""

    # In a dictionary, which the base class has, so many attributes take 3.3 kB a connection.
    __slots__ = (
        "_backlog", "_body_read", "_body_size", "_body_skipped", "_chunked", "_cycle", "_early",
        "_facts", "_full", "_head_size", "_holding", "_kinds", "_later_bytes", "_launched",
        "_lingered", "_lingering_since", "_message_at", "_messages", "_names", "_out", "_pairs",
        "_policy", "_priming", "_reading", "_refused", "_request_paused",
        "_retired_at", "_seen", "_specials", "_template", "_template_of", "_tls_lines",
        "_undelivered", "_unsent", "certificate", "connected_at", "connection_id", "current",
        "direct", "head_done", "head_since", "in_head", "keep_alive", "last", "last_request",
        "load_balancer", "node_ip", "origin", "peer", "peer_port", "receiving", "runtime",
        "silent_since", "sni", "tls_cipher", "tls_protocol", "tunnel", "url", "waiting",
    )  # fmt: skip

    flow: FlowControl | None  # type: ignore[assignment]
    """None until there is an ASGI application to pause."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.pipeline = _NO_PIPELINE
        self.load_balancer = find_load_balancer(self.app)
        self.runtime = self.load_balancer.runtime
        self.direct = isinstance(self.app, LoadBalancer) and self.app.direct
        self.init_writer()
        self.current: Exchange | None = None
        self.receiving: Exchange | None = None
        """The exchange whose body is being read."""
        self.waiting: list[Exchange] = []
        self.tunnel: Tunnel | None = None
        self.last_request = False
        self.connected_at = self.silent_since = monotonic()
        self._full = False
        self._request_paused = False
        self._reading = True
        self._refused = False
        self._holding = False
        self._cycle: Cycle | None = None
        self._launched: Exchange | None = None
        """The exchange whose ASGI task was made: the task starts it."""
        self._lingering_since = 0.0
        self._lingered = 0
        self._early = b""
        self.last: LastRequest | None = None
        self.init_reader()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note who is there."""
        self.transport = cast(asyncio.Transport, transport)
        self.connections.add(self)
        self.runtime.swept.add(self)
        self.runtime.metrics.connection_opened()
        self.read_facts(self.transport, self.load_balancer.listener())
        self._backlog = Backlog(self.transport)
        if self.tls_protocol:
            # asyncio's default for TLS is half a megabyte for each client who reads slowly.
            self.transport.set_write_buffer_limits(HIGH_WATER)
        if self.runtime.is_full():
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse, then start what became complete enough."""
        if self.tunnel is not None:
            self.tunnel.on_client_bytes(data)
            return
        if self._holding:
            self._hold(data)
            return
        if self.last_request and self.receiving is None:
            self._discard(data)
            return
        self.silent_since = monotonic()
        at_rest = not (self.in_head or self._full or self.receiving or self.current or self.waiting)
        if at_rest and self.serve_whole(data):
            return
        self.read(data)
        current = self.current
        if current is not None and not current.started:
            self._start_current()
        if self.receiving is not None and self.receiving.done:
            self._discard(data)

    def _hold(self, data: bytes) -> None:
        """Keep what the client sends on before the target has agreed to the upgrade."""
        self._early += data
        if len(self._early) > HIGH_WATER:
            self.pause_request()

    def break_request(self) -> None:
        """Refuse the request being read, or break it off; read nothing any more."""
        receiving, self.receiving = self.receiving, None
        self.last_request = self._refused = True
        if receiving is None:
            return
        if receiving.done:
            self._close()
        elif receiving.started:
            receiving.on_request_broken()
        else:
            receiving.refusal = Reason.BAD_REQUEST

    def eof_received(self) -> None:
        """Let the transport close: ALB, too, takes a half-closed client for a gone one."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever still works for this client."""
        self.connections.discard(self)
        self.runtime.swept.discard(self)
        self.runtime.metrics.connection_closed()
        if self.flow is not None:
            self.flow.resume_writing()
        if self._cycle is not None:
            self._cycle.disconnect()
        tunnel, self.tunnel = self.tunnel, None
        if tunnel is not None:
            tunnel.on_client_closed()
        current, self.current = self.current, None
        self.waiting.clear()
        if current is not None and (current.started or current is self._launched):
            current.on_client_gone()
        self.parser = None  # type: ignore[assignment]

    def pause_writing(self) -> None:
        """Pass on that the client reads slowly."""
        self._full = True
        self.silent_since = monotonic()
        if self.flow is not None:
            self.flow.pause_writing()
        if self.tunnel is not None:
            self.tunnel.on_client_full()
        elif self.current is not None and self.current.downstream is self:
            self.current.on_client_full()

    def resume_writing(self) -> None:
        """Pass on that the client has caught up."""
        self._full = False
        if self.flow is not None:
            self.flow.resume_writing()
        if self.tunnel is not None:
            self.tunnel.on_client_ready()
        elif self.current is not None:
            if self.current.downstream is self:
                self.current.on_client_ready()
        else:
            self._next()

    def shutdown(self) -> None:
        """Finish what is being served, then close (called by uvicorn)."""
        self.last_request = True
        if self.tunnel is not None:
            self.tunnel.close()
        elif self.current is None and not self.waiting:
            self.transport.close()

    # Turns.

    def admit_request(self, method: str, incoming: Incoming) -> None:
        """Queue an admitted request for its turn."""
        exchange = self.make_exchange(method, incoming, None, received=self.head_size(method))
        self.receiving = exchange
        self._queue(exchange)

    def hold_for_upgrade(self, rest: bytes) -> None:
        """Stop parsing: what the client sends from here is the tunnel's, if the target agrees to one."""
        self._holding = True
        self._early = rest
        self.complete_request()
        self.last_request = True

    def complete_request(self) -> None:
        """The request being read is complete."""
        receiving, self.receiving = self.receiving, None
        if receiving is None:
            return
        receiving.on_request_end()
        incoming = receiving.incoming
        if incoming is not None and not incoming.keep_alive:
            # What follows was sent against the client's own word.
            self.last_request = True
        if receiving.done:
            # Answered before it was complete; its rest has been read away now.
            if self._lingering_since:
                self.transport.close()
            else:
                self._next()

    def make_exchange(
        self, method: str, incoming: Incoming | None, refusal: Reason | None, *, received: int
    ) -> Exchange:
        listener = self.load_balancer.listener()
        record = self.new_record(method, listener, received=received)
        if incoming is not None:
            fill_record(record, incoming)
        return Exchange(self.runtime, listener, incoming, downstream=self, record=record, refusal=refusal)

    @property
    def desync_mode(self) -> DesyncMode:
        """The mode that a request which begins now is judged by."""
        return self.load_balancer.listener().attributes.desync_mode

    def refuse_request(self, reason: Reason, method: str = "", finding: Finding | None = None) -> None:
        """Answer with a page when the turn comes, and read nothing any more."""
        self.in_head, self.head_done = False, True
        self.receiving = None
        self.last_request = self._refused = True
        exchange = self.make_exchange(method, None, reason, received=self.head_size(method))
        exchange.record.uri = self.url.decode("latin-1")
        note(exchange.record, finding)
        self._queue(exchange)

    def _queue(self, exchange: Exchange) -> None:
        if self.current is None and not self._full and not self.waiting:
            self.current = exchange
            return
        self.waiting.append(exchange)
        if len(self.waiting) >= MAX_PIPELINED:
            self.last_request = True
        self._update_reading()

    def _next(self) -> None:
        """Start the next waiting request, if it may start."""
        if self.current is None and self.waiting and not self._full:
            self.current = self.waiting.pop(0)
            self._update_reading()
            self.start_exchange(self.current)
        else:
            self._update_reading()

    def _start_current(self) -> None:
        current = self.current
        if current is not None and not current.started and current is not self._launched:
            self.start_exchange(current)

    def start_exchange(self, exchange: Exchange) -> None:
        incoming = exchange.incoming
        if (
            self.direct
            or incoming is None
            or exchange.refusal
            or incoming.upgrade
            or incoming.version == "1.0"
        ):
            exchange.start()
        else:
            self._start_asgi(exchange, incoming)

    def _start_asgi(self, exchange: Exchange, incoming: Incoming) -> None:
        exchange.downstream = AsgiDownstream(self)
        self._launched = exchange
        self._read_asgi_facts()
        head = incoming.head
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": head.method,
            "root_path": "",
            "path": head.path,
            "raw_path": head.path.encode("ascii"),
            "query_string": head.query.encode("ascii"),
            "headers": list(head.headers),
            "state": self.app_state,
            "extensions": {EXTENSION: exchange},
        }
        self._cycle = Cycle(self, exchange, scope)
        self._start_asgi_task(cast(Any, self._cycle), self.app)

    def _read_asgi_facts(self) -> None:
        """Take what only an ASGI application asks for: the direct way never does, and most clients idle."""
        if self.flow is None:
            self.flow = FlowControl(self.transport)
            if self._full:
                self.flow.pause_writing()
            self.server, self.client = get_local_addr(self.transport), get_remote_addr(self.transport)
            self.scheme = "https" if is_ssl(self.transport) else "http"

    def abort_response(self, code: int = 0) -> None:
        """Reset the connection."""
        if self._cycle is not None:
            self._cycle.disconnect()
        super().abort_response()

    def exchange_done(self, exchange: Exchange) -> None:
        """The current exchange has written its response itself."""
        exchange.hand_over()
        self.turn_over(exchange)

    def turn_over(self, exchange: Exchange) -> None:
        """Go on to the next request, or end the connection."""
        self.current = None
        self.silent_since = monotonic()
        self.server_state.total_requests += 1
        self._request_paused = self._holding = False
        if self.tunnel is not None or self.transport.is_closing():
            return
        if not self.keep_alive or (self.last_request and not self.waiting):
            if exchange.incoming is not None and exchange.incoming.closes:
                # The client does not know that it is the last one, and may be sending the next.
                self._refused = True
            self._close()
        elif self.receiving is exchange:
            self._update_reading()
        elif self.waiting or not self._reading:
            self._next()

    def _close(self) -> None:
        """End the connection behind what was written.

        While the client may still be sending, closing would reset the connection and could cost it the
        answer: then only our side is closed, and what comes is read away for a while.
        """
        self.last_request = True
        if self.receiving is None and not self._refused:
            self.transport.close()
            return
        self._lingering_since = monotonic()
        self._update_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _discard(self, data: bytes) -> None:
        self._lingered += len(data)
        if self._lingered > LINGER_BYTES:
            self.transport.abort()

    # Reading, paused and resumed.

    def pause_request(self) -> None:
        """Stop reading: the target (or whoever decides) is not ready for more."""
        self._request_paused = True
        self._update_reading()

    def resume_request(self) -> None:
        """Go on reading."""
        self._request_paused = False
        self._update_reading()

    def _update_reading(self) -> None:
        reading = not (self._request_paused or self.waiting)
        if reading is not self._reading and not self.transport.is_closing():
            self._reading = reading
            if reading:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    # Upgrades and time.

    def open_tunnel(
        self, exchange: Exchange, connection: UpstreamConnection, head: ResponseHead, rest: bytes
    ) -> bool:
        """Write the 101 and join both sides."""
        pieces = [status_line(101, head.phrase)]
        for name, value in head.pairs:
            pieces += (name, b": ", value, b"\r\n")
        pieces.append(b"Upgrade: %b\r\nConnection: upgrade\r\n\r\n" % head.upgrade)
        data = b"".join(pieces)
        exchange.record.sent_bytes += len(data) + len(rest)
        self.transport.write(data + rest)
        self.tunnel = Tunnel(
            exchange, self.transport, connection, client_full=self._full, on_closed=self._tunnel_closed
        )
        self.current = None
        self._holding = self._request_paused = False
        self._update_reading()
        early, self._early = self._early, b""
        if early:
            self.tunnel.on_client_bytes(early)
        return True

    def _tunnel_closed(self) -> None:
        self.tunnel = None

    def sweep(self, now: float, idle_timeout: float) -> None:
        """End the connection, or refuse the request, when the client has been silent for too long."""
        if self.tunnel is not None:
            self.tunnel.sweep(now, idle_timeout)
        elif self.transport.is_closing():
            if self.client_stalled(now) >= min(idle_timeout, CLOSE_SECONDS):
                self.transport.abort()
        elif self._lingering_since:
            over = now - self._lingering_since >= LINGER_SECONDS
            if over and (not self._backlog.left() or self.client_stalled(now) >= LINGER_SECONDS):
                self.transport.abort()
        elif self.current is None and not self.in_head and self.transport.get_write_buffer_size():
            # What was answered is still on its way.
            if self.client_stalled(now) >= idle_timeout:
                self.transport.abort()
        elif self.current is None and not self.waiting:
            self._sweep_idle(now, idle_timeout)

    def client_stalled(self, now: float) -> float:
        """Return for how many seconds the client has taken nothing of what waits for it."""
        return self._backlog.stalled(now)

    def _sweep_idle(self, now: float, idle_timeout: float) -> None:
        lifetime = self.runtime.snapshot.settings.attributes.client_keep_alive_seconds
        if self.in_head:
            # From the head's first byte: bytes that trickle in do not buy time.
            if now - self.head_since >= idle_timeout:
                self.refuse_request(Reason.REQUEST_TIMEOUT, finding=self.unfinished())
                self._start_current()
            return
        if (self.last is not None or self._cycle is not None) and now - self.silent_since >= FORGET_SECONDS:
            self._forget()
        over = now - self.silent_since >= idle_timeout or now - self.connected_at >= lifetime
        # TLS keeps a buffer that nobody sees: while the kernel's moves, there is something in it.
        if over and not self._backlog.taking():
            self.transport.close()

    def _forget(self) -> None:
        """Let go of what makes the next request cheaper: there may never be one."""
        self.last = self._cycle = self._launched = None
        self.forget_template()
        self._start_head()
