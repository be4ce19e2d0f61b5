"""The HTTP/2 connections to one target, and the requests that wait for a stream on one of them.

One connection carries what the target allows at once; when all are full another is opened, up to a limit, and
behind that requests wait their turn. Connections that are leaving serve what they have and get nothing new.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Callable
from time import monotonic

from lb.reasons import Reason
from lb.targets.group import Target
from lb.upstream.connect import CONNECT_TIMEOUT, connect, reason_of
from lb.upstream.http2.connection import Http2Connection, NotHttp2Error
from lb.upstream.http2.stream import TargetStream

log = logging.getLogger("albacore.upstream")

MAX_CONNECTIONS = 64
"""To one target: enough for one that allows few streams on each."""

Opened = Callable[[TargetStream], None]
Failed = Callable[[Reason], None]


async def open_http2(connection: Http2Connection, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    """Connect `connection` and wait until the target has shown that it speaks HTTP/2.

    Raises what `connect` raises, and `NotHttp2Error`.
    """
    try:
        await connect(host, port, tls=tls, make=lambda: connection)
        connection.begin()
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await connection.ready
    except BaseException:
        connection.ready.cancel()
        connection.sever()
        raise


class Lanes:
    """Everything towards one target."""

    def __init__(self, target: Target, tls: ssl.SSLContext | None) -> None:
        """`tls` offers `h2` by ALPN; None: prior knowledge in clear text."""
        self._target = target
        self._tls = tls
        self._connections: list[Http2Connection] = []
        self._waiting: deque[tuple[float, Opened, Failed]] = deque()
        self._opening: asyncio.Task[None] | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"Lanes({self._target.address} {self._connections} waiting={len(self._waiting)})"

    def take(self) -> TargetStream | None:
        """Return a stream of a connection that has room, or None: then `open` one."""
        for connection in self._connections:
            if connection.has_room:
                return connection.take()
        return None

    def open(self, opened: Opened, failed: Failed) -> None:
        """Hand a stream to `opened` as soon as there is one, or tell `failed` why there will be none."""
        if self._closed:
            failed(Reason.TARGET_CLOSED)
            return
        self._waiting.append((monotonic(), opened, failed))
        self._serve()

    def _serve(self) -> None:
        """Give streams to those that wait, and open another connection where there are none left."""
        while self._waiting and (stream := self.take()) is not None:
            _, opened, failed = self._waiting.popleft()
            _hand_over(stream, opened, failed)
        if self._waiting and self._opening is None and not self._closed and not self._is_full():
            self._opening = asyncio.get_running_loop().create_task(self._open())

    def _is_full(self) -> bool:
        return sum(not each.leaving for each in self._connections) >= MAX_CONNECTIONS

    async def _open(self) -> None:
        connection = Http2Connection(self, self._target.address)
        try:
            await open_http2(connection, self._target.host, self._target.port, self._tls)
        except Exception as error:  # noqa: BLE001 -- a strange host name raises what it likes; somebody waits
            text = str(error) or type(error).__name__
            log.info("no HTTP/2 connection to target %s: %s", self._target.address, text)
            self._opening = None
            if not any(not each.leaving for each in self._connections):
                self._fail_all(_reason_of(error))
            return
        self._opening = None
        if self._closed:
            connection.sever()
        elif connection.leaving or connection.transport.is_closing():
            # Over before it began: another would be, too.
            self._fail_all(Reason.TARGET_CLOSED)
        else:
            self._connections.append(connection)
            self._serve()

    def _fail_all(self, reason: Reason) -> None:
        waiting, self._waiting = self._waiting, deque()
        for _, _, failed in waiting:
            failed(reason)

    # What connections tell.

    def on_room(self, connection: Http2Connection) -> None:
        """Serve who waits; those with nobody waiting are asked by `take`."""
        if self._waiting:
            self._serve()

    def on_lost(self, connection: Http2Connection) -> None:
        """Forget a connection; who waits gets another."""
        if connection in self._connections:
            self._connections.remove(connection)
            self._serve()

    # Time and ends.

    def sweep(self, now: float, idle_timeout: float) -> None:
        """Close what is idle, and give up on waiting too long."""
        for connection in list(self._connections):
            connection.sweep(now, idle_timeout)
        while self._waiting and now - self._waiting[0][0] >= idle_timeout:
            self._waiting.popleft()[2](Reason.TARGET_TIMEOUT)

    def release(self) -> None:
        """Cut everything: the target is deregistered. Requests in flight end as 502."""
        self._closed = True
        for connection in list(self._connections):
            connection.sever()
        self._fail_all(Reason.TARGET_CLOSED)

    async def aclose(self) -> None:
        """Cut everything and wait for the connection that is being opened."""
        self.release()
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)


def _hand_over(stream: TargetStream, opened: Opened, failed: Failed) -> None:
    try:
        opened(stream)
    except Exception:
        log.exception("%r could not be used", stream)
        stream.discard()
        failed(Reason.INTERNAL)


def _reason_of(error: Exception) -> Reason:
    return Reason.TARGET_BAD_RESPONSE if isinstance(error, NotHttp2Error) else reason_of(error)
