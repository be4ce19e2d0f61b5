"""What a client may get of an HTTP/2 target's bytes: what h2 reads in them, whole, or nothing that looks
whole.

The target speaks soundly until it has the request, then says what is fuzzed; later requests it answers
soundly again, if anybody still understands it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded
from h2.exceptions import H2Error
from hpack import HPACKError
from hyperframe.exceptions import HyperframeError
from hyperframe.frame import DataFrame, Frame, HeadersFrame, SettingsFrame

from bench.fuzz.reading import Play, read_play
from bench.fuzz.responses import METHODS
from lb.http2.protocol import Http2Protocol
from tests.support.memory import MemoryPlane, Wire, drive
from tests.support.strict import Answered

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER = 9
"""Bytes in front of each frame's payload."""
GOAWAY = b"\x07"
LATER = b"later"
# `:status: 200` and `content-length: 5`, without a word for the dynamic table.
_LATER_BLOCK = b"\x88\x0f\x0d\x015"
# Between a target and us alone (RFC 9113 section 8.2.2), or ours towards the client.
_NOT_PASSED = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-connection", b"te", b"trailer",
    b"transfer-encoding", b"upgrade", b"date", b"content-length",
}  # fmt: skip


def check_response_frames(plane: MemoryPlane, data: bytes) -> None:
    """Play an HTTP/2 target that sends `data` when it has a request; raises AssertionError for what must not
    be."""
    drive(plane, _check(plane, read_play(data)))


class Server:
    """One connection of the target."""

    def __init__(self, plane: MemoryPlane, wire: Wire, play: Play, *, first: bool) -> None:
        self._plane = plane
        self._wire = wire
        self._play = play
        self._fuzzes = first
        self.asked = 0
        """Requests that came."""
        self._unread = b""
        self._greeted = False
        wire.on_sent = self.hear

    def hear(self, data: bytes) -> None:
        """Take what the load balancer sends."""
        self._unread += data
        if not self._greeted and len(self._unread) >= len(PREFACE):
            assert self._unread.startswith(PREFACE)
            self._unread = self._unread[len(PREFACE) :]
            self._greeted = True
            self._plane.loop.call_soon(self._wire.receive, SettingsFrame(0).serialize())
        if self._greeted:
            for stream in self._ended_streams():
                asyncio.ensure_future(self._answer(stream))  # noqa: RUF006

    def _ended_streams(self) -> Iterator[int]:
        while len(self._unread) >= HEADER:
            head, length = Frame.parse_frame_header(memoryview(self._unread[:HEADER]))
            if len(self._unread) < HEADER + length:
                return
            self._unread = self._unread[HEADER + length :]
            if isinstance(head, HeadersFrame | DataFrame) and "END_STREAM" in head.flags:
                yield head.stream_id

    async def _answer(self, stream: int) -> None:
        self.asked += 1
        if not self._fuzzes:
            self._wire.receive(HeadersFrame(stream, _LATER_BLOCK, flags=["END_HEADERS"]).serialize())
            self._wire.receive(DataFrame(stream, LATER, flags=["END_STREAM"]).serialize())
            return
        self._fuzzes = False
        for part in self._play.pieces():
            self._wire.receive(part)
            if not self._play.haste:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        if self._play.flood:
            self._wire.finish()


def ask(client: H2Connection, stream: int, method: bytes) -> None:
    """Make a request without a body."""
    pseudo = ((":method", method.decode()), (":scheme", "http"), (":path", "/"), (":authority", "h"))
    client.send_headers(stream, pseudo, end_stream=True)


async def _check(plane: MemoryPlane, play: Play) -> None:
    method = METHODS[play.cuts[0] & 3]
    servers: list[Server] = []

    def dialled(wire: Wire) -> None:
        servers.append(Server(plane, wire, play, first=not servers))

    plane.on_dialled = dialled
    wire = plane.client(direct=play.direct, http=Http2Protocol)
    client = H2Connection(H2Configuration(client_side=True, header_encoding=None))
    client.initiate_connection()
    ask(client, 1, method)
    wire.stuck = play.slow
    wire.receive(client.data_to_send())
    await plane.loop.settle()
    wire.unstick()
    await plane.loop.settle()
    if not wire.is_closing() and plane.records:
        ask(client, 3, b"GET")
        wire.receive(client.data_to_send())
        await plane.loop.settle()
    # h2 raises where what we say is no HTTP/2.
    events = client.receive_data(bytes(wire.sent))
    first = read_answer(events, 1)
    # Not looked at, as the target said: asked again, there or on another connection.
    asked_again = first is not None and first.body == LATER and sum(each.asked for each in servers) > 1
    if not asked_again:
        check_answer(first, read_response(play.data, method))
    later = read_answer(events, 3)
    assert later is None or later.body == LATER or later.status == 502, f"not what was meant for it: {later}"
    await plane.rest()


def read_answer(events: Iterable[Event], stream: int) -> Answered | None:
    """Read the whole response on a stream; None where there is none."""
    head: ResponseReceived | None = None
    body = b""
    for event in events:
        if getattr(event, "stream_id", 0) != stream:
            continue
        if isinstance(event, ResponseReceived):
            head = event
        elif isinstance(event, DataReceived):
            body += event.data
        elif isinstance(event, StreamEnded) and head is not None:
            pairs = [(bytes(name), bytes(value)) for name, value in head.headers]
            status = [value for name, value in pairs if name == b":status"]
            fields = tuple(pair for pair in pairs if pair[0][:1] != b":")
            return Answered(int(status[0]), fields, body) if _is_status(status) else None
    return None


def _is_status(values: list[bytes]) -> bool:
    return len(values) == 1 and re.fullmatch(rb"[2-5][0-9][0-9]", values[0]) is not None


def check_answer(got: Answered | None, sent: Answered | None) -> None:
    """Assert that the client got what the target sent, or can tell that it did not."""
    if got is None or (got.status == 502 and (b"server", b"awselb/2.0") in got.headers):
        return
    assert sent is not None, f"nobody sent {got}"
    assert (got.status, got.body) == (sent.status, sent.body)
    passing = [pair for pair in sent.headers if pair[0] not in _NOT_PASSED]
    assert [pair for pair in got.headers if pair[0] not in _NOT_PASSED] == passing
    lengths = {value for name, value in sent.headers if name == b"content-length"}
    assert {value for name, value in got.headers if name == b"content-length"} <= lengths


def read_response(data: bytes, method: bytes) -> Answered | None:
    """Read what h2 finds on the first stream; None where it finds no whole response."""
    client = H2Connection(
        H2Configuration(client_side=True, header_encoding=None, validate_inbound_headers=False)
    )
    client.initiate_connection()
    ask(client, 1, method)
    client.receive_data(SettingsFrame(0).serialize())
    return read_answer(_events(client, data), 1)


def _events(client: H2Connection, data: bytes) -> Iterator[Event]:
    """Feed frame by frame: what came ahead of a broken one holds."""
    while data:
        length = HEADER + int.from_bytes(data[:3], "big")
        frame, data = data[:length], data[length:]
        if frame[3:4] == GOAWAY:
            # To h2 it is the end; what was asked before may still be answered (RFC 9113 section 6.8).
            continue
        try:
            yield from client.receive_data(frame)
        except (H2Error, HPACKError, HyperframeError):
            return
