"""Upgrades: a WebSocket conversation through the load balancer, and what must not become a tunnel."""

from __future__ import annotations

import asyncio

import pytest
import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from lb.settings import LoadBalancerAttributes
from tests.support.data_plane import Conversation, Plane, ScriptedTarget, ok, serving

MIB = 1024 * 1024
UPGRADE = (
    b"GET /chat HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-A: 1\r\n\r\n"


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def test_websocket_library_talks_through_the_load_balancer(direct: bool) -> None:
    async with serve(echo, "127.0.0.1", 0, max_size=None) as server:
        port = server.sockets[0].getsockname()[1]  # type: ignore[index]
        async with serving([port], direct=direct) as lb:
            url = f"ws://127.0.0.1:{lb.port}/chat?room=1"
            async with connect(
                url, subprotocols=[websockets.Subprotocol("x")], proxy=None, compression=None
            ) as client:
                for message in ("hello", b"\x00\xff" * 10, "한" * 1000):
                    await client.send(message)
                    assert await client.recv() == message
                await client.ping()
            record = await lb.record()
            assert (record.type, record.status, record.target_status) == ("ws", 101, 101)
            assert record.uri == "/chat?room=1"
            assert record.received_bytes > 3000
            assert record.sent_bytes > 3000
            await lb.idle()


async def opened(lb: Plane, data: bytes = UPGRADE) -> Conversation:
    client = await lb.connect(data)
    assert b"101" in (await client.head()).split(b"\r\n")[0]
    return client


async def test_upgrade_carries_identity_of_the_path_and_both_heads(direct: bool) -> None:
    heads: list[bytes] = []

    async def script(conversation: Conversation) -> None:
        heads.append(await conversation.head())
        await conversation.send(SWITCHED + b"first words")
        assert await conversation.exactly(5) == b"early"
        await conversation.send(b"late")
        assert await conversation.closed()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(
            UPGRADE.replace(b"Host: h", b"Host: h\r\nX-Amzn-Oidc-Data: forged") + b"early"
        )
        head = await client.head()
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        assert (head.count(b"Upgrade: websocket"), head.count(b"Connection: upgrade")) == (1, 1)
        assert b"X-A: 1" in head
        assert await client.exactly(15) == b"first wordslate"
        client.close()
        assert b"Upgrade: websocket\r\nConnection: upgrade\r\n\r\n" in heads[0]
        assert b"forged" not in heads[0]
        await lb.idle()


@pytest.mark.parametrize("who", ["client", "target"])
async def test_end_of_one_side_ends_the_other(direct: bool, who: str) -> None:
    ended = asyncio.Event()
    let_go = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(SWITCHED)
        if who == "client":
            assert await conversation.rest() == b"last words"
            ended.set()
        else:
            await let_go.wait()
            await conversation.send(b"last words")

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await opened(lb)
        if who == "client":
            await client.send(b"last words")
            client.close()
            await asyncio.wait_for(ended.wait(), 5)
        else:
            let_go.set()
            assert await client.rest() == b"last words"
        assert (await lb.record()).status == 101
        await lb.idle()


async def test_silent_tunnel_is_closed(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(SWITCHED)
        assert await conversation.closed()

    attributes = LoadBalancerAttributes(idle_timeout_seconds=1)
    async with (
        ScriptedTarget(script) as target,
        serving([target.port], direct=direct, attributes=attributes) as lb,
    ):
        client = await opened(lb)
        assert await client.closed()
        await lb.idle()


async def test_shutdown_closes_tunnels(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(SWITCHED)
        assert await conversation.closed()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await opened(lb)
        deadline = asyncio.get_running_loop().time() + 5
        stopping = asyncio.create_task(lb.door.stop(deadline=deadline, cut=asyncio.Event()))
        assert await client.closed()
        await stopping


@pytest.mark.parametrize("slow", ["client", "target"])
async def test_slow_side_holds_the_other_back(direct: bool, slow: str) -> None:
    total, sent, go = 64 * MIB, [0], asyncio.Event()

    async def push(conversation: Conversation) -> None:
        while sent[0] < total:
            conversation.writer.write(b"x" * 65536)
            await conversation.writer.drain()
            sent[0] += 65536

    async def drain(conversation: Conversation) -> None:
        size = 0
        while size < total:
            size += len(await conversation.reader.read(MIB))

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(SWITCHED)
        if slow == "client":
            await push(conversation)
            await conversation.closed()
        else:
            await go.wait()
            await drain(conversation)
            await conversation.send(b"all")

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await opened(lb)
        if slow == "client":
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            pushing = None
        else:
            pushing = asyncio.create_task(push(client))
        last = -1
        while sent[0] != last or not sent[0]:
            last = sent[0]
            await asyncio.sleep(0.2)
        assert last < 16 * MIB
        if pushing is None:
            client.writer.transport.resume_reading()  # type: ignore[attr-defined]
            await asyncio.wait_for(drain(client), 30)
        else:
            go.set()
            await asyncio.wait_for(pushing, 30)
            assert await client.exactly(3) == b"all"


async def test_refused_upgrade_is_an_ordinary_response(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(ok(b"no", extra=b"X-No: 1\r\n"))

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(UPGRADE + b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
        response = await client.response()
        assert (response.body, response.value("connection")) == (b"no", "close")
        assert await client.closed()
        assert target.connections == 1


async def test_rules_decide_before_a_tunnel_opens(direct: bool) -> None:
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403"}}
    async with serving([], direct=direct, actions=[fixed]) as lb:
        client = await lb.connect(UPGRADE)
        assert (await client.response()).status == 403
        assert await client.closed()


async def test_client_that_leaves_before_the_switch_frees_the_target(direct: bool) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        asked.set()
        assert await conversation.closed()
        gone.set()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(UPGRADE)
        await asked.wait()
        client.reset()
        await asyncio.wait_for(gone.wait(), 5)
        await lb.idle()


async def test_upgrade_with_a_body_opens_no_tunnel(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        head = await conversation.head()
        assert b"Upgrade" not in head
        await conversation.send(ok(await conversation.exactly(3)))

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        body = b"Content-Length: 3\r\n\r\nabc"
        client = await lb.connect(UPGRADE.replace(b"GET", b"POST").replace(b"\r\n\r\n", b"\r\n" + body))
        assert (await client.response()).body == b"abc"
