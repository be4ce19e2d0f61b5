"""Limits of the pool's and the administration's doors, on raw sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from lb.door import Door
from lb.guarded import MAX_HEADERS, GuardedProtocol
from lb.sockets import Binding, bind_all, port_of


async def echo_length(_: Any, receive: Any, send: Any) -> None:
    """Answer how long the body was."""
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = str(length).encode()
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


class Impatient(GuardedProtocol):
    request_seconds = 0.2


@pytest.fixture(params=[GuardedProtocol])
async def port(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    bound = bind_all([("door", Binding("door", "127.0.0.1", 0))])["door"]
    door = Door(echo_length, bound, http=request.param)
    await door.start()
    yield port_of(bound)
    await door.stop(deadline=0, cut=asyncio.Event())


async def exchange(port: int, *pieces: bytes) -> bytes:
    """Send the pieces and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


CLOSE = b"Connection: close\r\n"


async def test_a_whole_request_is_served(port: int) -> None:
    assert (await exchange(port, b"GET / HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n")).endswith(b"\r\n\r\n0")


async def test_a_large_body_is_no_large_head(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n" + CLOSE + b"\r\n"
    assert (await exchange(port, head + b"x" * 300_000)).endswith(b"\r\n\r\n300000")


async def test_many_requests_on_a_connection_are_served(port: int) -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40000\r\n\r\n" + b"x" * 40_000
    last = b"GET / HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n"
    assert (await exchange(port, request, request, request, last)).count(b"200 OK") == 4


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"GET / HTTP/1.1\r\nX: ", *[b"x" * 10_000] * 60], id="header without end"),
        pytest.param([b"GET /", *[b"x" * 10_000] * 60], id="target without end"),
        pytest.param([b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * (MAX_HEADERS + 1) + b"\r\n"], id="too many"),
    ],
)
async def test_a_head_that_is_too_large_is_refused(port: int, pieces: list[bytes]) -> None:
    answer = await exchange(port, *pieces)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
    assert b"200 OK" not in answer


@pytest.mark.parametrize("port", [Impatient], indirect=True)
@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([], id="nothing at all"),
        pytest.param([b"GET / HTTP/1.1\r\nHost"], id="half a head"),
        pytest.param([b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"], id="half a body"),
    ],
)
async def test_a_request_that_never_ends_is_given_up(port: int, pieces: list[bytes]) -> None:
    assert (await exchange(port, *pieces)).startswith(b"HTTP/1.1 408 ")


async def test_a_retired_door_serves_one_more_request_of_a_kept_connection() -> None:
    bound = bind_all([("door", Binding("door", "127.0.0.1", 0))])["door"]
    door = Door(echo_length, bound, http=GuardedProtocol)
    await door.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(bound))
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
    writer.write(request)
    assert b"connection: close" not in await reader.readuntil(b"\r\n\r\n2")
    loop = asyncio.get_running_loop()
    retiring = asyncio.create_task(door.retire(deadline=loop.time() + 20, hurry=asyncio.Event()))
    await asyncio.sleep(0.15)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 20)
    assert b"connection: close" in answer
    assert answer.endswith(b"2")
    writer.close()
    await asyncio.wait_for(retiring, 20)
    await door.stop(deadline=0, cut=asyncio.Event())
