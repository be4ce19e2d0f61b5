"""A door that another process has taken over from: it accepts no more, and no client loses by that."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from lb import door
from tests.support.data_plane import WAIT, Conversation, Plane, ScriptedTarget, answering, ok, serving

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADE = b"GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "IDLE_SECONDS", 0.6)
    monkeypatch.setattr(door, "SETTLE_SECONDS", 0.1)


@contextlib.asynccontextmanager
async def retiring(plane: Plane) -> AsyncIterator[tuple[asyncio.Task[None], asyncio.Event]]:
    """Retire the door in the background; gives the task, and the event that hurries it."""
    hurry = asyncio.Event()
    deadline = asyncio.get_running_loop().time() + 60
    task = asyncio.create_task(plane.door.retire(deadline=deadline, hurry=hurry))
    await asyncio.sleep(0.15)
    yield task, hurry
    hurry.set()
    async with asyncio.timeout(WAIT):
        await task


async def test_the_next_request_of_a_kept_connection_is_served_and_its_last(direct: bool) -> None:
    async with ScriptedTarget(answering(ok())) as target, serving([target.port], direct=direct) as plane:
        client = await plane.connect(GET)
        assert (await client.response()).value("connection") == "keep-alive"
        async with retiring(plane) as (task, _):
            await client.send(GET)
            response = await client.response()
            assert (response.status, response.value("connection")) == (200, "close")
            assert await client.closed()
            async with asyncio.timeout(WAIT):
                await task


async def test_an_idle_connection_is_closed_only_after_a_while(direct: bool) -> None:
    async with ScriptedTarget(answering(ok())) as target, serving([target.port], direct=direct) as plane:
        client = await plane.connect(GET)
        await client.response()
        begun = asyncio.get_running_loop().time()
        async with retiring(plane) as (task, _):
            assert await client.closed()
            assert asyncio.get_running_loop().time() - begun >= 0.6
            async with asyncio.timeout(WAIT):
                await task


async def test_no_new_connection_is_accepted(direct: bool) -> None:
    async with serving([], direct=direct) as plane, retiring(plane):
        with pytest.raises(ConnectionRefusedError):
            await plane.connect()


async def test_what_is_in_flight_finishes_and_is_told_that_it_was_the_last(direct: bool) -> None:
    go = asyncio.Event()

    async def slow(conversation: Conversation) -> None:
        await conversation.head()
        await go.wait()
        await conversation.send(ok(b"done"))

    async with ScriptedTarget(slow) as target, serving([target.port], direct=direct) as plane:
        client = await plane.connect(GET)
        async with retiring(plane) as (task, _):
            await asyncio.sleep(0.8)
            assert not task.done()
            go.set()
            response = await client.response()
            assert (response.body, response.value("connection")) == (b"done", "close")


async def test_pipelined_requests_are_all_answered(direct: bool) -> None:
    go = asyncio.Event()

    async def slow(conversation: Conversation) -> None:
        while True:
            await conversation.head()
            await go.wait()
            await conversation.send(ok())

    async with ScriptedTarget(slow) as target, serving([target.port], direct=direct) as plane:
        client = await plane.connect(GET * 3)
        async with retiring(plane):
            go.set()
            connections = [(await client.response()).value("connection") for _ in range(3)]
            assert connections[-1] == "close"
            assert await client.closed()


async def test_a_tunnel_lives_on_until_the_door_has_to_hurry(direct: bool) -> None:
    async def echo(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"
        )
        while data := await conversation.reader.read(100):
            await conversation.send(data)

    async with ScriptedTarget(echo) as target, serving([target.port], direct=direct) as plane:
        client = await plane.connect(UPGRADE)
        assert b" 101 " in await client.head()
        async with retiring(plane) as (task, hurry):
            await asyncio.sleep(0.8)
            await client.send(b"still here")
            assert await client.exactly(10) == b"still here"
            assert not task.done()
            hurry.set()
            async with asyncio.timeout(WAIT):
                await task
