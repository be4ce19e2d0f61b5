"""Keeping, reusing, expiring and cutting connections to targets, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import pytest

from lb.reasons import Reason
from lb.settings import TargetGroupSettings, TargetSettings
from lb.targets.group import Target
from lb.targets.registry import TargetRegistry
from lb.upstream import connect as connect_module
from lb.upstream import pool as pool_module
from lb.upstream.connection import UpstreamConnection
from lb.upstream.pool import UpstreamPool
from tests.support.data_plane import Conversation, ScriptedTarget
from tests.support.named_tls import named_tls


async def hold(conversation: Conversation) -> None:
    await conversation.closed()


def target_on(port: int, host: str = "127.0.0.1", **group: Any) -> Target:
    registry = TargetRegistry()
    registry.apply({"app": TargetGroupSettings("app", "arn", targets=(TargetSettings(host, port),), **group)})
    target = registry.choose("app")
    assert target is not None
    return target


async def open_connection(pool: UpstreamPool, target: Target) -> UpstreamConnection | Reason:
    result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    pool.open(target, result.set_result, result.set_result)
    outcome: UpstreamConnection | Reason = await asyncio.wait_for(result, 5)
    return outcome


async def opened(pool: UpstreamPool, target: Target) -> UpstreamConnection:
    connection = await open_connection(pool, target)
    assert isinstance(connection, UpstreamConnection)
    return connection


@contextlib.asynccontextmanager
async def pooled() -> AsyncIterator[tuple[UpstreamPool, Target]]:
    pool = UpstreamPool(idle_timeout=60)
    async with ScriptedTarget(hold) as scripted:
        yield pool, target_on(scripted.port)
        await pool.aclose()


async def test_connection_used_last_is_used_next() -> None:
    async with pooled() as (pool, target):
        first, second = await opened(pool, target), await opened(pool, target)
        pool.put(first)
        pool.put(second)
        assert pool.take(target) is second
        assert pool.take(target) is first
        assert pool.take(target) is None


async def test_lost_connection_is_forgotten() -> None:
    async with pooled() as (pool, target):
        connection = await opened(pool, target)
        pool.put(connection)
        connection.transport.abort()
        assert pool.take(target) is None, "closing is as good as closed"
        await asyncio.sleep(0.01)
        assert "open=0" in repr(pool)


async def test_idle_connections_expire_from_the_bottom() -> None:
    async with pooled() as (pool, target):
        old, young = await opened(pool, target), await opened(pool, target)
        pool.put(old)
        pool.put(young)
        old.idle_since -= 61
        pool.sweep(monotonic())
        assert old.transport.is_closing()
        assert pool.take(target) is young


async def test_idle_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "MAX_IDLE_PER_TARGET", 1)
    async with pooled() as (pool, target):
        first, second = await opened(pool, target), await opened(pool, target)
        pool.put(first)
        pool.put(second)
        assert second.transport.is_closing()
        assert pool.take(target) is first


async def test_released_target_loses_every_connection_and_gets_no_new_one() -> None:
    async with pooled() as (pool, target):
        idle, busy = await opened(pool, target), await opened(pool, target)
        pool.put(idle)
        target.released = True
        pool.release(target)
        assert idle.transport.is_closing()
        assert busy.transport.is_closing()
        assert await open_connection(pool, target) is Reason.TARGET_CLOSED


async def test_refused_connection_is_told(unused_tcp_port: int) -> None:
    pool = UpstreamPool(idle_timeout=60)
    assert await open_connection(pool, target_on(unused_tcp_port)) is Reason.TARGET_CONNECTION_REFUSED
    await pool.aclose()


async def test_connection_that_takes_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect_module, "CONNECT_TIMEOUT", 0.05)

    async def never(*_: object, **__: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
    pool = UpstreamPool(idle_timeout=60)
    assert await open_connection(pool, target_on(1)) is Reason.TARGET_CONNECT_TIMEOUT
    await pool.aclose()


async def test_closed_pool_keeps_nothing() -> None:
    async with pooled() as (pool, target):
        connection = await opened(pool, target)
        await pool.aclose()
        pool.put(connection)
        assert pool.take(target) is None
        assert connection.transport.is_closing()


async def test_repr_is_a_report() -> None:
    async with pooled() as (pool, target):
        connection = await opened(pool, target)
        pool.put(connection)
        assert repr(pool) == "UpstreamPool(idle=1 open=1 opening=0)"
        assert repr(connection) == f"UpstreamConnection({target.address} idle served=0)"


async def test_server_name_is_that_of_the_configuration() -> None:
    pool = UpstreamPool(idle_timeout=60)
    with named_tls("localhost") as tls:
        async with ScriptedTarget(hold, tls=tls.context) as scripted:
            await opened(pool, target_on(scripted.port, "localhost", protocol="HTTPS"))
            by_address = await open_connection(pool, target_on(scripted.port, protocol="HTTPS"))
            await pool.aclose()
        assert tls.asked == ["localhost", None]
    assert isinstance(by_address, Reason)
