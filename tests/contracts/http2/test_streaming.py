"""Bodies in motion over HTTP/2: windows both ways, slow peers, and streams that break off."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import pytest

from lb.reasons import Reason
from lb.settings import LoadBalancerAttributes
from tests.contracts.http2.conftest import Secure
from tests.support.data_plane import Conversation, ScriptedTarget, ok
from tests.support.http2_client import http2

MIB = 1024 * 1024
BUFFERED = 16 * MIB
"""More than kernel, transports and windows hold of one stream, far less than what is sent."""
INTERNAL_ERROR = 2


async def settled(count: Callable[[], int]) -> int:
    """Wait until a count no longer grows; return it."""
    last = -1
    async with asyncio.timeout(30):
        while count() != last or count() == 0:
            last = count()
            await asyncio.sleep(0.2)
    return last


def endless(sent: list[int], total: int = 32 * MIB) -> Callable[[Conversation], object]:
    """A target that sends `total` bytes at `/large`, and `small` elsewhere."""

    async def script(conversation: Conversation) -> None:
        while True:
            head = await conversation.reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET /large"):
                conversation.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
                while sent[0] < total:
                    conversation.writer.write(b"x" * 65536)
                    await conversation.writer.drain()
                    sent[0] += 65536
            else:
                await conversation.send(ok(b"small"))

    return script


async def test_slow_reader_of_one_stream_holds_its_target_and_nobody_else(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    sent = [0]
    async with (
        ScriptedTarget(endless(sent)) as target,  # type: ignore[arg-type]
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        client.held.add(1)
        # The connection's window stays open: only the stream's is shut.
        client.h2.increment_flow_control_window(MIB)
        large = client.request("/large")
        assert await settled(lambda: sent[0]) < BUFFERED
        assert len(client.answers[large].body) == 65535
        for _ in range(5):
            assert (await client.ask()).body == b"small"
        waiting = [stream.queued for each in lb.runtime.swept for stream in each.streams.values()]  # type: ignore[attr-defined]
        assert max(waiting) < MIB
        client.release(large)
        answer = await client.answer(large, seconds=60)
        assert len(answer.body) == 32 * MIB
        await lb.idle()


async def test_client_that_does_not_read_its_socket_grows_no_memory(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    sent = [0]
    async with (
        ScriptedTarget(endless(sent)) as target,  # type: ignore[arg-type]
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust, initial_window_size=2**31 - 1) as client,
    ):
        client.h2.increment_flow_control_window(2**30)
        large = client.request("/large")
        client.pause_reading()
        assert await settled(lambda: sent[0]) < BUFFERED
        client.resume_reading()
        assert len((await client.answer(large, seconds=60)).body) == 32 * MIB


async def test_slow_target_shuts_the_window_of_its_stream_alone(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    total = 32 * MIB
    go = asyncio.Event()

    async def script(conversation: Conversation) -> None:
        while True:
            if (await conversation.reader.readuntil(b"\r\n\r\n")).startswith(b"POST /slow"):
                await go.wait()
                size = 0
                while size < total:
                    piece = await conversation.reader.read(MIB)
                    assert piece
                    size += len(piece)
                await conversation.send(ok(b"%d" % size))
            else:
                await conversation.send(ok(await conversation.exactly(MIB)))

    async with (
        ScriptedTarget(script) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        slow = client.request("/slow", method="POST", headers=[("content-length", str(total))], end=False)
        sent = [0]

        async def push() -> None:
            piece = b"x" * 65536
            while sent[0] < total:
                while client.h2.local_flow_control_window(slow) < len(piece):
                    await asyncio.sleep(0.005)
                for start in range(0, len(piece), 16384):
                    client.h2.send_data(slow, piece[start : start + 16384])
                client.flush()
                await client.drain()
                sent[0] += len(piece)
            client.h2.end_stream(slow)
            client.flush()

        pushing = asyncio.create_task(push())
        assert await settled(lambda: sent[0]) < BUFFERED
        for _ in range(3):
            other = client.request("/", method="POST", headers=[("content-length", str(MIB))], end=False)
            await client.send_body(other, b"y" * MIB)
            assert len((await client.answer(other)).body) == MIB
        go.set()
        await asyncio.wait_for(pushing, 60)
        assert (await client.answer(slow)).body == b"%d" % total
        await lb.idle()


async def test_response_flows_while_the_request_still_does(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            word = await conversation.exactly(5)
            await conversation.send(b"5\r\n%b\r\n" % word.upper())
        await conversation.send(b"0\r\n\r\n")

    async with (
        ScriptedTarget(script) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request(method="POST", headers=[("content-length", "15")], end=False)
        answer = client.answers[stream]
        await client.until(lambda: answer.status)
        for number, word in enumerate((b"alpha", b"bravo", b"charl"), 1):
            await client.send_body(stream, word, end=number == 3)
            await client.until(lambda number=number: len(answer.body) == 5 * number)  # type: ignore[misc]
        assert (await client.answer(stream)).body == b"ALPHABRAVOCHARL"
        assert answer.complete


async def test_early_answer_stops_the_upload(secure: Secure, direct: bool, trust: ssl.SSLContext) -> None:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(ok(b"enough", extra=b"X-A: 1\r\n"))
        await conversation.closed()

    async with (
        ScriptedTarget(script) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request(method="POST", body=b"part", end=False)
        answer = await client.answer(stream)
        await client.until(lambda: answer.reset is not None)
        assert (answer.status, bytes(answer.body), answer.complete, answer.reset) == (200, b"enough", True, 0)
        await lb.idle()


BROKEN_OFF = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
    "malformed": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nzz\r\n",
}


@pytest.mark.parametrize("sent", BROKEN_OFF.values(), ids=BROKEN_OFF.keys())
async def test_response_that_breaks_off_never_looks_complete(
    secure: Secure, direct: bool, trust: ssl.SSLContext, sent: bytes
) -> None:
    async def script(conversation: Conversation) -> None:
        if b"/good" in await conversation.head():
            await conversation.send(ok(b"good"))
            return
        begun, _, rest = sent.partition(b"part")
        await conversation.send(begun + b"part")
        await asyncio.sleep(0.1)
        await conversation.send(rest)
        conversation.close()

    async with (
        ScriptedTarget(script) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        answer = await client.ask()
        assert (answer.complete, answer.reset) == (False, INTERNAL_ERROR)
        record = await lb.record()
        assert (record.status, record.target_status) == (200, 200)
        assert (await client.ask("/good")).body == b"good"
        await lb.idle()


@pytest.mark.parametrize("how", ["stream", "connection"])
async def test_client_that_leaves_while_waiting_frees_the_target(
    secure: Secure, direct: bool, trust: ssl.SSLContext, how: str
) -> None:
    gone, asked = asyncio.Event(), asyncio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        asked.set()
        assert await conversation.closed()
        gone.set()

    async with (
        ScriptedTarget(script) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request()
        await asked.wait()
        client.reset(stream) if how == "stream" else client.abort()
        await asyncio.wait_for(gone.wait(), 5)
        record = await lb.record()
        assert (record.status, record.reason, record.target_status) == (460, Reason.CLIENT_CLOSED, 0)
        await lb.idle()


async def test_client_that_resets_its_upload_ends_it_at_the_target(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    received: list[bytes] = []

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        try:
            while piece := await conversation.reader.read(65536):
                received.append(piece)
        finally:
            received.append(b"END")

    async with (
        ScriptedTarget(script) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request(method="POST", body=b"part", end=False)
        async with asyncio.timeout(5):
            while not received:
                await asyncio.sleep(0.01)
        client.reset(stream)
        async with asyncio.timeout(5):
            while received[-1] != b"END":
                await asyncio.sleep(0.01)
        assert b"".join(received) == b"4\r\npart\r\nEND"
        assert (await lb.record()).status == 400
        await lb.idle()


async def test_window_that_stays_shut_is_timed_out(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    """Both of a response that waits here whole, and of one whose target still sends."""
    attributes = LoadBalancerAttributes(idle_timeout_seconds=1)
    sent = [0]

    async def script(conversation: Conversation) -> None:
        if b"/large" in await conversation.head():
            conversation.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 64000000\r\n\r\n")
            while True:
                await conversation.send(b"x" * 65536)
        await conversation.send(ok(b"y" * 1000))

    async with (
        ScriptedTarget(script) as target,
        secure([target.port], direct=direct, attributes=attributes) as lb,
        http2(lb.port, trust, initial_window_size=0) as client,
    ):
        whole, large = client.request(), client.request("/large")
        await client.until(lambda: client.answers[whole].status and client.answers[large].status)
        for stream in (whole, large):
            answer = await client.answer(stream)
            assert (answer.complete, answer.reset, bytes(answer.body)) == (False, INTERNAL_ERROR, b"")
        assert sent == [0]
        await lb.record(2)
        await lb.idle()


async def test_window_that_opens_by_single_bytes_is_timed_out(secure: Secure, trust: ssl.SSLContext) -> None:
    attributes = LoadBalancerAttributes(idle_timeout_seconds=1)

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.send(ok(b"y" * 50_000))

    async with (
        ScriptedTarget(script) as target,
        secure([target.port], attributes=attributes) as lb,
        http2(lb.port, trust, initial_window_size=0) as client,
    ):
        stream = client.request()
        client.held.add(stream)
        answer = client.answers[stream]
        while answer.reset is None:
            client.h2.increment_flow_control_window(1, stream)
            client.flush()
            await asyncio.sleep(0.05)
        assert 0 < len(answer.body) < 100
        await lb.idle()


async def test_upload_that_falls_silent_is_answered_with_408(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    attributes = LoadBalancerAttributes(idle_timeout_seconds=1)

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        await conversation.closed()

    async with (
        ScriptedTarget(script) as target,
        secure([target.port], direct=direct, attributes=attributes) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request(method="POST", body=b"part", end=False)
        answer = client.answers[stream]
        while not answer.complete and answer.reset is None:
            # Empty frames are no sign of life.
            client.h2.send_data(stream, b"")
            client.flush()
            await asyncio.sleep(0.2)
        assert answer.status == 408
        await lb.idle()
