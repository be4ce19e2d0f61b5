"""Messages over a socket pair."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import pytest

from lb.workers.link import MAX_BYTES, Link

Pair = tuple[Link, socket.socket]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    mine, its = socket.socketpair()
    link = await Link.open(mine)
    yield link, its
    link.close()
    its.close()


async def test_messages_arrive_in_order_however_they_are_cut(pair: Pair) -> None:
    link, raw = pair
    other = await Link.open(raw.dup())
    other.send({"type": "ask", "id": 1})
    other.send({"type": "answer", "value": "x" * 300_000})
    await other.drain()
    assert await link.receive() == {"type": "ask", "id": 1}
    message = await link.receive()
    assert message is not None
    assert len(message["value"]) == 300_000
    other.close()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\x00\x00\x00\x05{}",
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x01{",
        (MAX_BYTES + 1).to_bytes(4, "big"),
    ],
    ids=["end", "half a length", "half a message", "no object", "no JSON", "too long"],
)
async def test_what_cannot_be_understood_is_the_end(pair: Pair, data: bytes) -> None:
    link, raw = pair
    raw.sendall(data)
    raw.shutdown(socket.SHUT_WR)
    assert await link.receive() is None


async def test_sending_to_nobody_does_not_fail(pair: Pair) -> None:
    link, raw = pair
    raw.close()
    for _ in range(3):
        link.send({"type": "open"})
        await link.drain()
    assert await link.receive() is None
