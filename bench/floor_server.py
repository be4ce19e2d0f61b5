"""The least that a proxy in Python can be: `python -m bench.floor_server {bytes,parsed} PORT TARGET_PORT`.

Two asyncio protocols under uvloop that hand each other what they read, over kept connections. `bytes` does
not look at it; `parsed` sends it through httptools and writes it anew. Neither is fit for a network: no
limits, no rules, no flow control. What albacore costs above them is albacore's own.
"""

from __future__ import annotations

import asyncio
import gc
import sys

import httptools
import uvloop

TARGET_PORT = int(sys.argv[3]) if len(sys.argv) == 4 else 0
idle: list[Target] = []


class Target(asyncio.Protocol):
    """A connection to the target; `client` gets what it reads."""

    client: Client
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        # One read is one response: the target writes them whole.
        self.answer(data)

    def answer(self, data: bytes) -> None:
        """Hand a whole response to the client, if it is still there."""
        idle.append(self)
        if not self.client.transport.is_closing():
            self.client.transport.write(data)


class Client(asyncio.Protocol):
    """A client's connection."""

    transport: asyncio.Transport
    target: type[Target] = Target

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.send(data)

    def send(self, data: bytes) -> None:
        """Write to an idle connection, or to a new one."""
        if idle:
            target = idle.pop()
            target.client = self
            target.transport.write(data)
        else:
            self.task = asyncio.get_running_loop().create_task(self.open(data))

    async def open(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        _, target = await loop.create_connection(self.target, "127.0.0.1", TARGET_PORT)
        target.client = self
        target.transport.write(data)


class Message:
    """What httptools tells of one message after another."""

    def begin(self) -> None:
        """Be ready for the next message."""
        self.pieces: list[bytes] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.pieces += (name, b": ", value, b"\r\n")

    def on_headers_complete(self) -> None:
        self.pieces.append(b"\r\n")

    def on_body(self, data: bytes) -> None:
        self.pieces.append(data)


class ParsedTarget(Message, Target):
    """A connection to the target whose responses are parsed and written anew."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.parser = httptools.HttpResponseParser(self)
        self.begin()

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        response = b"HTTP/1.1 %d OK\r\n" % self.parser.get_status_code() + b"".join(self.pieces)
        self.begin()
        self.answer(response)


class ParsedClient(Message, Client):
    """A client's connection whose requests are parsed and written anew."""

    target = ParsedTarget

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.parser = httptools.HttpRequestParser(self)
        self.begin()

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.url = url

    def on_message_complete(self) -> None:
        request = b"%b %b HTTP/1.1\r\n" % (self.parser.get_method(), self.url) + b"".join(self.pieces)
        self.begin()
        self.send(request)


async def serve(kind: type[Client], port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(kind, "127.0.0.1", port, backlog=4096)
    gc.freeze()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve({"bytes": Client, "parsed": ParsedClient}[sys.argv[1]], int(sys.argv[2])))
