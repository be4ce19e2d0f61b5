"""An HTTP/2 client on h2 that does what libraries refuse to: break rules, hold windows shut, send raw frames.

GOAWAY is kept from h2, which would forget the streams in flight.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    DataReceived,
    PingAckReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.settings import SettingCodes, Settings

from tests.support.data_plane import WAIT

Pairs = Sequence[tuple[str | bytes, str | bytes]]


@dataclass(slots=True)
class Answer:
    """What came on one stream so far."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    trailers: list[tuple[str, str]] = field(default_factory=list)
    complete: bool = False
    reset: int | None = None

    def values(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name]

    def value(self, name: str) -> str:
        """First value of a header; empty for none."""
        return next(iter(self.values(name)), "")


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Build a frame of any kind."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


class Http2Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, **settings: int) -> None:
        self._reader, self._writer = reader, writer
        self.h2 = H2Connection(
            H2Configuration(
                header_encoding="latin-1",
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        if settings:
            self.h2.local_settings = Settings(
                client=True,
                initial_values={SettingCodes[name.upper()]: value for name, value in settings.items()},
            )
        self.answers: dict[int, Answer] = {}
        self.goaways: list[tuple[int, int]] = []
        """(last stream, error code) of every GOAWAY."""
        self.pongs = 0
        self.settings: dict[int, int] = {}
        self.held: set[int] = set()
        """Streams whose windows are not given back."""
        self.closed = False
        self._buffer = b""
        self._changed = asyncio.Event()
        self.h2.initiate_connection()
        self.flush()
        self._task = asyncio.create_task(self._read())

    # Sending.

    def flush(self) -> None:
        """Write what h2 made."""
        data = self.h2.data_to_send()
        if data and not self._writer.is_closing():
            self._writer.write(data)

    def raw(self, data: bytes) -> None:
        """Write any bytes, past h2."""
        self.flush()
        self._writer.write(data)

    async def drain(self) -> None:
        """Wait until the socket takes more."""
        async with asyncio.timeout(WAIT):
            await self._writer.drain()

    def request(
        self,
        path: str = "/",
        *,
        method: str = "GET",
        authority: str | None = "app.example.com",
        headers: Pairs = (),
        body: bytes | None = None,
        end: bool = True,
    ) -> int:
        """Send a request's head, and its body when there is one; return its stream."""
        head: list[tuple[str | bytes, str | bytes]] = [
            (":method", method),
            (":scheme", "https"),
            (":path", path),
        ]
        if authority is not None:
            head.append((":authority", authority))
        return self.send_head([*head, *headers], body=body, end=end)

    def send_head(self, head: Pairs, *, body: bytes | None = None, end: bool = True) -> int:
        """Send any header block on a new stream."""
        stream = self.h2.get_next_available_stream_id()
        self.answers[stream] = Answer()
        self.h2.send_headers(stream, head, end_stream=end and body is None)
        if body is not None:
            self.h2.send_data(stream, body, end_stream=end)
        self.flush()
        return stream

    def request_past_limits(self) -> int:
        """Send a request although the server allows no more at once."""
        self.h2.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 10_000
        self.h2.remote_settings.acknowledge()
        return self.request()

    async def send_body(self, stream: int, body: bytes, *, end: bool = True) -> None:
        """Send a body as far as windows open."""
        view = memoryview(body)
        while view:
            size = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(view))
            if size <= 0:
                await self.until(lambda: self.h2.local_flow_control_window(stream) > 0)
                continue
            self.h2.send_data(stream, bytes(view[:size]))
            self.flush()
            view = view[size:]
            await self.drain()
        if end:
            self.h2.end_stream(stream)
            self.flush()

    def end_with(self, stream: int, trailers: Pairs) -> None:
        """End a request with trailers."""
        self.h2.send_headers(stream, trailers, end_stream=True)
        self.flush()

    def reset(self, stream: int, code: int = 8) -> None:
        """Send RST_STREAM."""
        self.h2.reset_stream(stream, code)
        self.flush()

    def release(self, stream: int) -> None:
        """Give back a held stream's windows from now on, and what was held."""
        self.held.discard(stream)
        size = len(self.answers[stream].body)
        self.h2.acknowledge_received_data(size, stream)
        self.flush()

    def pause_reading(self) -> None:
        """Read nothing from the socket."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    def resume_reading(self) -> None:
        """Read again."""
        self._writer.transport.resume_reading()  # type: ignore[attr-defined]

    def abort(self) -> None:
        """End the connection without a word."""
        self._writer.transport.abort()

    # Receiving.

    async def until(self, condition: Callable[[], Any], *, seconds: float = WAIT) -> None:
        """Wait for something to become true."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def answer(self, stream: int, *, seconds: float = WAIT) -> Answer:
        """Wait until a stream has come to its end, of whatever kind, or the connection has."""
        answer = self.answers[stream]
        await self.until(lambda: answer.complete or answer.reset is not None or self.closed, seconds=seconds)
        return answer

    async def ask(self, path: str = "/", **options: Any) -> Answer:
        """Send a request and wait for its answer."""
        return await self.answer(self.request(path, **options))

    async def ended(self, *, seconds: float = WAIT) -> None:
        """Wait for the end of the connection."""
        await self.until(lambda: self.closed, seconds=seconds)

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(256 * 1024):
                self._take(data)
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            self.closed = True
            self._changed.set()

    def _take(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 9:
            size = 9 + int.from_bytes(self._buffer[:3], "big")
            if len(self._buffer) < size:
                break
            one, self._buffer = self._buffer[:size], self._buffer[size:]
            if one[3] == 7:
                self.goaways.append((int.from_bytes(one[9:13], "big"), int.from_bytes(one[13:17], "big")))
                continue
            for event in self.h2.receive_data(one):
                self._note(event)
        self.flush()
        self._changed.set()

    def _note(self, event: Any) -> None:
        if isinstance(event, ResponseReceived):
            answer = self.answers[event.stream_id]
            answer.status = int(event.headers[0][1])
            answer.headers = [(str(name), str(value)) for name, value in event.headers[1:]]
        elif isinstance(event, DataReceived):
            self.answers[event.stream_id].body += event.data
            if event.stream_id not in self.held and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, TrailersReceived):
            self.answers[event.stream_id].trailers = [
                (str(name), str(value)) for name, value in event.headers
            ]
        elif isinstance(event, StreamEnded):
            self.answers[event.stream_id].complete = True
        elif isinstance(event, StreamReset):
            self.answers[event.stream_id].reset = int(event.error_code)
        elif isinstance(event, PingAckReceived):
            self.pongs += 1
        elif isinstance(event, RemoteSettingsChanged):
            self.settings |= {int(key): change.new_value for key, change in event.changed_settings.items()}
        else:
            assert not isinstance(event, WindowUpdated) or event.delta

    async def close(self) -> None:
        """End the connection and the reading of it."""
        self.abort()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@contextlib.asynccontextmanager
async def http2(port: int, trust: ssl.SSLContext, **settings: int) -> AsyncIterator[Http2Client]:
    """Open a connection that negotiated HTTP/2; `settings` are the client's, in lower case."""
    trust.set_alpn_protocols(["h2"])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname="localhost")
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
    client = Http2Client(reader, writer, **settings)
    try:
        yield client
    finally:
        await client.close()
