"""Slow readers behind TLS, where buffers are larger and less visible: waited for while they take anything."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable

import pytest

from lb.settings import LoadBalancerAttributes
from tests.contracts.http2.conftest import Secure
from tests.support.data_plane import Conversation, Plane, ScriptedTarget
from tests.support.http2_client import http2

MIB = 1024 * 1024
IDLE = LoadBalancerAttributes(idle_timeout_seconds=2)
SIZES = pytest.mark.parametrize("size", [60_000, 4 * MIB], ids=["in buffers", "streamed"])
ENDS = pytest.mark.parametrize("end", ["keep-alive", "close"])


def sending(size: int) -> Callable[[Conversation], object]:
    async def script(conversation: Conversation) -> None:
        await conversation.head()
        conversation.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        while await conversation.reader.read(1024):
            pass

    return script


def open_narrow(lb: Plane, trust: ssl.SSLContext) -> ssl.SSLSocket:
    """Connect with hardly any buffer on either side; blocks, for a thread of its own."""
    lb.door.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    plain = socket.socket()
    plain.settimeout(10)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.connect(("127.0.0.1", lb.port))
    return trust.wrap_socket(plain, server_hostname="localhost")


def read_slowly(client: ssl.SSLSocket, size: int) -> int:
    """Read at 15 KB/s for longer than the idle timeout, then the rest."""
    taken, began = 0, time.monotonic()
    while taken < size:
        slow = time.monotonic() - began < 5
        data = client.recv(1500 if slow else MIB)
        if not data:
            break
        taken += len(data)
        if slow:
            time.sleep(0.1)
    return taken


@SIZES
@ENDS
async def test_http_1_client_that_reads_slowly_is_waited_for(
    secure: Secure, direct: bool, trust: ssl.SSLContext, size: int, end: str
) -> None:
    request = f"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: {end}\r\n\r\n".encode()
    async with (
        ScriptedTarget(sending(size)) as target,  # type: ignore[arg-type]
        secure([target.port], direct=direct, attributes=IDLE) as lb,
    ):
        with contextlib.closing(await asyncio.to_thread(open_narrow, lb, trust)) as client:
            client.sendall(request)
            assert await asyncio.to_thread(read_slowly, client, size) >= size
            record = await lb.record()
            assert (record.status, record.reason) == (200, None)


@SIZES
@ENDS
async def test_http_1_client_that_reads_nothing_is_cut(
    secure: Secure, direct: bool, trust: ssl.SSLContext, size: int, end: str
) -> None:
    request = f"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: {end}\r\n\r\n".encode()
    async with (
        ScriptedTarget(sending(size)) as target,  # type: ignore[arg-type]
        secure([target.port], direct=direct, attributes=IDLE) as lb,
    ):
        with contextlib.closing(await asyncio.to_thread(open_narrow, lb, trust)) as client:
            client.sendall(request)
            await lb.record()
            async with asyncio.timeout(12):
                while lb.runtime.swept:
                    await asyncio.sleep(0.05)
            await lb.idle()


async def test_http_2_client_that_reads_its_socket_slowly_is_waited_for(
    secure: Secure, direct: bool, trust: ssl.SSLContext
) -> None:
    size = 3 * MIB
    async with (
        ScriptedTarget(sending(size)) as target,  # type: ignore[arg-type]
        secure([target.port], direct=direct, attributes=IDLE) as lb,
    ):
        lb.door.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        async with http2(lb.port, trust, initial_window_size=2**31 - 1) as client:
            client.h2.increment_flow_control_window(2**30)
            large = client.request("/large")
            end = asyncio.get_running_loop().time() + 5
            while asyncio.get_running_loop().time() < end:
                client.pause_reading()
                await asyncio.sleep(0.3)
                client.resume_reading()
                await asyncio.sleep(0)
            assert len((await client.answer(large, seconds=30)).body) == size
