"""Connections to targets, kept and reused.

Idle connections lie on a stack per target: the last one used is the likeliest to be alive, and those at
the bottom expire. Owns opening (10 s to connect, 10 s for TLS, as ALB), idle expiry, and cutting every
connection to a target that was deregistered. Requests to targets of HTTP/2 share connections
(`lb.upstream.http2.lanes`). Single-threaded, on the event loop.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from time import monotonic

from lb.reasons import Reason
from lb.targets.group import Target
from lb.upstream.connect import Dial, connect, connect_within, no_application, reason_of, unverified_tls
from lb.upstream.connection import UpstreamConnection
from lb.upstream.courier import Courier
from lb.upstream.http2.connection import H2
from lb.upstream.http2.lanes import Lanes

log = logging.getLogger("albacore.upstream")

CLOSE_SECONDS = 10.0
"""For how long a target that is being left may take nothing of what was written to it."""
MAX_IDLE_PER_TARGET = 512

Opened = Callable[[Courier], None]
Failed = Callable[[Reason], None]


class UpstreamPool:
    """The connections to all targets."""

    def __init__(
        self, idle_timeout: float, tls: ssl.SSLContext | None = None, *, dial: Dial = no_application
    ) -> None:
        """Keep idle connections for `idle_timeout` seconds; `dial` reaches applications of this process."""
        self.idle_timeout = idle_timeout
        self._dial = dial
        self._tls = tls or unverified_tls()
        self._tls_http2 = unverified_tls(H2)
        self._lanes: dict[Target, Lanes] = {}
        self._idle: dict[Target, list[UpstreamConnection]] = {}
        self._all: dict[Target, set[UpstreamConnection]] = {}
        self._ending: set[UpstreamConnection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._closed = False

    def __repr__(self) -> str:
        idle = sum(map(len, self._idle.values()))
        return (
            f"UpstreamPool(idle={idle} open={sum(map(len, self._all.values()))} opening={len(self._opening)})"
        )

    # The hot path.

    def take(self, target: Target) -> Courier | None:
        """Return the idle connection used last (or a stream of one), or None: then `open` one."""
        if target.multiplexed:
            lanes = self._lanes.get(target)
            return lanes.take() if lanes is not None else None
        stack = self._idle.get(target)
        while stack:
            connection = stack.pop()
            if not connection.transport.is_closing():
                return connection
        return None

    def put(self, connection: UpstreamConnection) -> None:
        """Take back a connection whose response has ended."""
        stack = self._idle.get(connection.target)
        if stack is None or len(stack) >= MAX_IDLE_PER_TARGET or self._closed:
            connection.discard()
            return
        connection.idle_since = monotonic()
        stack.append(connection)

    # Opening and closing.

    def open(self, target: Target, opened: Opened, failed: Failed) -> None:
        """Open a connection and hand it to `opened`, or tell `failed` why not."""
        if target.multiplexed:
            self._open_stream(target, opened, failed)
            return
        task = asyncio.get_running_loop().create_task(self._open(target, opened, failed))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def _open_stream(self, target: Target, opened: Opened, failed: Failed) -> None:
        lanes = self._lanes.get(target)
        if lanes is None:
            if target.released or self._closed:
                failed(Reason.TARGET_CLOSED)
                return
            lanes = self._lanes[target] = Lanes(target, self._tls_http2 if target.tls else None)
        lanes.open(opened, failed)

    async def _open(self, target: Target, opened: Opened, failed: Failed) -> None:
        try:
            connection = await self._connect(target)
        except Exception as error:  # noqa: BLE001 -- a strange host name raises what it likes; somebody waits
            log.info("no connection to target %s: %s", target.address, str(error) or type(error).__name__)
            failed(reason_of(error))
            return
        if target.released or self._closed:
            connection.sever()
            failed(Reason.TARGET_CLOSED)
            return
        self._idle.setdefault(target, [])
        self._all.setdefault(target, set()).add(connection)
        if connection.transport.is_closing():
            failed(Reason.TARGET_CLOSED)
            return
        try:
            opened(connection)
        except Exception:
            log.exception("a new connection to target %s could not be used", target.address)
            connection.discard()
            failed(Reason.INTERNAL)

    async def _connect(self, target: Target) -> UpstreamConnection:
        def make() -> UpstreamConnection:
            return UpstreamConnection(self, target)

        if target.within:
            return await connect_within(self._dial(target.host), make)
        return await connect(target.host, target.port, tls=self._tls if target.tls else None, make=make)

    def await_end(self, connection: UpstreamConnection) -> None:
        """Watch a connection that is closing behind what is still to be written."""
        self._ending.add(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """Drop a connection that was lost."""
        self._ending.discard(connection)
        stack = self._idle.get(connection.target)
        if stack and connection in stack:
            stack.remove(connection)
        known = self._all.get(connection.target)
        if known is not None:
            known.discard(connection)

    def release(self, target: Target) -> None:
        """Cut every connection to a target that is deregistered; requests in flight end as 502."""
        self._idle.pop(target, None)
        lanes = self._lanes.get(target)
        if lanes is not None:
            lanes.release()
        for connection in self._all.pop(target, set()):
            connection.sever()

    def sweep(self, now: float) -> None:
        """Close connections that have been idle too long, and those whose end does not come; `now` on the
        monotonic clock.
        """
        for connection in [c for c in self._ending if c.backlog.stalled(now) >= CLOSE_SECONDS]:
            connection.sever()
        for target, lanes in list(self._lanes.items()):
            lanes.sweep(now, self.idle_timeout)
            if target.released:
                del self._lanes[target]
        for stack in self._idle.values():
            expired = [c for c in stack if now - c.idle_since >= self.idle_timeout]
            if expired:
                # The stack is in order of last use: the expired ones are its bottom.
                del stack[: len(expired)]
                for connection in expired:
                    connection.discard()

    async def aclose(self) -> None:
        """Close everything."""
        self._closed = True
        for task in list(self._opening):
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        for lanes in self._lanes.values():
            await lanes.aclose()
        for target in list(self._all):
            self.release(target)
