"""Finds the messages in a client's bytes, by the few rules on which all sound readers agree.

An empty line ends a head, and Content-Length or chunks say where the body ends (RFC 9112 section 6.3). Of
anything else nothing is known here; what a message means, h11 says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import h11

from tests.support.strict import BUFFER, Heard

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*([0-9]+)[ \t]*\r?$")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:[ \t]*chunked[ \t]*\r?$")
_SIZE = re.compile(rb"([0-9A-Fa-f]+)[^\r\n]*\r\n")


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it stands there."""

    head: bytes
    """With its empty line."""
    wire_body: bytes
    """As it was framed."""
    body: bytes

    @property
    def method(self) -> bytes:
        """The first word."""
        return self.head.partition(b" ")[0]

    def read(self) -> Heard | None:
        """Return what h11 reads; None where it reads none."""
        server = h11.Connection(h11.SERVER, max_incomplete_event_size=BUFFER)
        server.receive_data(self.head + self.wire_body)
        request, body = None, b""
        try:
            while not isinstance(event := server.next_event(), h11.EndOfMessage):
                if isinstance(event, h11.Request):
                    request = event
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                else:
                    return None
        except h11.RemoteProtocolError:
            return None
        assert request is not None
        return Heard(request.method, request.target, tuple(request.headers), body)


def find_messages(data: bytes) -> Iterator[Message]:
    """Yield the complete messages."""
    while True:
        # RFC 9112 section 2.2: empty lines before a request line are passed over.
        data = data.lstrip(b"\r\n")
        end = data.find(_END)
        if end < 0:
            return
        head, data = data[: end + len(_END)], data[end + len(_END) :]
        length = _LENGTH.search(head)
        if _CHUNKED.search(head):
            size, body = _read_chunks(data)
        else:
            size = int(length[1]) if length else 0
            body = data[:size]
        if size < 0 or size > len(data):
            return
        yield Message(head, data[:size], body)
        data = data[size:]


def _read_chunks(data: bytes) -> tuple[int, bytes]:
    """Return how long a chunked body is on the wire (-1: it does not end) and what it holds."""
    place, body = 0, b""
    while found := _SIZE.match(data, place):
        size = int(found[1], 16)
        if size > len(data):
            return -1, b""
        place = found.end()
        if not size:
            return _end_of_trailers(data, place - 2), body
        body += data[place : place + size]
        place += size + 2
    return -1, b""


def _end_of_trailers(data: bytes, place: int) -> int:
    end = data.find(_END, place)
    return end + len(_END) if end >= 0 else -1
