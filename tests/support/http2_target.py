"""A target on h2 that does as it is told: settings, windows, resets, GOAWAY, raw frames.

Heads of requests are kept in `seen`, bodies in `bodies`; what is answered is a test's to say.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from typing import Any, Self

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    DataReceived,
    PingReceived,
    RequestReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.settings import SettingCodes, Settings

from lb.settings import ProtocolVersion
from lb.upstream.http2.connection import Http2Connection
from tests.support.data_plane import WAIT, Plane
from tests.support.http2_client import frame

HTTP2 = {"protocol_version": ProtocolVersion.HTTP2}
"""Members of a target group."""
Pairs = Sequence[tuple[str | bytes, str | bytes]]
GOAWAY = 7


class Link:
    """One connection of the load balancer."""

    def __init__(
        self, target: Http2Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.target = target
        self._reader, self._writer = reader, writer
        self.h2 = H2Connection(
            H2Configuration(
                client_side=False,
                header_encoding="latin-1",
                validate_inbound_headers=False,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        self.h2.local_settings = Settings(client=False, initial_values=target.settings)
        self.requests: list[int] = []
        self.goaways: list[tuple[int, int]] = []
        self.closed = False
        self.h2.initiate_connection()
        self.flush()

    def flush(self) -> None:
        """Write what h2 made."""
        data = self.h2.data_to_send()
        if data and not self._writer.is_closing():
            self._writer.write(data)

    def raw(self, data: bytes) -> None:
        """Write any bytes, past h2."""
        self.flush()
        self._writer.write(data)

    def goaway(self, last: int, code: int = 0) -> None:
        """Send GOAWAY and go on."""
        self.raw(frame(GOAWAY, 0, 0, last.to_bytes(4, "big") + code.to_bytes(4, "big")))

    def answer(
        self,
        stream: int,
        body: bytes = b"ok",
        *,
        status: int = 200,
        headers: Pairs = (),
        trailers: Pairs = (),
    ) -> None:
        """Send a whole response; the body must fit the windows."""
        self.begin(stream, status=status, headers=headers, end=not body and not trailers)
        if body:
            self.h2.send_data(stream, body, end_stream=not trailers)
        if trailers:
            self.h2.send_headers(stream, trailers, end_stream=True)
        self.flush()

    def begin(self, stream: int, *, status: int = 200, headers: Pairs = (), end: bool = False) -> None:
        """Send a head."""
        self.h2.send_headers(stream, [(":status", str(status)), *headers], end_stream=end)
        self.flush()

    def reset(self, stream: int, code: int) -> None:
        """Send RST_STREAM."""
        self.h2.reset_stream(stream, code)
        self.flush()

    def fill(self, stream: int) -> int:
        """Send as much of an endless body as windows allow now; return how much."""
        sent = 0
        while (size := min(self.h2.local_flow_control_window(stream), 16384)) > 0:
            self.h2.send_data(stream, bytes(size))
            sent += size
        self.flush()
        return sent

    def abort(self) -> None:
        """End the connection without a word."""
        self._writer.transport.abort()

    async def run(self) -> None:
        """Serve until the connection ends."""
        buffer = b""
        preface = 24
        try:
            while data := await self._reader.read(256 * 1024):
                buffer += data
                if preface and len(buffer) >= preface:
                    self.h2.receive_data(buffer[:preface])
                    buffer, preface = buffer[preface:], 0
                while not preface and len(buffer) >= 9:
                    size = 9 + int.from_bytes(buffer[:3], "big")
                    if len(buffer) < size:
                        break
                    self._take(buffer[:size])
                    buffer = buffer[size:]
                self.flush()
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            self.closed = True
            self._writer.close()

    def _take(self, one: bytes) -> None:
        if one[3] == GOAWAY:
            self.goaways.append((int.from_bytes(one[9:13], "big"), int.from_bytes(one[13:17], "big")))
            return
        for event in self.h2.receive_data(one):
            self._note(event)

    def _note(self, event: Any) -> None:
        target = self.target
        if isinstance(event, RequestReceived):
            stream = event.stream_id
            self.requests.append(stream)
            target.seen.append([(str(name), str(value)) for name, value in event.headers])
            target.bodies[self, stream] = bytearray()
            target.on_request(self, stream)
        elif isinstance(event, DataReceived):
            target.bodies[self, event.stream_id] += event.data
            if not target.holding and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, TrailersReceived):
            target.trailers.append([(str(name), str(value)) for name, value in event.headers])
        elif isinstance(event, StreamEnded):
            target.on_complete(self, event.stream_id)
        elif isinstance(event, StreamReset):
            target.resets.append((event.stream_id, int(event.error_code)))
        elif isinstance(event, PingReceived):
            target.pings += 1


Act = Callable[[Link, int], None]


def nothing(link: Link, stream: int) -> None:
    """Say nothing."""


def ok(link: Link, stream: int) -> None:
    """Answer `ok`."""
    link.answer(stream)


class Http2Target:
    """Listens on 127.0.0.1; `settings` by their h2 names in lower case."""

    def __init__(
        self,
        on_complete: Act = ok,
        *,
        on_request: Act = nothing,
        tls: ssl.SSLContext | None = None,
        holding: bool = False,
        **settings: int,
    ) -> None:
        self.on_complete, self.on_request = on_complete, on_request
        self.settings = {SettingCodes[name.upper()]: value for name, value in settings.items()}
        self.holding = holding
        """Give no window back."""
        self.links: list[Link] = []
        self.seen: list[list[tuple[str, str]]] = []
        self.trailers: list[list[tuple[str, str]]] = []
        self.bodies: dict[tuple[Link, int], bytearray] = {}
        self.resets: list[tuple[int, int]] = []
        self.pings = 0
        self.port = 0
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def body(self) -> bytes:
        """What came as the body of the newest request."""
        return bytes(list(self.bodies.values())[-1])

    def value(self, name: str, request: int = -1) -> list[str]:
        """Every value of a header of a request."""
        return [value for key, value in self.seen[request] if key == name]

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for something to become true."""
        async with asyncio.timeout(WAIT):
            while not condition():
                await asyncio.sleep(0.005)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        faults = [each for each in results if isinstance(each, Exception)]
        assert not faults, faults

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        link = Link(self, reader, writer)
        self.links.append(link)
        await link.run()


def connections(lb: Plane) -> list[Http2Connection]:
    """The connections to targets."""
    return [each for of_target in lb.runtime.pool._lanes.values() for each in of_target._connections]


def paths(target: Http2Target) -> list[str]:
    """Paths of the requests, in order."""
    return [dict(head)[":path"] for head in target.seen]
