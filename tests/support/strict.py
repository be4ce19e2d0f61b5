"""A second opinion on everything that goes over a wire: h11 reads what the load balancer wrote.

`StrictTarget` reads requests and answers them by what they were; `read_answers` reads responses. Both raise
`h11.RemoteProtocolError` where h11 does, which asks for more than most targets and clients do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import h11

from tests.support.memory import MemoryPlane, Wire

BUFFER = 256 * 1024
"""For h11: more than any head that may pass."""
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """One complete request at a target."""

    method: bytes
    target: bytes
    headers: Headers
    """Lower-case names."""
    body: bytes

    def values(self, name: bytes) -> list[bytes]:
        """All values of a header."""
        return [value for each, value in self.headers if each == name]


@dataclass(frozen=True, slots=True)
class Answered:
    """One response at a client; status 0: broken off before its end."""

    status: int
    headers: Headers = ()
    body: bytes = b""


class StrictTarget:
    """Reads each of its connections with h11 and answers every complete request with what it was."""

    def __init__(self, plane: MemoryPlane) -> None:
        plane.on_dialled = self.accept
        self._loop = plane.loop
        self.heard: list[Heard] = []
        self.partial: list[bytes] = []
        """Bodies that were begun and have no end yet, by connection."""

    def accept(self, wire: Wire) -> None:
        """Serve a connection."""
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=BUFFER)
        place = len(self.partial)
        self.partial.append(b"")
        request: list[h11.Request] = []

        def read(data: bytes) -> None:
            connection.receive_data(data)
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                if isinstance(event, h11.Request):
                    request.append(event)
                elif isinstance(event, h11.Data):
                    self.partial[place] += bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    assert not event.headers, "trailers reached the target"
                    head, body, self.partial[place] = request.pop(), self.partial[place], b""
                    heard = Heard(head.method, head.target, tuple(head.headers), body)
                    self.heard.append(heard)
                    answer = describe(heard)
                    connection.send(answer_head(answer))
                    connection.send(h11.EndOfMessage())
                    assert connection.our_state is h11.DONE, "the load balancer keeps its connections"
                    connection.start_next_cycle()
                    self._loop.call_soon(wire.receive, written(answer, head.method))

        wire.on_sent = read


def answer_head(body: bytes) -> h11.Response:
    """Return the head that `written` writes, for h11's books only."""
    return h11.Response(status_code=200, headers=[("Content-Length", "0")], reason=b"OK")


def describe(heard: Heard) -> bytes:
    """Return the body of the answer: a client can tell by it that it is the answer to its own request."""
    return b"%b %b %d" % (heard.method, heard.target, sum(heard.body) + 256 * len(heard.body))


def written(body: bytes, method: bytes) -> bytes:
    """Return the answer as bytes."""
    head = b"HTTP/1.1 200 OK\r\nDate: Wed, 25 Nov 2026 10:00:00 GMT\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head if method == b"HEAD" else head + body


def read_answers(data: bytes, methods: Sequence[str], *, ended: bool) -> list[Answered]:
    """Read the responses to requests of `methods`; `ended`: the connection came to a clean end behind them.

    Raises h11.RemoteProtocolError, and AssertionError for bytes that answer nothing.
    """
    answers = []
    for method in methods:
        client = h11.Connection(h11.CLIENT, max_incomplete_event_size=BUFFER)
        client.send(h11.Request(method=method or "GET", target="/", headers=[("Host", "h")]))
        client.send(h11.EndOfMessage())
        if data:
            client.receive_data(data)
        if ended:
            client.receive_data(b"")
        answers.append(_read_answer(client, ended=ended))
        data = client.trailing_data[0]
    assert not data, f"answers nothing: {data!r}"
    return answers


def _read_answer(client: h11.Connection, *, ended: bool) -> Answered:
    head: h11.Response | None = None
    body = b""
    while True:
        event = client.next_event()
        if isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            return Answered(head.status_code, tuple(head.headers), body)
        elif event is h11.NEED_DATA:
            assert not ended, "h11 would have said that this is incomplete"
            return Answered(0, tuple(head.headers) if head else (), body)
        else:
            assert isinstance(event, h11.InformationalResponse), event
