"""Accepting: nobody waits behind those who are served already."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from lb.door import ACCEPTS_PER_TURN, Door
from lb.guarded import GuardedProtocol
from lb.http2.protocol import Http2Protocol
from lb.wire import ListenerProtocol
from tests.support.data_plane import serving


class Arrivals(asyncio.Protocol):
    """Notes who has arrived; says so once."""

    def __init__(self, notes: list[asyncio.BaseTransport], first: asyncio.Event) -> None:
        self.notes, self.first = notes, first

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.notes.append(transport)
        self.first.set()

    def shutdown(self) -> None:
        """Called by uvicorn."""


@pytest.mark.parametrize(
    "factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
def test_those_who_come_together_are_accepted_in_one_turn(
    factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """A busy process has long turns: with one connection in each, the last would wait for seconds."""

    async def scenario() -> None:
        arrived: list[asyncio.BaseTransport] = []
        first = asyncio.Event()

        def protocol(**_: Any) -> asyncio.Protocol:
            return Arrivals(arrived, first)

        with contextlib.ExitStack() as stack:
            bound = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=100))
            bound.setblocking(False)
            address = bound.getsockname()
            for _ in range(ACCEPTS_PER_TURN):
                stack.enter_context(socket.create_connection(address))
            door = Door(lambda *_: None, bound, http=protocol)  # type: ignore[arg-type]
            await door.start()
            await asyncio.wait_for(first.wait(), 5)
            together = len(arrived)
            for transport in arrived:
                transport.close()
            await door.stop(deadline=asyncio.get_running_loop().time() + 5, cut=asyncio.Event())
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(*address)
        assert together == ACCEPTS_PER_TURN

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(scenario())


@pytest.mark.parametrize("http", [ListenerProtocol, GuardedProtocol, Http2Protocol])
async def test_a_connection_that_comes_after_the_end_was_announced_does_not_hold_it_up(
    http: type[asyncio.Protocol],
) -> None:
    """Accepted before, made after: a handshake, or a busy loop, lies between."""
    loop = asyncio.get_running_loop()
    async with serving([], http=http) as plane:
        door = plane.door
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.setblocking(False)
            stopping = asyncio.create_task(door.stop(deadline=loop.time() + 60, cut=asyncio.Event()))
            while any(server.is_serving() for server in door.servers):
                await asyncio.sleep(0.01)
            await loop.connect_accepted_socket(door._make_protocol, theirs)
            async with asyncio.timeout(10):
                await stopping
