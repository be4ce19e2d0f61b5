"""One request's `receive` and `send`: an ASGI application under `lb.wire.ListenerProtocol`.

uvicorn's own cycle checks every header by regular expression, spells names anew and knows neither reason
phrases nor resets; what a target sent was checked by the parser. Middlewares around the `LoadBalancer` see
ordinary messages.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any

from lb.reasons import Reason
from lb.response_writer import LENGTH, NO_BODY, STREAM

if TYPE_CHECKING:
    from lb.exchange import Exchange
    from lb.wire import ListenerProtocol

log = logging.getLogger("albacore.asgi")

Message = MutableMapping[str, Any]
Application = Callable[[Message, Any, Any], Awaitable[None]]

HEAD = "albacore.head"
"""Key of `http.response.start` for what ASGI cannot say: (the headers as the load balancer gave them, reason
phrase, framing). Other servers ignore it."""


class Cycle:
    """Drives the application for one exchange and writes what it sends."""

    __slots__ = (
        "_bodiless",
        "_exchange",
        "_gone",
        "_protocol",
        "_scope",
        "_started",
        "complete",
        "disconnected",
    )

    def __init__(self, protocol: ListenerProtocol, exchange: Exchange, scope: Message) -> None:
        self._protocol = protocol
        self._exchange = exchange
        self._scope = scope
        self._started = False
        self._bodiless = False
        self._gone: asyncio.Future[None] | None = None
        self.complete = False
        self.disconnected = False

    async def run_asgi(self, app: Application) -> None:
        """Call the application once; what it leaves undone is answered with 500, or reset."""
        try:
            await app(self._scope, self.receive, self.send)
        except Exception:
            log.exception("the ASGI application failed")
        if self.complete or self.disconnected:
            return
        if self._started:
            self._protocol.abort_response()
            self._exchange.on_client_gone()
        else:
            self._exchange.downstream = self._protocol
            self._exchange.fail(Reason.INTERNAL)

    async def receive(self) -> Message:
        """Wait for the end: the request's body goes to the exchange, past the application."""
        if not self.complete and not self.disconnected:
            self._gone = asyncio.get_running_loop().create_future()
            await self._gone
        return {"type": "http.disconnect"}

    def disconnect(self) -> None:
        """The client has gone."""
        self.disconnected = True
        self._wake()

    def _wake(self) -> None:
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)

    async def send(self, message: Message) -> None:
        """Write a message's content; waits while the client reads slowly."""
        if self.disconnected:
            return
        protocol = self._protocol
        if not self._started:
            self._start(message)
            if not self._exchange.started:
                # The load balancer says itself when to write; others may wait long before the body.
                protocol.flush()
            return
        body = message.get("body")
        if body and not self._bodiless:
            protocol.write_body(body)
        if message.get("more_body"):
            protocol.flush()
            flow = protocol.flow
            if flow is not None and flow.write_paused:
                await flow.drain()
            return
        protocol.end_response()
        self.complete = True
        self._wake()
        if not self._exchange.done:
            # A middleware answered by itself.
            self._exchange.settle()
        self._exchange.hand_over()
        protocol.turn_over(self._exchange)

    def _start(self, message: Message) -> None:
        self._started = True
        status = message["status"]
        pairs, phrase, framing = message.get(HEAD) or ([], b"", STREAM)
        close = False
        headers = message.get("headers", ())
        if headers != pairs or not pairs:
            # Somebody on the way has headers of his own; the list may have been changed in place.
            pairs, framing, close = _read_headers(headers)
        if status in (204, 304) or self._exchange.record.method == "HEAD":
            framing, self._bodiless = NO_BODY, True
        if not self._exchange.started:
            self._exchange.record.status = status
        self._protocol.begin_response(status, phrase, pairs, framing=framing, close=close)


def _read_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[list[tuple[bytes, bytes]], int, bool]:
    """Return the headers to write, the framing that they ask for, and whether the connection is to end."""
    pairs = []
    framing, close = STREAM, False
    for pair in headers:
        name = pair[0].lower()
        if name == b"content-length":
            framing = LENGTH
        elif name == b"connection":
            close = close or pair[1].lower() == b"close"
            continue
        elif name == b"transfer-encoding":
            continue
        pairs.append(pair)
    return pairs, framing, close
