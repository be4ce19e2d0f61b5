"""Turns of streams, and the limits of windows and of the socket."""

from __future__ import annotations

from typing import Any, cast

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded, TrailersReceived

from lb.http2.gate import Budget
from lb.http2.outlet import BATCH, Outlet
from lb.http2.session import Session
from lb.http2.stream import Stream

HEAD = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a.example")]


class Exchange:
    """What an outlet needs of one."""

    def __init__(self) -> None:
        self.done = False
        self.record = self
        self.sent_bytes = 0

    def on_client_ready(self) -> None:
        """Nothing waits."""


class Wire:
    """A transport that keeps what is written, and is full at some point."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.room = 1 << 40
        self.outlet: Outlet | None = None

    def write(self, data: bytes) -> None:
        self.written += data
        if len(self.written) >= self.room and self.outlet is not None:
            self.outlet.pause()

    def is_closing(self) -> bool:
        return False


class Pair:
    """A client's h2 and our outlet with `count` open streams."""

    def __init__(self, count: int) -> None:
        self.client = H2Connection(H2Configuration(client_side=True))
        self.client.initiate_connection()
        self.session = Session()
        self.wire = Wire()
        self.sent: list[int] = []
        self.outlet = Outlet(
            self.session,
            cast(Any, self.wire),
            Budget(0.0),
            on_sent=lambda stream: self.sent.append(stream.id),
        )
        self.wire.outlet = self.outlet
        self.streams = [self._open(2 * number + 1) for number in range(count)]

    def _open(self, stream_id: int) -> Stream:
        self.client.send_headers(stream_id, HEAD, end_stream=True)
        self.session.receive_data(self.client.data_to_send())
        stream = Stream(cast(Any, self), stream_id)
        stream.exchange = cast(Any, Exchange())
        stream.begin_response(200, b"", [], framing=2, close=False)
        return stream

    def receive(self) -> list[tuple[int, int]]:
        """(stream, size) of the DATA frames that the client got, in order."""
        self.outlet.write()
        data, self.wire.written = bytes(self.wire.written), bytearray()
        events = self.client.receive_data(data)
        return [(each.stream_id, len(each.data)) for each in events if isinstance(each, DataReceived)]


async def test_streams_take_turns_when_the_connection_s_window_opens() -> None:
    pair = Pair(3)
    for stream in pair.streams:
        stream.write_body(b"x" * 60_000)
        stream.end_response()
    first = pair.receive()
    # The connection's window is 65,535 bytes: the first stream had most of it, the second the rest.
    assert sum(size for _, size in first) == 65_535
    pair.client.increment_flow_control_window(200_000)
    pair.session.receive_data(pair.client.data_to_send())
    pair.outlet.pump()
    order = [stream_id for stream_id, _ in pair.receive()]
    assert order[:4] in ([3, 5, 3, 5], [5, 3, 5, 3])
    assert sorted(pair.sent) == [1, 3, 5]
    assert pair.outlet.waiting == {}


async def test_head_goes_out_although_windows_are_shut() -> None:
    pair = Pair(1)
    pair.session.outbound_flow_control_window = 0
    (stream,) = pair.streams
    stream.write_body(b"x")
    stream.end_response()
    assert pair.receive() == []
    assert stream.head is None
    assert pair.outlet.waiting == {1: stream}
    assert pair.sent == []


async def test_response_without_a_body_ends_with_its_head() -> None:
    pair = Pair(1)
    pair.streams[0].end_response()
    pair.outlet.write()
    events = pair.client.receive_data(bytes(pair.wire.written))
    assert any(isinstance(event, StreamEnded) for event in events)
    assert pair.sent == [1]


@pytest.mark.parametrize("body", [b"", b"x" * 40_000], ids=["no body", "body"])
async def test_trailers_end_a_response(body: bytes) -> None:
    pair = Pair(1)
    (stream,) = pair.streams
    stream.write_body(body)
    stream.write_trailers([(b"grpc-status", b"0")])
    stream.end_response()
    pair.outlet.write()
    events = pair.client.receive_data(bytes(pair.wire.written))
    assert sum(len(each.data) for each in events if isinstance(each, DataReceived)) == len(body)
    assert [type(each) for each in events][-2:] == [TrailersReceived, StreamEnded]
    (trailers,) = (each for each in events if isinstance(each, TrailersReceived))
    assert trailers.headers == [(b"grpc-status", b"0")]
    assert pair.sent == [1]


@pytest.mark.parametrize("count", [1, 3])
async def test_no_frames_are_made_for_a_socket_that_is_full(count: int) -> None:
    pair = Pair(count)
    pair.client.increment_flow_control_window(10_000_000)
    for stream in pair.streams:
        pair.client.increment_flow_control_window(10_000_000, stream.id)
    pair.session.receive_data(pair.client.data_to_send())
    pair.wire.room = BATCH
    for stream in pair.streams:
        stream.write_body(b"x" * 1_000_000)
        stream.end_response()
    assert len(pair.wire.written) < 3 * BATCH
    assert sum(stream.queued for stream in pair.streams) > count * 1_000_000 - 3 * BATCH
    pair.wire.room = 1 << 40
    pair.outlet.resume()
    assert sum(size for _, size in pair.receive()) == count * 1_000_000


async def test_nothing_more_is_sent_of_a_dropped_stream() -> None:
    pair = Pair(2)
    pair.session.outbound_flow_control_window = 0
    for stream in pair.streams:
        stream.write_body(b"x" * 10)
        stream.end_response()
    pair.outlet.drop(pair.streams[0])
    pair.session.outbound_flow_control_window = 100
    pair.outlet.pump()
    assert pair.receive() == [(3, 10)]
