"""Peers that read slowly are waited for; peers that have stopped reading are cut, whatever waits for them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from lb.reasons import Reason
from lb.settings import LoadBalancerAttributes
from lb.upstream import pool as pool_module
from tests.support.data_plane import Conversation, Plane, ScriptedTarget, ok, serving

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
UPGRADE = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
ONE_SECOND: dict[str, Any] = {"attributes": LoadBalancerAttributes(idle_timeout_seconds=1)}
MIB = 1024 * 1024


async def connect_narrow(lb: Plane, data: bytes) -> socket.socket:
    """Connect with hardly any buffer on either side, so that a slow reader is felt."""
    lb.door.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", lb.port))
    await loop.sock_sendall(client, data)
    return client


@asynccontextmanager
async def narrow(lb: Plane, data: bytes) -> AsyncIterator[socket.socket]:
    client = await connect_narrow(lb, data)
    try:
        yield client
    finally:
        client.close()


async def eventually(condition: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def read_slowly(client: socket.socket, *, seconds: float) -> int:
    loop = asyncio.get_running_loop()
    end, size = loop.time() + seconds, 0
    while loop.time() < end:
        size += len(await loop.sock_recv(client, 1500))
        await asyncio.sleep(0.1)
    return size


async def read_all(client: socket.socket) -> int:
    loop, size = asyncio.get_running_loop(), 0
    async with asyncio.timeout(10):
        while data := await loop.sock_recv(client, MIB):
            size += len(data)
    return size


def sending(size: int, *, head: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n") -> Any:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        conversation.writer.write((head % size if b"%d" in head else head) + b"x" * size)
        await conversation.closed()

    return script


CLOSING = GET[:-2] + b"Connection: close\r\n\r\n"


@pytest.mark.parametrize("size", [60_000, 200_000, 4 * MIB], ids=["in one buffer", "in two", "streamed"])
async def test_client_that_reads_slowly_is_waited_for(direct: bool, size: int) -> None:
    async with (
        ScriptedTarget(sending(size)) as target,
        serving([target.port], direct=direct, **ONE_SECOND) as lb,
        narrow(lb, CLOSING) as client,
    ):
        taken = await read_slowly(client, seconds=3.5)
        assert taken < 60_000, "slow enough to be worth something"
        assert taken + await read_all(client) > size
        record = await lb.record()
        assert (record.status, record.reason) == (200, None)
        await lb.idle()


@pytest.mark.parametrize("request_", [GET, CLOSING], ids=["keep-alive", "close"])
@pytest.mark.parametrize("size", [60_000, 200_000, 4 * MIB], ids=["in one buffer", "in two", "streamed"])
async def test_client_that_has_stopped_reading_is_cut(direct: bool, size: int, request_: bytes) -> None:
    async with (
        ScriptedTarget(sending(size)) as target,
        serving([target.port], direct=direct, **ONE_SECOND) as lb,
        narrow(lb, request_),
    ):
        await eventually(lambda: bool(lb.runtime.swept))
        await eventually(lambda: not lb.runtime.swept, 10)
        record = await lb.record()
        assert (record.status, record.target_status) == (200, 200)
        assert record.reason in (None, Reason.REQUEST_TIMEOUT), "not the target's fault"
        await lb.idle()


@asynccontextmanager
async def narrow_target(size: int) -> AsyncIterator[int]:
    """Give the port of a target that reads a head, then `size` bytes, slowly at first, and answers."""
    loop = asyncio.get_running_loop()
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    listening.setblocking(False)

    async def serve() -> None:
        connection, _ = await loop.sock_accept(listening)
        with connection:
            received, slow_until = b"", loop.time() + 3.5
            while len(received) < size:
                slow = loop.time() < slow_until
                received += await loop.sock_recv(connection, 1500 if slow else MIB)
                await asyncio.sleep(0.1 if slow else 0)
            await loop.sock_sendall(connection, ok(b"whole"))

    serving_it = asyncio.create_task(serve())
    try:
        yield listening.getsockname()[1]
    finally:
        serving_it.cancel()
        await asyncio.gather(serving_it, return_exceptions=True)
        listening.close()


async def test_target_that_reads_slowly_is_waited_for(direct: bool) -> None:
    size = 8 * MIB
    async with narrow_target(size) as port, serving([port], direct=direct, **ONE_SECOND) as lb:
        client = await lb.connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
        client.writer.write(b"x" * size)
        async with asyncio.timeout(20):
            assert b" 200 " in await client.reader.readuntil(b"\r\n\r\n")
        assert await client.exactly(5) == b"whole"


async def test_target_that_has_stopped_reading_is_given_up(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        conversation.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(60)

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct, **ONE_SECOND) as lb:
        client = await lb.connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n")
        client.writer.write(b"x" * 16 * MIB)
        assert (await client.response()).status == 504
        assert (await lb.record()).reason is Reason.TARGET_TIMEOUT
        await lb.idle()


async def test_tunnel_to_a_slow_reader_lives_on(direct: bool) -> None:
    async with (
        ScriptedTarget(sending(4 * MIB, head=SWITCHED)) as target,
        serving([target.port], direct=direct, **ONE_SECOND) as lb,
        narrow(lb, UPGRADE) as client,
    ):
        await read_slowly(client, seconds=3.5)
        size, loop = 0, asyncio.get_running_loop()
        async with asyncio.timeout(10):
            while size < 3 * MIB:
                data = await loop.sock_recv(client, MIB)
                assert data
                size += len(data)


async def test_tunnel_to_a_client_that_never_reads_holds_its_target_back_and_ends(direct: bool) -> None:
    """Bytes right behind the 101 fill the client's side before there is a tunnel to be told."""
    taken = [0]

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        conversation.writer.write(SWITCHED + b"x" * 150_000)
        while True:
            conversation.writer.write(b"x" * 65536)
            await conversation.writer.drain()
            taken[0] += 65536

    async with (
        ScriptedTarget(script) as target,
        serving([target.port], direct=direct, **ONE_SECOND) as lb,
        narrow(lb, UPGRADE),
    ):
        await eventually(lambda: taken[0] > 0)
        await eventually(lambda: not lb.runtime.swept, 10)
        assert taken[0] < 16 * MIB
        await lb.idle()


async def test_tunnel_to_a_target_that_never_reads_is_let_go(
    direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "CLOSE_SECONDS", 1)

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(SWITCHED)
        conversation.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(60)

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct, **ONE_SECOND) as lb:
        client = await lb.connect(UPGRADE)
        await client.head()
        client.writer.write(b"x" * 16 * MIB)
        await eventually(lambda: bool(lb.runtime.exchanges))
        await lb.idle()
        await eventually(lambda: "open=0" in repr(lb.runtime.pool))
