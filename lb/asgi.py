"""`LoadBalancer`, the ASGI application: the only file that knows scope, receive and send.

Under `lb.wire.ListenerProtocol` a request comes admitted, as an exchange in the scope's extensions, and
its body and the client's departure reach the exchange by calls; there `direct` requests even bypass ASGI.
Under any other ASGI server the request is admitted here and a task reads its body. Upgrades need the wire
protocol: ASGI has no tunnels.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from lb.admission import Incoming, Origin, admit
from lb.cycle import HEAD
from lb.desync.framing import classify_framing
from lb.desync.mitigation import note, settle
from lb.downstream import InPieces
from lb.exchange import HIGH_WATER, Exchange
from lb.headers import classify
from lb.observe.record import AccessRecord
from lb.response_writer import NO_BODY

if TYPE_CHECKING:
    from lb.runtime import Runtime
    from lb.snapshot import ListenerSnapshot
    from lb.upstream.connection import UpstreamConnection
    from lb.upstream.response_head import ResponseHead

log = logging.getLogger("albacore.asgi")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

EXTENSION = "albacore"
"""Key in `scope["extensions"]` under which the wire protocol hands an admitted exchange over."""


class ResponseAbortedError(Exception):
    """The target broke its response off: the server must end the connection without a clean end."""


class LoadBalancer:
    """One listener as an ASGI application."""

    def __init__(self, runtime: Runtime, listener_arn: str, *, direct: bool = True) -> None:
        """Serve the listener `listener_arn` of the runtime's current snapshot."""
        self.runtime = runtime
        self.listener_arn = listener_arn
        self.direct = direct
        self._listener = runtime.snapshot.listeners[listener_arn]

    def listener(self) -> ListenerSnapshot:
        """Return the listener as it is now; one taken out of the configuration serves on as it was."""
        found = self.runtime.snapshot.listeners.get(self.listener_arn)
        if found is not None:
            self._listener = found
        return self._listener

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan protocol."""
        if scope["type"] == "http":
            extensions = scope.get("extensions")
            exchange = extensions.get(EXTENSION) if extensions else None
            if exchange is not None:
                await exchange.downstream.run(exchange, send)
            else:
                await self._serve_anywhere(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1011, "reason": "tunnels need the wire protocol"})
        else:
            await _serve_lifespan(receive, send)

    async def _serve_anywhere(self, scope: Message, receive: Receive, send: Send) -> None:
        downstream = AsgiDownstream(None)
        exchange = self._admit(scope, downstream)
        reader = asyncio.get_running_loop().create_task(downstream.read_request(exchange, receive))
        try:
            await downstream.run(exchange, send)
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    def _admit(self, scope: Message, downstream: AsgiDownstream) -> Exchange:
        listener = self.listener()
        peer, peer_port = scope.get("client") or ("", 0)
        # A copy: uvicorn appends a chunked body's trailers to the scope's list after the application has
        # started.
        sent = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
        names = [name for name, _ in sent]
        classes = [classify(name) for name in names]
        pairs = [(lower, value) for (lower, _), (_, value) in zip(classes, sent, strict=True)]
        kinds = [kind for _, kind in classes]
        target = scope.get("raw_path") or scope["path"].encode("utf-8")
        if scope.get("query_string"):
            target += b"?" + scope["query_string"]
        specials = [(kind, value) for kind, (_, value) in zip(kinds, sent, strict=True) if kind]
        version = scope.get("http_version", "1.1")
        admitted = admit(
            scope["method"],
            target,
            version,
            names,
            pairs=pairs,
            kinds=kinds,
            specials=specials,
            origin=Origin(
                listener.settings.protocol.lower(),
                listener.settings.port,
                peer,
                peer_port,
                listener.default_host,
            ),
        )
        incoming = admitted if isinstance(admitted, Incoming) else None
        refusal = settle(admitted, listener.attributes.desync_mode)
        record = AccessRecord(
            type=listener.settings.protocol.lower(),
            elb=listener.elb,
            created_wall=time.time(),
            created=monotonic(),
            client=peer,
            client_port=peer_port,
            received_bytes=sum(len(name) + len(value) + 4 for name, value in sent),
            method=scope["method"],
            scheme=listener.settings.protocol.lower(),
            port=listener.settings.port,
        )
        if incoming is not None:
            fill_record(record, incoming)
            incoming.upgrade = b""
        else:
            note(record, classify_framing(scope["method"], version, specials))
        return Exchange(
            self.runtime,
            listener,
            incoming,
            downstream=downstream,
            record=record,
            refusal=refusal,
        )


def fill_record(record: AccessRecord, incoming: Incoming) -> None:
    """Note what an admitted head says."""
    head = incoming.head
    record.host = head.host
    record.uri = head.target
    record.version = "HTTP/1.1" if incoming.version == "1.1" else "HTTP/1.0"
    record.user_agent = head.header(b"user-agent")
    if incoming.finding is not None:
        note(record, incoming.finding)


def find_load_balancer(app: object) -> LoadBalancer:
    """Return the `LoadBalancer` that `app` is or wraps (middlewares keep what they wrap in `.app`).

    Raises:
        TypeError: there is none.
    """
    inner: object | None = app
    while inner is not None:
        if isinstance(inner, LoadBalancer):
            return inner
        inner = getattr(inner, "app", None)
    msg = f"ListenerProtocol serves a LoadBalancer, not {app!r}"
    raise TypeError(msg)


class WireHooks(Protocol):
    """What the connection under the ASGI server can do that ASGI cannot say."""

    def abort_response(self, code: int = 0) -> None:
        """Reset the connection, or the stream with `code`."""

    def write_trailers(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        """Take the response's trailers."""

    def flush(self) -> None:
        """Write what was sent."""

    def pause_request(self) -> None:
        """Stop reading."""

    def resume_request(self) -> None:
        """Go on reading."""

    def send_continue(self) -> None:
        """Write 100 Continue."""

    def client_stalled(self, now: float) -> float:
        """Return for how many seconds the client has taken nothing."""

    @property
    def tls_lines(self) -> bytes:
        """Header lines with the connection's TLS facts."""


async def _serve_lifespan(receive: Receive, send: Send) -> None:
    """Say yes to start and end: the runtime is started and closed by whoever made it."""
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


class AsgiDownstream(InPieces):
    """The client's side of an exchange behind an ASGI server: events wait here until `send` has taken
    them."""

    __slots__ = (
        "_aborted",
        "_code",
        "_done",
        "_events",
        "_exchange",
        "_full",
        "_hooks",
        "_queued",
        "_readable",
        "_taken_at",
        "_waiter",
    )

    def __init__(self, hooks: WireHooks | None) -> None:
        """`hooks` reach the connection under the ASGI server, where there is one of ours."""
        self._hooks = hooks
        self._exchange: Exchange | None = None
        self._events: list[Message] = []
        self._queued = 0
        self._full = False
        self._done = False
        self._aborted = False
        self._code = 0
        self._taken_at = 0.0
        self._waiter: asyncio.Future[None] | None = None
        self._readable: asyncio.Event | None = None

    async def run(self, exchange: Exchange, send: Send) -> None:
        """Start the exchange and send its events until it is done."""
        self._exchange = exchange
        try:
            await self._send_events(exchange, send)
        finally:
            exchange.hand_over()

    async def _send_events(self, exchange: Exchange, send: Send) -> None:
        exchange.start()
        while True:
            if not self._events:
                if self._done:
                    break
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter
                continue
            events, self._events = self._events, []
            for event in events:
                await send(event)
                self._taken_at = monotonic()
            if self._hooks is not None:
                self._hooks.flush()
            self._queued = 0
            if self._full:
                self._full = False
                if not exchange.done:
                    exchange.on_client_ready()
        if self._aborted:
            if self._hooks is None:
                raise ResponseAbortedError
            self._hooks.abort_response(self._code)

    async def read_request(self, exchange: Exchange, receive: Receive) -> None:
        """Feed the request's body, then the client's departure, to the exchange."""
        self._readable = asyncio.Event()
        self._readable.set()
        try:
            await self._feed(exchange, receive, self._readable)
        except Exception:
            log.exception("reading a request failed")
        # Gone, or as good as gone.
        exchange.on_client_gone()
        self._done = True
        self._wake()

    async def _feed(self, exchange: Exchange, receive: Receive, readable: asyncio.Event) -> None:
        while True:
            await readable.wait()
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            if message.get("body"):
                exchange.on_request_body(message["body"])
            if not message.get("more_body") and not exchange.request_complete:
                exchange.on_request_end()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # Downstream.

    def begin_response(
        self, status: int, phrase: bytes, pairs: list[tuple[bytes, bytes]], *, framing: int, close: bool
    ) -> None:
        """Queue the head; ASGI has no place for the phrase."""
        if framing == NO_BODY and status == 304 and self._hooks is None:
            # uvicorn takes the length of what was not modified for the length of a body to come.
            pairs = [pair for pair in pairs if pair[0].lower() != b"content-length"]
        headers = [*pairs, (b"connection", b"close")] if close else pairs.copy()
        event = {"type": "http.response.start", "status": status, "headers": headers}
        event[HEAD] = (pairs, phrase, framing)
        self._events.append(event)
        if self._hooks is None:
            # What another server makes of it is not seen here: the size without its additions.
            self._count(17 + sum([len(name) + len(value) + 4 for name, value in pairs]))

    def _count(self, size: int) -> None:
        if self._exchange is not None:
            self._exchange.record.sent_bytes += size

    def write_body(self, data: bytes) -> None:
        """Queue a piece of the body."""
        self._events.append({"type": "http.response.body", "body": data, "more_body": True})
        self._queued += len(data)
        if self._hooks is None:
            self._count(len(data))

    def write_trailers(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        """Give them to the connection, past the application: it sends them when the body has ended."""
        if self._hooks is not None:
            self._hooks.write_trailers(pairs)

    def flush(self) -> None:
        """Wake `run`; pause the target while more waits here than the server takes."""
        self._wake()
        if self._queued > HIGH_WATER and not self._full and self._exchange is not None:
            self._full = True
            self._taken_at = monotonic()
            self._exchange.on_client_full()

    def end_response(self) -> None:
        """Queue the end."""
        last = self._events[-1] if self._events else None
        if last is not None and last["type"] == "http.response.body":
            last["more_body"] = False
        else:
            self._events.append({"type": "http.response.body", "body": b"", "more_body": False})

    def take_back(self) -> bool:
        """Forget the response, if its head is still queued."""
        if not self._events or self._events[0]["type"] != "http.response.start":
            return False
        self._events.clear()
        self._queued = 0
        if self._exchange is not None:
            self._exchange.record.sent_bytes = 0
        return True

    def abort_response(self, code: int = 0) -> None:
        """Break off after what was queued; at once where the client does not take it."""
        self._aborted = True
        self._code = code
        if self._full and self._hooks is not None:
            self._hooks.abort_response(code)

    def exchange_done(self, exchange: Exchange) -> None:
        """End `run` when the events are sent."""
        self._done = True
        self._wake()

    def pause_request(self) -> None:
        """Stop reading the request's body."""
        if self._hooks is not None:
            self._hooks.pause_request()
        elif self._readable is not None:
            self._readable.clear()

    def resume_request(self) -> None:
        """Go on reading the request's body."""
        if self._hooks is not None:
            self._hooks.resume_request()
        elif self._readable is not None:
            self._readable.set()

    def send_continue(self) -> None:
        """Tell the client to send the body; other ASGI servers do so when the body is asked for."""
        if self._hooks is not None:
            self._hooks.send_continue()

    def client_stalled(self, now: float) -> float:
        """Return for how many seconds nothing was taken; behind other servers, by the server."""
        return self._hooks.client_stalled(now) if self._hooks is not None else now - self._taken_at

    def open_tunnel(
        self, exchange: Exchange, connection: UpstreamConnection, head: ResponseHead, rest: bytes
    ) -> bool:
        """Refuse: ASGI has no tunnels."""
        return False

    @property
    def tls_lines(self) -> bytes:
        """The TLS facts of the connection under the ASGI server."""
        return self._hooks.tls_lines if self._hooks is not None else b""
