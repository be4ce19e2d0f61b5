"""How HTTP/2 connections end: gracefully, by GOAWAY, without losing a request."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import pytest

import lb.http2.protocol
from lb.http2.protocol import Http2Protocol
from lb.settings import LoadBalancerAttributes
from tests.contracts.http2.conftest import Secure
from tests.support.data_plane import Conversation, Plane, ScriptedTarget, answering, ok
from tests.support.http2_client import Http2Client, frame, http2

NO_ERROR = 0
ANNOUNCED = (2**31 - 1, NO_ERROR)
GOAWAY, PING = 7, 6


class Waiting:
    """A target that answers when told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Semaphore(0)
        self.go = asyncio.Event()

    async def script(self, conversation: Conversation) -> None:
        while True:
            await conversation.reader.readuntil(b"\r\n\r\n")
            self.asked.release()
            await self.go.wait()
            await conversation.send(ok(b"late"))


@contextlib.asynccontextmanager
async def stopping(plane: Plane) -> AsyncIterator[None]:
    """Drain the listener meanwhile."""
    stop = asyncio.create_task(
        plane.door.stop(deadline=asyncio.get_running_loop().time() + 20, cut=asyncio.Event())
    )
    try:
        yield
    finally:
        await stop


async def test_drain_serves_what_is_in_flight_and_what_crosses_the_goaway(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    waiting = Waiting()
    async with (
        ScriptedTarget(waiting.script) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        first = client.request()
        await waiting.asked.acquire()
        # Nothing is read: the announcement and its PING stay unanswered while a request is on its way.
        client.pause_reading()
        async with stopping(lb):
            await asyncio.sleep(0.3)
            second = client.request()
            await waiting.asked.acquire()
            client.resume_reading()
            await client.until(lambda: len(client.goaways) == 2)
            assert client.goaways == [ANNOUNCED, (second, NO_ERROR)]
            refused = client.request()
            assert (await client.answer(refused)).reset == 7
            waiting.go.set()
            for stream in (first, second):
                assert (await client.answer(stream)).body == b"late"
            await client.ended()


async def test_idle_connection_leaves_at_once_when_draining(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        ScriptedTarget(answering(ok())) as target,
        secure([target.port]) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request()
        await client.answer(stream)
        began = monotonic()
        async with stopping(lb):
            await client.ended()
        assert client.goaways == [ANNOUNCED, (stream, NO_ERROR)]
        assert monotonic() - began < 3


async def test_goaway_after_so_many_requests(
    secure: Secure, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lb.http2.protocol.MAX_REQUESTS == 10_000
    monkeypatch.setattr(lb.http2.protocol, "MAX_REQUESTS", 5)
    async with (
        ScriptedTarget(answering(ok())) as target,
        secure([target.port]) as plane,
        http2(plane.port, trust) as client,
    ):
        for _ in range(4):
            assert (await client.ask()).status == 200
        assert client.goaways == []
        assert (await client.ask()).status == 200
        await client.ended()
        assert client.goaways == [ANNOUNCED, (9, NO_ERROR)]


@pytest.mark.parametrize("busy", [True, False], ids=["busy", "idle"])
async def test_connection_does_not_outlive_its_lifetime(
    secure: Secure, trust: ssl.SSLContext, busy: bool
) -> None:
    attributes = LoadBalancerAttributes(client_keep_alive_seconds=1)
    async with (
        ScriptedTarget(answering(ok())) as target,
        secure([target.port], attributes=attributes) as lb,
        http2(lb.port, trust) as client,
    ):
        answers = [await client.ask()]
        while busy and not client.goaways:
            answers.append(await client.ask())
            await asyncio.sleep(0.05)
        await client.ended()
        assert client.goaways[0] == ANNOUNCED
        assert {answer.status for answer in answers} == {200}


async def test_pings_do_not_keep_an_idle_connection(secure: Secure, trust: ssl.SSLContext) -> None:
    attributes = LoadBalancerAttributes(idle_timeout_seconds=1)
    async with secure([], attributes=attributes) as lb, http2(lb.port, trust) as client:
        began = monotonic()
        while not client.goaways:
            client.h2.ping(b"01234567")
            client.flush()
            await asyncio.sleep(0.1)
        await client.ended()
        assert client.pongs > 3
        assert monotonic() - began < 5
        assert lb.records == []


async def test_connection_that_never_speaks_is_closed(secure: Secure, trust: ssl.SSLContext) -> None:
    attributes = LoadBalancerAttributes(idle_timeout_seconds=1)
    async with secure([], attributes=attributes) as lb:
        trust.set_alpn_protocols(["h2"])
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", lb.port, ssl=trust, server_hostname="localhost"
        )
        async with asyncio.timeout(6):
            data = await reader.read()
        assert data.endswith(frame(GOAWAY, 0, 0, bytes(8)))
        writer.close()


async def test_client_that_says_goodbye_still_gets_its_answers(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    waiting = Waiting()
    async with (
        ScriptedTarget(waiting.script) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        stream = client.request()
        await waiting.asked.acquire()
        goodbye = frame(GOAWAY, 0, 0, bytes(8) + b"bye")
        for start in range(0, len(goodbye), 5):
            client.raw(goodbye[start : start + 5])
            await asyncio.sleep(0.01)
        waiting.go.set()
        assert (await client.answer(stream)).body == b"late"
        await client.ended()


async def test_more_streams_than_announced_are_refused_one_by_one(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    waiting = Waiting()
    async with (
        ScriptedTarget(waiting.script) as target,
        secure([target.port], direct=direct) as lb,
        http2(lb.port, trust) as client,
    ):
        streams = [client.request() for _ in range(128)]
        refused = client.request_past_limits()
        assert (await client.answer(refused)).reset == 7
        waiting.go.set()
        for stream in streams:
            assert (await client.answer(stream, seconds=20)).status == 200
        assert (await client.ask()).status == 200
        assert client.goaways == []
        await lb.idle()


async def test_nothing_of_a_connection_stays_behind(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    async with ScriptedTarget(answering(ok())) as target, secure([target.port], direct=direct) as lb:
        for _ in range(3):
            async with http2(lb.port, trust) as client:
                await client.ask()
        async with asyncio.timeout(5):
            while any(isinstance(each, Http2Protocol) for each in lb.runtime.swept):
                await asyncio.sleep(0.01)
        assert not lb.door.server_state.connections
        assert not lb.door.server_state.tasks
        await lb.idle()


def protocol_of(plane: Plane) -> Any:
    """The one HTTP/2 connection of a plane."""
    (found,) = (each for each in plane.runtime.swept if isinstance(each, Http2Protocol))
    return found


async def test_closed_streams_are_forgotten(secure: Secure, trust: ssl.SSLContext) -> None:
    async with (
        ScriptedTarget(answering(ok())) as target,
        secure([target.port]) as lb,
        http2(lb.port, trust) as client,
    ):
        for _ in range(200):
            await client.ask()
        protocol = protocol_of(lb)
        assert protocol.streams == {}
        assert len(protocol.session.streams) < 100
        assert isinstance(client, Http2Client)
