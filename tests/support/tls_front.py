"""An https front before a plain port, with a certificate of a throw-away authority.

Third-party clients that insist on https reach the plain listeners of a test through it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority and the file that tells clients to trust it."""

    ca: trustme.CA
    pem: Path

    def server_context(self) -> ssl.SSLContext:
        """A TLS context for localhost."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        return context

    def client_context(self) -> ssl.SSLContext:
        """A TLS context of a client that trusts this authority alone."""
        return ssl.create_default_context(cafile=str(self.pem))


def make_authority(folder: Path) -> Authority:
    """Make an authority whose certificate is in `folder`."""
    ca = trustme.CA()
    pem = folder / "test-ca.pem"
    ca.cert_pem.write_to_path(str(pem))
    return Authority(ca, pem)


@contextlib.contextmanager
def tls_front(authority: Authority, backend_port: int) -> Iterator[int]:
    """Accept https on the returned port and pass the bytes to `backend_port` of 127.0.0.1."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    front = _Front(authority.server_context(), backend_port)
    port = asyncio.run_coroutine_threadsafe(front.start(), loop).result(10)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(front.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Front:
    def __init__(self, context: ssl.SSLContext, backend_port: int):
        self._context = context
        self._backend_port = backend_port
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._context)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._backend_port)
        try:
            await asyncio.gather(_pump(reader, back_writer), _pump(back_reader, writer))
        finally:
            for stream in (writer, back_writer):
                stream.close()
                with contextlib.suppress(OSError):
                    await stream.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
