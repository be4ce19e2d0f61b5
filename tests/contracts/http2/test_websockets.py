"""WebSockets in clear text and over TLS, with a library at both ends."""

from __future__ import annotations

import asyncio
import ssl

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from lb.http2.choice import AlpnProtocol
from tests.contracts.http2.conftest import Secure
from tests.support.data_plane import WAIT, serving

MEGABYTE = 1024 * 1024


@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("closer", ["client", "target"])
async def test_large_frames_and_the_close_of_either_side(
    secure: Secure, trust: ssl.SSLContext, scheme: str, closer: str
) -> None:
    seen: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    async def talk(connection: ServerConnection) -> None:
        for _ in range(3):
            await connection.send(await connection.recv())
        if closer == "target":
            await connection.close(4001, "enough")
        await connection.wait_closed()
        seen.set_result((connection.close_code or 0, connection.close_reason or ""))

    async with serve(talk, "127.0.0.1", 0, max_size=None, compression=None) as server:
        port = server.sockets[0].getsockname()[1]  # type: ignore[index]
        plain = serving([port], http=AlpnProtocol)
        async with secure([port]) if scheme == "wss" else plain as lb:
            async with connect(
                f"{scheme}://localhost:{lb.port}/chat",
                ssl=trust if scheme == "wss" else None,
                proxy=None,
                host="127.0.0.1",
                max_size=None,
                compression=None,
            ) as client:
                for letter in b"abc":
                    message = bytes([letter]) * MEGABYTE
                    await client.send(message)
                    assert await client.recv() == message
                if closer == "client":
                    await client.close(4002, "bye")
                else:
                    with pytest.raises(ConnectionClosed):
                        await client.recv()
                said = (client.close_code, client.close_reason)
            assert said == await asyncio.wait_for(seen, WAIT)
            assert said == ((4002, "bye") if closer == "client" else (4001, "enough"))
            record = await lb.record()
            assert (record.type, record.status) == (scheme, 101)
            assert record.sent_bytes > 3 * MEGABYTE
            await lb.idle()
