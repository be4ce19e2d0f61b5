"""Telling a slow peer from a silent one, with a kernel that tells and one that does not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from lb.backlog import Backlog

Pair = tuple[asyncio.Transport, socket.socket]


@pytest.fixture(params=[True, False], ids=["TCP_INFO", "without TCP_INFO"])
async def pair(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pair]:
    if not request.param:
        # An option that no socket has.
        monkeypatch.setattr(socket, "TCP_INFO", 9999)
    loop = asyncio.get_running_loop()
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        transport, _ = await loop.create_connection(asyncio.Protocol, *listening.getsockname())
        peer, _ = listening.accept()
        peer.setblocking(False)
        with peer:
            yield transport, peer
            transport.abort()


async def test_peer_that_reads_nothing_is_stalled(pair: Pair) -> None:
    transport, _ = pair
    transport.write(b"x" * 10_000_000)
    await asyncio.sleep(0.1)
    backlog = Backlog(transport)
    assert backlog.left() > 5_000_000
    assert [backlog.stalled(now) for now in (10.0, 11.0, 15.0)] == [0, 1, 5]


async def test_peer_that_reads_a_little_is_not(pair: Pair) -> None:
    transport, peer = pair
    transport.write(b"x" * 10_000_000)
    await asyncio.sleep(0.1)
    backlog = Backlog(transport)
    for now in range(5):
        assert backlog.stalled(float(now)) == 0
        for _ in range(8):
            await asyncio.get_running_loop().sock_recv(peer, 4096)
            await asyncio.sleep(0.02)


async def test_peer_that_has_everything_is_not_stalled(pair: Pair) -> None:
    transport, _ = pair
    backlog = Backlog(transport)
    assert not backlog.taking()
    assert [backlog.stalled(now) for now in (10.0, 20.0)] == [0, 0]
    transport.write(b"x" * 100)
    await asyncio.sleep(0.05)
    assert backlog.left() == 0
    assert backlog.stalled(30.0) == 0


async def test_closed_connection_has_nothing_left(pair: Pair) -> None:
    transport, _ = pair
    transport.abort()
    await asyncio.sleep(0.05)
    assert Backlog(transport).left() == 0
