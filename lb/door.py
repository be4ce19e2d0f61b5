"""One uvicorn server on one bound socket, startable and stoppable by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lb.observe.connection_log import ConnectionRecord
from lb.quiet_server import QuietServer
from lb.tls import ListenerTls
from lb.tls_server import Service, TlsServer

ACCEPTS_PER_TURN = 32
"""Connections taken in one turn of the event loop: 512 who come together wait for as few turns as that takes.
More would wake other workers for nothing too often."""
IDLE_SECONDS = 5.0
"""How long an idle connection of a retired door waits for one more request."""
SETTLE_SECONDS = 1.0

log = logging.getLogger("albacore.door")


class Door(QuietServer):
    """Serves an ASGI application on a socket that is already bound."""

    def __init__(
        self,
        app: Any,
        bound: socket.socket,
        *,
        http: type[asyncio.Protocol] = HttpToolsProtocol,
        tls: ListenerTls | None = None,
        report: Callable[[ConnectionRecord], None] = lambda _: None,
        date_header: bool = True,
    ) -> None:
        super().__init__(app, http=http, ws="none", lifespan="off", date_header=date_header)
        self.socket = bound
        self._tls = tls
        self._report = report
        self._tls_server: TlsServer | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start accepting, and say so to `start`."""
        if self._tls is None:
            await super().startup([self.socket, *self._more_queues()])
        else:
            self._start_tls(self._tls)
        self.ready.set()

    def _more_queues(self) -> list[socket.socket]:
        """Return further descriptors of the listening socket.

        libuv accepts one connection for each of them in a turn of the loop. A busy process has turns of 20 ms
        and more: with one descriptor, the last of 512 clients who came together were not accepted for ten
        seconds, while the first ones were served again and again.
        """
        return [self.socket.dup() for _ in range(ACCEPTS_PER_TURN - 1)]

    def _start_tls(self, tls: ListenerTls) -> None:
        service = Service(tls, self._make_protocol, self._report)
        server = self._tls_server = TlsServer(self.socket, service)
        server.start()
        self.servers = [cast(asyncio.base_events.Server, server)]
        self.started = True

    def _make_protocol(self) -> asyncio.Protocol:
        make = cast(Callable[..., asyncio.Protocol], self.config.http_protocol_class)
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    async def start(self) -> None:
        """Return once connections are accepted; raises what went wrong."""
        await self.begin([self.socket], name=f"door {self.socket.getsockname()}")

    async def retire(self, *, deadline: float, hurry: asyncio.Event) -> None:
        """Accept no more, because another process does, and let connections come to their end by themselves.

        Returns when none is left, at loop time `deadline`, or when `hurry` is set; `stop` comes after it.
        """
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        # What was accepted a moment ago is no connection yet.
        settled = loop.time() + SETTLE_SECONDS
        asked: set[object] = set()
        while not hurry.is_set() and loop.time() < deadline:
            connections = list(self.server_state.connections)
            shaking = self._tls_server is not None and self._tls_server.pending
            if not (connections or shaking or self.server_state.tasks) and loop.time() >= settled:
                return
            for connection in connections:
                self._retire(connection, asked)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(hurry.wait(), 0.1)

    def _retire(self, connection: Any, asked: set[object]) -> None:
        retire = getattr(connection, "retire", None)
        if retire is not None:
            retire(IDLE_SECONDS)
        elif connection not in asked:
            asked.add(connection)
            connection.shutdown()

    async def stop(self, *, deadline: float, cut: asyncio.Event) -> None:
        """Accept no more and let requests in flight finish.

        What is left at loop time `deadline`, or when `cut` is set, is cut.
        """
        if self.task is None:
            self.socket.close()
            return
        self.should_exit = True
        if self._tls_server is not None:
            self._tls_server.close()
            self._tls_server.cut()
        await self._finish(self.task, deadline, cut)
        if not self.task.done():
            self._cut()
            await asyncio.wait({self.task}, timeout=2)
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _finish(self, serving: asyncio.Task[None], deadline: float, cut: asyncio.Event) -> None:
        """Wait for connections to end, until `deadline` or `cut`.

        uvicorn tells those who are there when it begins to shut down. Who was accepted or shook hands just
        then becomes a connection later, and would be served for as long as it asks: here all are told.
        """
        loop = asyncio.get_running_loop()
        impatient = asyncio.create_task(cut.wait())
        told: set[object] = set()
        while not (serving.done() or cut.is_set()) and (left := deadline - loop.time()) > 0:
            for connection in self.server_state.connections - told:
                told.add(connection)
                connection.shutdown()
            await asyncio.wait(
                {serving, impatient}, timeout=min(left, 0.1), return_when=asyncio.FIRST_COMPLETED
            )
        impatient.cancel()

    def _cut(self) -> None:
        self.force_exit = True
        if self.server_state.connections:
            log.warning(
                "cutting %d connections that did not finish in time", len(self.server_state.connections)
            )
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()
