"""The data plane without sockets: the real protocols, pool and runtime on transports in memory.

`MemoryPlane` is one listener whose clients are `Wire`s that a test holds in its hand, and whose connections
to targets end in `Wire`s as well. Nothing here decides anything: what a wire is told to do it does as a
socket's transport would (no data after close, none while paused, `connection_lost` once and later).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import uvicorn
from uvicorn.server import ServerState

from lb.asgi import LoadBalancer
from lb.observe.record import AccessRecord
from lb.runtime import Runtime
from lb.wire import ListenerProtocol
from tests.support.data_plane import build_settings

T = TypeVar("T")
PORT = 8080
"""The listener's port: nobody binds it."""
_ROUNDS = 10_000


class MemoryLoop(asyncio.SelectorEventLoop):
    """An event loop whose outgoing connections stay in this process."""

    dial: Callable[[Callable[[], asyncio.Protocol]], Awaitable[tuple[asyncio.Transport, asyncio.Protocol]]]

    async def create_connection(self, protocol_factory: Any, *_: Any, **__: Any) -> Any:
        """Connect to whatever `dial` says."""
        return await self.dial(protocol_factory)

    async def settle(self) -> None:
        """Let everything run that is ready, and what becomes ready by it."""
        for _ in range(_ROUNDS):
            if not self._ready:  # type: ignore[attr-defined]
                return
            await asyncio.sleep(0)
        raise AssertionError("the loop never comes to rest")


class Wire(asyncio.Transport):
    """One end of a connection: the transport of the protocol under test, and its peer's hands."""

    def __init__(self, loop: MemoryLoop, *, local: tuple[str, int], peer: tuple[str, int]) -> None:
        super().__init__({"sockname": local, "peername": peer})
        self._loop = loop
        self.protocol: asyncio.Protocol
        self.sent = bytearray()
        """What the peer has received."""
        self.on_sent: Callable[[bytes], None] = lambda data: None
        self.end = ""
        """How the protocol ended the connection: `closed`, `half` (its side only), `aborted`."""
        self.lost = False
        self.stuck = False
        """The peer takes nothing."""
        self.limit = 64 * 1024
        self._unsent = bytearray()
        self._full = False
        self._paused = False
        self._inbox: list[bytes] = []

    def __repr__(self) -> str:
        return f"Wire(end={self.end!r} lost={self.lost} paused={self._paused} unsent={len(self._unsent)})"

    # What the protocol does.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Hand to the peer, or keep while it is stuck."""
        if self.lost or self.end == "aborted":
            return
        assert self.end != "half", "written behind the end of its own side"
        if self.stuck or self._unsent:
            self._unsent += data
            self._check_full()
            return
        self._deliver(bytes(data))

    def _deliver(self, data: bytes) -> None:
        self.sent += data
        self.on_sent(data)

    def _check_full(self) -> None:
        if len(self._unsent) > self.limit and not self._full:
            self._full = True
            self.protocol.pause_writing()

    def can_write_eof(self) -> bool:
        """Plain TCP can."""
        return True

    def write_eof(self) -> None:
        """End one side."""
        self.end = self.end or "half"

    def close(self) -> None:
        """End behind what is still to be written."""
        if not self.end or self.end == "half":
            self.end = "closed"
            if not self._unsent:
                self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        """End at once."""
        if not self.lost and self.end != "aborted":
            self.end = "aborted"
            self._unsent.clear()
            self._loop.call_soon(self._lose, None)

    def is_closing(self) -> bool:
        """Whether the protocol or the peer has ended the connection."""
        return self.lost or self.end in ("closed", "aborted")

    def pause_reading(self) -> None:
        """Hold back what the peer sends."""
        self._paused = True

    def resume_reading(self) -> None:
        """Deliver again."""
        if self._paused:
            self._paused = False
            self._loop.call_soon(self._drain_inbox)

    def is_reading(self) -> bool:
        """Whether what the peer sends is delivered."""
        return not self._paused and not self.is_closing()

    def get_write_buffer_size(self) -> int:
        """Bytes that the peer has not taken."""
        return len(self._unsent)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Leave the limit to the test."""

    # What the peer does.

    def connect(self, protocol: asyncio.Protocol) -> None:
        """Give the protocol its connection."""
        self.protocol = protocol
        protocol.connection_made(self)

    def receive(self, data: bytes) -> None:
        """Send to the protocol."""
        if self.is_closing():
            return
        if self._paused or self._inbox:
            self._inbox.append(data)
        else:
            self.protocol.data_received(data)

    @property
    def held_back(self) -> int:
        """Bytes that wait because the protocol does not read."""
        return sum(map(len, self._inbox))

    def _drain_inbox(self) -> None:
        while self._inbox and not self._paused and not self.is_closing():
            self.protocol.data_received(self._inbox.pop(0))

    def unstick(self) -> None:
        """Take everything."""
        self.stuck = False
        unsent, self._unsent = bytes(self._unsent), bytearray()
        if unsent:
            self._deliver(unsent)
        if self.end == "closed":
            self._loop.call_soon(self._lose, None)
        elif self._full:
            self._full = False
            self.protocol.resume_writing()

    def finish(self) -> None:
        """End the peer's side behind what it sent."""
        if not self.is_closing() and not self.protocol.eof_received():
            self.close()

    def reset(self) -> None:
        """End without a clean end."""
        self._unsent.clear()
        self._lose(ConnectionResetError())

    def _lose(self, error: Exception | None) -> None:
        if not self.lost:
            self.lost = True
            self.protocol.connection_lost(error)


class _Faults(logging.Handler):
    """Errors that our own code has logged."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(logging.Formatter().format(record))


class MemoryPlane:
    """One listener before targets in memory; reusable for any number of clients."""

    def __init__(self, loop: MemoryLoop, *, wire: type[Wire] = Wire, **options: Any) -> None:
        """Make the runtime; `options` as of `build_settings`, `wire` is what connections end in."""
        self.loop = loop
        self._wire = wire
        loop.dial = self._dial
        loop.set_exception_handler(lambda _, context: self.faults.append(repr(context)))
        self._options = options
        self.faults: list[str] = []
        """What must not happen: errors logged, exceptions that reached the loop."""
        self.records: list[AccessRecord] = []
        self.upstream: list[Wire] = []
        """The connections to targets, in the order they were made."""
        self._begin()

    def _begin(self) -> None:
        self.on_dialled: Callable[[Wire], None] = lambda wire: None
        self.before_dialling: Callable[[], Awaitable[None]] | None = None
        self.runtime = Runtime(build_settings([9], port=PORT, **self._options))
        write = self.runtime.record

        def keep(record: AccessRecord) -> None:
            self.records.append(record)
            write(record)

        self.runtime.record = keep  # type: ignore[method-assign]
        self.state = ServerState()
        self._config = {direct: self._configure(direct=direct) for direct in (True, False)}

    def _configure(self, *, direct: bool) -> uvicorn.Config:
        config = uvicorn.Config(
            LoadBalancer(self.runtime, "listener", direct=direct),
            http=ListenerProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
        )
        config.load()
        return config

    async def begin_anew(self) -> None:
        """Forget everything, broken as it may be, so that the next story does not suffer from this one."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.runtime.aclose()
        for kept in (self.faults, self.records, self.upstream):
            kept.clear()
        self._begin()

    def client(self, *, direct: bool = True, http: type[Any] = ListenerProtocol) -> Wire:
        """Connect a client; `http` is the protocol class that serves it."""
        wire = self._wire(self.loop, local=("127.0.0.1", PORT), peer=("192.0.2.7", 50000))
        wire.connect(http(self._config[direct], self.state, {}))
        return wire

    async def _dial(
        self, factory: Callable[[], asyncio.Protocol]
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        if self.before_dialling is not None:
            await self.before_dialling()
        wire = self._wire(self.loop, local=("127.0.0.1", 40000 + len(self.upstream)), peer=("127.0.0.1", 9))
        self.upstream.append(wire)
        wire.connect(factory())
        self.on_dialled(wire)
        return wire, wire.protocol

    async def rest(self) -> None:
        """End every connection, and assert that nothing is left of any request and nothing went wrong."""
        for connection in list(self.state.connections):
            wire = connection.transport
            assert isinstance(wire, Wire)
            wire.reset()
        await self.loop.settle()
        for wire in self.upstream:
            wire.reset()
        await self.loop.settle()
        assert not self.runtime.exchanges, self.runtime.exchanges
        assert not self.runtime.swept
        assert not self.state.tasks
        assert sum(counts.in_flight for counts in self.runtime.registry.counts()) == 0
        assert "open=0 opening=0" in repr(self.runtime.pool)
        assert not self.faults, "\n".join(self.faults)
        self.records.clear()
        self.upstream.clear()


@contextmanager
def memory_plane(**options: Any) -> Iterator[MemoryPlane]:
    """Make a plane on a loop of its own, and end both."""
    loop = MemoryLoop()
    plane = MemoryPlane(loop, **options)
    handler = _Faults(plane.faults)
    loggers = [logging.getLogger(name) for name in ("albacore", "asyncio", "uvicorn.error")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield plane
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        loop.run_until_complete(plane.runtime.aclose())
        loop.close()


def drive(plane: MemoryPlane, story: Coroutine[Any, Any, T]) -> T:
    """Run a story to its end; a failed one leaves a new plane behind."""
    try:
        return plane.loop.run_until_complete(story)
    except BaseException:
        plane.loop.run_until_complete(plane.begin_anew())
        raise
