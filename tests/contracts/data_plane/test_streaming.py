"""Bodies in motion: both ways at once, slow peers, and peers that go away in the middle."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.support.data_plane import Conversation, Plane, ScriptedTarget, ok, serving

MIB = 1024 * 1024
BUFFERED = 16 * MIB
"""More than kernel and transports hold between two peers, far less than what is sent."""


async def push(conversation: Conversation, total: int, *, sent: list[int], chunked: bool = False) -> None:
    """Write `total` bytes as fast as they are taken; `sent[0]` counts."""
    piece = b"x" * 65536
    frame = b"10000\r\n" + piece + b"\r\n" if chunked else piece
    while sent[0] < total:
        conversation.writer.write(frame)
        await conversation.writer.drain()
        sent[0] += len(piece)
    if chunked:
        conversation.writer.write(b"0\r\n\r\n")
        await conversation.writer.drain()


async def settled(sent: list[int]) -> int:
    """Wait until `sent[0]` no longer grows; return it."""
    last = -1
    while sent[0] != last or sent[0] == 0:
        last = sent[0]
        await asyncio.sleep(0.2)
    return last


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_slow_target_holds_the_client_back(direct: bool, chunked: bool) -> None:
    total = 64 * MIB
    go = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await go.wait()
        size = 0
        while size < total:
            piece = await conversation.reader.read(MIB)
            assert piece
            size += len(piece)
        await conversation.send(ok(b"%d" % (size >= total)))

    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % total
    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(b"POST / HTTP/1.1\r\nHost: h\r\n%b\r\n\r\n" % framing)
        sent = [0]
        pushing = asyncio.create_task(push(client, total, sent=sent, chunked=chunked))
        assert await settled(sent) < BUFFERED
        go.set()
        await asyncio.wait_for(pushing, 30)
        assert (await client.response()).body == b"1"


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_slow_client_holds_the_target_back(direct: bool, chunked: bool) -> None:
    total = 64 * MIB
    sent = [0]

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % total
        conversation.writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % framing)
        await push(conversation, total, sent=sent, chunked=chunked)
        assert (await conversation.head()).startswith(b"GET /next")
        await conversation.send(ok(b"next"))

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        assert await settled(sent) < BUFFERED
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        response = await asyncio.wait_for(client.response(), 30)
        assert len(response.body) == total
        # The connection to the target was paused; it must be usable again.
        await client.send(b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n")
        assert (await client.response()).body == b"next"
        assert target.connections == 1


async def test_response_flows_while_the_request_still_does(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            word = await conversation.exactly(5)
            await conversation.send(b"5\r\n%b\r\n" % word.upper())
        await conversation.send(b"0\r\n\r\n")

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 15\r\n\r\n")
        assert b"200" in await client.head()
        for word in (b"alpha", b"bravo", b"charl"):
            await client.send(word)
            assert await client.exactly(10) == b"5\r\n%b\r\n" % word.upper()
        assert await client.exactly(5) == b"0\r\n\r\n"


async def test_small_pieces_are_passed_on_as_they_come(direct: bool) -> None:
    step = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number in range(3):
            await conversation.send(b"data: %d\n\n" % number)
            await step.wait()
            step.clear()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        for number in range(3):
            await client.until(b"data: %d\n\n" % number)
            step.set()
        await client.until(b"\r\n0\r\n\r\n")


BROKEN_OFF = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
    "malformed": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nzz\r\n",
}


@pytest.mark.parametrize("answer", BROKEN_OFF.values(), ids=BROKEN_OFF.keys())
async def test_response_that_breaks_off_never_looks_complete(direct: bool, answer: bytes) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        begun, _, rest = answer.partition(b"part")
        await conversation.send(begun + b"part")
        await asyncio.sleep(0.1)
        await conversation.send(rest)
        conversation.close()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        with pytest.raises(ConnectionError):
            await client.rest()
        record = await lb.record()
        assert (record.status, record.target_status) == (200, 200)
        await lb.idle()


async def test_old_client_sees_a_reset_where_a_clean_end_would_lie(direct: bool) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n")
        await asyncio.sleep(0.1)
        conversation.close()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(b"GET / HTTP/1.0\r\nHost: h\r\n\r\n")
        with pytest.raises(ConnectionError):
            await client.rest()


async def ends(lb: Plane, client: Conversation, how: str) -> None:
    if how == "reset":
        client.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0"
        )
    client.reset()


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_client_that_leaves_while_waiting_frees_the_target(direct: bool, how: str) -> None:
    gone = asyncio.Event()
    asked = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        asked.set()
        assert await conversation.closed()
        gone.set()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await asked.wait()
        await ends(lb, client, how)
        await asyncio.wait_for(gone.wait(), 5)
        record = await lb.record()
        assert (record.status, record.target_status) == (460, 0)
        await lb.idle()


async def test_client_that_leaves_in_the_middle_of_its_request_ends_it(direct: bool) -> None:
    received: list[bytes] = []

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        try:
            while piece := await conversation.reader.read(65536):
                received.append(piece)
        finally:
            received.append(b"END")

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"
        )
        async with asyncio.timeout(5):
            while not received:
                await asyncio.sleep(0.01)
        await ends(lb, client, "close")
        async with asyncio.timeout(5):
            while received[-1] != b"END":
                await asyncio.sleep(0.01)
        assert b"".join(received) == b"4\r\npart\r\nEND"
        assert (await lb.record()).status == 400
        await lb.idle()


async def test_client_that_leaves_in_the_middle_of_a_response_frees_the_target(direct: bool) -> None:
    gone = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
        assert await conversation.closed()
        gone.set()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        client = await lb.connect(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await client.until(b"part")
        await ends(lb, client, "close")
        await asyncio.wait_for(gone.wait(), 5)
        await lb.idle()
        assert (await lb.record()).status == 200
