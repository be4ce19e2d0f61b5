"""What one client can make the load balancer keep, whatever he sends, is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from lb.exchange import HIGH_WATER, PIECE_COST
from lb.wire import FORGET_SECONDS, ListenerProtocol
from tests.support.data_plane import ScriptedTarget, answering, ok, serving
from tests.support.memory import MemoryPlane, drive, memory_plane
from tests.support.strict import StrictTarget, read_answers

GET = b"GET / HTTP/1.1\r\nHost: h\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def plane() -> Iterator[MemoryPlane]:
    with memory_plane() as plane:
        yield plane


def test_head_of_many_small_headers_is_refused_before_it_ends(plane: MemoryPlane, direct: bool) -> None:
    async def story() -> None:
        wire = plane.client(direct=direct)
        wire.receive(GET + b"A: 1\r\n" * 300)
        await plane.loop.settle()
        (answer,) = read_answers(bytes(wire.sent), [""], ended=True)
        assert answer.status == 400
        await plane.rest()

    drive(plane, story())


def test_body_in_tiny_chunks_waits_bounded_and_arrives_whole(plane: MemoryPlane, direct: bool) -> None:
    """A chunk of one byte costs more than its byte while nobody takes it."""

    async def story() -> None:
        target = StrictTarget(plane)
        connected = asyncio.get_running_loop().create_future()
        plane.before_dialling = lambda: connected
        wire = plane.client(direct=direct)
        wire.receive(POST)
        await plane.loop.settle()
        sent = 0
        while wire.is_reading():
            wire.receive(b"1\r\nx\r\n" * 100)
            await plane.loop.settle()
            sent += 100
        protocol: Any = wire.protocol
        assert len(protocol.current._pieces) <= HIGH_WATER // PIECE_COST + 100
        connected.set_result(None)
        wire.receive(b"1\r\nx\r\n" * 100 + b"0\r\n\r\n")
        await plane.loop.settle()
        (heard,) = target.heard
        assert heard.body == b"x" * (sent + 100)
        await plane.rest()

    drive(plane, story())


async def test_idle_connection_forgets_its_last_request_and_serves_the_next(direct: bool) -> None:
    """With a session in it, what makes the next request cheaper is most of what an idle connection takes."""
    async with ScriptedTarget(answering(ok())) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(GET + b"Cookie: session=secret\r\n\r\n")
        assert (await client.response()).status == 200
        (protocol,) = (each for each in lb.runtime.swept if isinstance(each, ListenerProtocol))
        lb.runtime.sweep()
        # Who asks once and then only sits there costs nothing of it. The ASGI way holds on to its cycle.
        assert (b"secret" in held_by(protocol)) is not direct
        await client.send(GET + b"Cookie: session=secret\r\n\r\n")
        assert (await client.response()).status == 200
        lb.runtime.sweep()
        assert b"secret" in held_by(protocol)
        protocol.silent_since -= FORGET_SECONDS
        lb.runtime.sweep()
        assert b"secret" not in held_by(protocol)
        await client.send(GET + b"Cookie: session=secret\r\n\r\n")
        assert (await client.response()).status == 200


def held_by(protocol: ListenerProtocol) -> bytes:
    """What the connection refers to, and what that refers to, as text."""
    held = [getattr(protocol, name, None) for name in ListenerProtocol.__slots__]
    inner = [getattr(each, name, None) for each in held for name in getattr(type(each), "__slots__", ())]
    return repr([held, inner]).encode()


async def test_an_attribute_of_a_connection_is_a_slot() -> None:
    """In a dictionary 86 took 3.3 kB. Those of uvicorn's class are few enough for keys that are shared."""
    async with ScriptedTarget(answering(ok())) as target, serving([target.port]) as lb:
        client = await lb.connect(GET + b"\r\n")
        assert (await client.response()).status == 200
        (protocol,) = (each for each in lb.runtime.swept if isinstance(each, ListenerProtocol))
        assert len(vars(protocol)) <= 30
