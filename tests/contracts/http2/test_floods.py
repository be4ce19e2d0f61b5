"""What attackers of HTTP/2 servers do; each must end with its own connection and cost little before."""

from __future__ import annotations

import asyncio
import ssl
import tracemalloc
from collections.abc import Callable

import pytest

from lb.settings import LoadBalancerAttributes
from tests.contracts.http2.conftest import Secure
from tests.support.data_plane import Conversation, ScriptedTarget, answering, ok
from tests.support.http2_client import Http2Client, frame, http2

CALM = 11
FRAME_SIZE_ERROR = 6
DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION, UNKNOWN = range(11)
END_STREAM, END_HEADERS = 1, 4
GET = b"\x82\x87\x84\x41\x01a"
"""Header block: GET https://a/."""


def open_and_reset(number: int) -> bytes:
    stream = 2 * number + 1
    return frame(HEADERS, END_STREAM | END_HEADERS, stream, GET) + frame(RESET, 0, stream, b"\0\0\0\x08")


FLOODS: dict[str, Callable[[int], bytes]] = {
    "ping": lambda number: frame(PING, 0, 0, bytes(8)),
    "ping answers": lambda number: frame(PING, 1, 0, bytes(8)),
    "settings": lambda number: frame(SETTINGS, 0, 0),
    "settings of many": lambda number: frame(
        SETTINGS,
        0,
        0,
        b"".join((0x1000 + number * 8 + each).to_bytes(2, "big") + bytes(4) for each in range(8)),
    ),
    "settings of windows": lambda number: frame(SETTINGS, 0, 0, b"\0\x04" + (number & 1).to_bytes(4, "big")),
    "priority": lambda number: frame(PRIORITY, 0, 2 * number + 1001, bytes(4) + b"\x10"),
    "window updates": lambda number: frame(WINDOW, 0, 0, b"\0\0\0\x01"),
    "resets": open_and_reset,
    "unknown frames": lambda number: frame(0xEE, 0, 0, b"x"),
    "goodbyes": lambda number: frame(GOAWAY, 0, 0, bytes(8)),
    "resets of nothing": lambda number: frame(RESET, 0, 1, b"\0\0\0\x08"),
    "malformed requests": lambda number: frame(
        HEADERS, END_STREAM | END_HEADERS, 2 * number + 3, GET + b"\x00\x01X\x01y"
    ),
}


async def overrun(client: Http2Client, make: Callable[[int], bytes], *, limit: int = 20_000) -> int:
    """Send frames until the connection ends; return how many were sent."""
    number = 0
    while not client.closed and not client.goaways and number < limit:
        client.raw(b"".join(make(number + each) for each in range(20)))
        number += 20
        await client.drain()
        await asyncio.sleep(0)
    return number


@pytest.mark.parametrize("make", FLOODS.values(), ids=FLOODS.keys())
async def test_flood_ends_its_connection(
    secure: Secure, trust: ssl.SSLContext, make: Callable[[int], bytes]
) -> None:
    async with (
        ScriptedTarget(slow) as target,
        secure([target.port]) as lb,
        http2(lb.port, trust) as client,
    ):
        opener = client.request()
        await client.until(lambda: client.settings)
        client.request("/", end=False) if make is FLOODS["resets of nothing"] else None
        try:
            number = await overrun(client, (lambda n: make(n + 5)) if make is open_and_reset else make)
        except ConnectionError:
            number = 0
        assert number < 20_000
        await client.ended()
        assert [code for _, code in client.goaways] in ([CALM], [])
        assert opener in client.answers
        await lb.idle()
        async with http2(lb.port, trust) as other:
            assert (await other.ask("/quick")).status == 200


async def slow(conversation: Conversation) -> None:
    while True:
        if b"/quick" in await conversation.reader.readuntil(b"\r\n\r\n"):
            await conversation.send(ok())


async def test_reset_streams_of_one_batch_reach_no_target(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        secure([target.port]) as lb,
        http2(lb.port, trust) as client,
    ):
        client.raw(b"".join(open_and_reset(number) for number in range(50)))
        record = await lb.record(50)
        assert (record.status, record.target) == (460, "")
        assert seen == []
        await lb.idle()


async def test_empty_data_flood_ends_its_connection(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        ScriptedTarget(slow) as target,
        secure([target.port]) as lb,
        http2(lb.port, trust) as client,
    ):
        client.request(method="POST", end=False)
        assert await overrun(client, lambda number: frame(DATA, 0, 1)) < 2000
        await client.ended()
        await lb.idle()


async def test_data_for_a_closed_stream_is_bounded(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        ScriptedTarget(answering(ok())) as target,
        secure([target.port]) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request(method="POST", end=False)
        await client.answer(stream)
        assert await overrun(client, lambda number: frame(DATA, 0, stream, b"x")) < 2000


HEADS: dict[str, tuple[Callable[[int], bytes], int]] = {
    "one long block": (lambda n: frame(HEADERS, END_STREAM | END_HEADERS, 1, GET + bytes(9000)), CALM),
    "continuations": (lambda n: frame(CONTINUATION, 0, 1, b"\x00\x01a\x7f" + bytes(96)), CALM),
    "empty continuations": (lambda n: frame(CONTINUATION, 0, 1), CALM),
}


@pytest.mark.parametrize(("make", "code"), HEADS.values(), ids=HEADS.keys())
async def test_header_block_beyond_8_kib_ends_the_connection(
    secure: Secure, trust: ssl.SSLContext, make: Callable[[int], bytes], code: int
) -> None:
    async with secure([]) as lb, http2(lb.port, trust) as client:
        await client.until(lambda: client.settings)
        if make(0)[3] == CONTINUATION:
            client.raw(frame(HEADERS, END_STREAM, 1, GET))
        assert await overrun(client, make) < 1000
        await client.ended()
        assert client.goaways[0][1] in (code, 1)
        if make is HEADS["one long block"][0]:
            record = await lb.record()
            assert (record.type, record.status) == ("h2", 0)


async def test_header_bomb_ends_the_connection(secure: Secure, trust: ssl.SSLContext) -> None:
    """A few kilobytes of references to one large header in the table (CVE-2016-6581)."""
    async with secure([]) as lb, http2(lb.port, trust) as client:
        await client.until(lambda: client.settings)
        large = b"\x40\x01a\x7f\x9d\x1e" + b"x" * 3996
        client.raw(frame(HEADERS, END_STREAM | END_HEADERS, 1, GET + large + b"\xbe" * 4000))
        await client.ended()
        assert client.goaways[0][1] == CALM


async def test_frame_beyond_the_announced_size_is_refused_by_its_head(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    async with secure([]) as lb, http2(lb.port, trust) as client:
        await client.until(lambda: client.settings)
        client.raw((16385).to_bytes(3, "big") + bytes([DATA, 0]) + (1).to_bytes(4, "big"))
        await client.ended()
        assert client.goaways == [(0, FRAME_SIZE_ERROR)]


async def test_header_block_that_never_ends_is_timed_out(secure: Secure, trust: ssl.SSLContext) -> None:
    attributes = LoadBalancerAttributes(idle_timeout_seconds=1)
    async with (
        ScriptedTarget(slow) as target,
        secure([target.port], attributes=attributes) as lb,
        http2(lb.port, trust) as client,
    ):
        client.raw(frame(HEADERS, END_STREAM, 1, GET))
        while not client.goaways:
            client.raw(frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b"))
            await asyncio.sleep(0.2)
        await client.ended()
        await lb.idle()


async def test_a_table_that_the_client_allows_to_be_large_costs_nothing(
    secure: Secure, trust: ssl.SSLContext
) -> None:
    extra = b"X-Large: " + b"x" * 20_000 + b"\r\n"
    async with (
        ScriptedTarget(answering(ok(extra=extra))) as target,
        secure([target.port]) as lb,
        http2(lb.port, trust, header_table_size=2**31 - 1) as client,
    ):
        await client.ask()
        tracemalloc.start()
        try:
            for _ in range(50):
                assert len((await client.ask()).value("x-large")) == 20_000
            client.answers.clear()
            current, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert current < 600_000
