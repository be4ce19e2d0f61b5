"""Accepts TLS connections of a listener, as asyncio's own server does, and says what came of each handshake.

asyncio tells nobody about a handshake that failed, needs one context for all connections, and takes plain
HTTP for a broken handshake. Here a connection is looked at before its first byte is read, gets a context of
its own where client certificates are asked for, and is judged before its first request is read. Works with
any event loop.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import getrandbits
from time import monotonic
from typing import Any, cast

from lb.client_certificate import UNMAPPED, code_of, judge
from lb.handshake import Handshake, told_by
from lb.observe.connection_log import ConnectionRecord
from lb.observe.trace import connection_id
from lb.responses import PLAIN_HTTP
from lb.sockets import BACKLOG
from lb.tls import ListenerTls

log = logging.getLogger("albacore.tls")

HANDSHAKE_SECONDS = 20.0
"""From the connection to the end of its handshake."""
_LINGER_SECONDS = 2.0
_ACCEPTS_PER_TURN = 64
_REST_SECONDS = 1.0
"""How long accepting rests when the process has no file descriptors left."""


@dataclass(frozen=True, slots=True)
class Service:
    """What connections are served with."""

    tls: ListenerTls
    make_protocol: Callable[[], asyncio.Protocol]
    """Makes the protocol of a connection whose handshake went well."""
    report: Callable[[ConnectionRecord], None]
    """Gets one record of every connection that sent a byte."""
    seconds: float = HANDSHAKE_SECONDS


class TlsServer:
    """The part of `asyncio.Server` that uvicorn uses."""

    def __init__(self, bound: socket.socket, service: Service) -> None:
        """Serve connections to `bound`, a listening socket that does not block."""
        self._bound = bound
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._rested: asyncio.TimerHandle | None = None
        self._accepting = False
        self._pending: set[asyncio.Task[None]] = set()

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The listening socket."""
        return (self._bound,)

    @property
    def pending(self) -> int:
        """Connections whose handshake is not over."""
        return len(self._pending)

    def start(self) -> None:
        """Begin to accept."""
        self._bound.setblocking(False)
        self._bound.listen(BACKLOG)
        self._accepting = True
        self._loop.add_reader(self._bound.fileno(), self._accept)

    def close(self) -> None:
        """Accept no more; handshakes that have begun go on."""
        if self._rested is not None:
            self._rested.cancel()
            self._rested = None
        if self._accepting:
            self._accepting = False
            self._loop.remove_reader(self._bound.fileno())

    def cut(self) -> None:
        """Break off handshakes that are not over."""
        for task in self._pending:
            task.cancel()

    async def wait_closed(self) -> None:
        """Return: connections are counted by their protocols."""

    def _accept(self) -> None:
        for _ in range(_ACCEPTS_PER_TURN):
            try:
                connection, address = self._bound.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._rest(error)
                return
            connection.setblocking(False)
            task = self._loop.create_task(_Newcomer(self._service, connection, address).serve())
            self._pending.add(task)
            task.add_done_callback(self._finished)

    def _rest(self, error: OSError) -> None:
        log.error("cannot accept connections: %s; trying again in %g s", error.strerror, _REST_SECONDS)
        self.close()
        self._rested = self._loop.call_later(_REST_SECONDS, self.start)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._pending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a connection could not be served", exc_info=error)


class _Newcomer(asyncio.Protocol):
    """One connection from `accept` to the protocol that serves it; stays with those that are refused."""

    def __init__(self, service: Service, connection: socket.socket, address: Any) -> None:
        self._service = service
        self._socket = connection
        self._handshake: Handshake | None = None
        self._handed_over = False
        self._began = monotonic()
        self._record = ConnectionRecord(
            wall=time.time(),
            client=str(address[0]),
            client_port=address[1],
            node_ip=str(connection.getsockname()[0]),
            conn_trace_id=connection_id(f"{getrandbits(128):032x}"),
        )

    async def serve(self) -> None:
        """Bring the connection to its protocol, or to its end."""
        try:
            async with asyncio.timeout(self._service.seconds):
                first = await self._first_byte()
            if first.isalpha():
                self._report(UNMAPPED)
                await self._answer_plain_http()
            elif first:
                await self._shake_hands()
        except OSError as error:
            log.debug("a connection ended before it was one: %s", error)
        finally:
            if not self._handed_over:
                self._socket.close()

    async def _first_byte(self) -> bytes:
        """Look at the first byte and leave it there; empty when the client has gone.

        A TLS record begins with 22, a request of HTTP with a letter.
        """
        loop = asyncio.get_running_loop()
        while True:
            try:
                return self._socket.recv(1, socket.MSG_PEEK)
            except (BlockingIOError, InterruptedError):
                readable = asyncio.Event()
                loop.add_reader(self._socket.fileno(), readable.set)
                try:
                    await readable.wait()
                finally:
                    loop.remove_reader(self._socket.fileno())

    async def _answer_plain_http(self) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_LINGER_SECONDS):
            await loop.sock_recv(self._socket, 64 * 1024)
            await loop.sock_sendall(self._socket, PLAIN_HTTP)
            self._socket.shutdown(socket.SHUT_WR)
            # Closed at once, what the client is still sending would reset the connection before it has read.
            while await loop.sock_recv(self._socket, 64 * 1024):
                pass

    async def _shake_hands(self) -> None:
        context, self._handshake = self._service.tls.begin()
        self._began = monotonic()
        self._handed_over = True  # from here the event loop owns the socket
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self, self._socket, ssl=context, ssl_handshake_timeout=self._service.seconds
            )
        except OSError as error:
            log.debug("a handshake failed: %s", error)
            self._report(code_of(error))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is through: judge the client, then give the connection to its protocol."""
        encrypted: ssl.SSLObject = transport.get_extra_info("ssl_object")
        told = self._handshake = told_by(encrypted) or self._handshake
        assert told is not None
        self._record.latency = monotonic() - self._began
        self._record.tls_protocol = encrypted.version() or ""
        cipher = encrypted.cipher()
        self._record.tls_cipher = cipher[0] if cipher else ""
        refused = None
        if told.trust is not None:
            refused = judge(told.chain, told.trust, oversized=told.oversized)
        self._report(refused)
        if refused is not None:
            # Stays the protocol of this connection, and so reads nothing of it.
            cast(asyncio.Transport, transport).abort()
            return
        told.connection_id = self._record.conn_trace_id
        protocol = self._service.make_protocol()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)

    def _report(self, failure: str | None) -> None:
        record = self._record
        record.verification = "Success" if failure is None else f"Failed:{failure}"
        if self._handshake is not None:
            record.group = self._handshake.group
            record.leaf = self._handshake.chain[0] if self._handshake.chain else b""
        self._service.report(record)
