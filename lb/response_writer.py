"""Writing responses on an HTTP/1 connection: the writing half of `lb.wire.ListenerProtocol`.

Pieces are collected and written joined, one write per batch of bytes that came from the target. Owns
framing towards the client (Content-Length as the target gave it, chunks, or the end of the connection for
HTTP/1.0) and whether the connection lives on.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from lb.responses import phrase as standard_phrase

if TYPE_CHECKING:
    from lb.exchange import Exchange
    from lb.tunnel import Tunnel
    from lb.upstream.response_head import ResponseHead

Pair = tuple[bytes, bytes]

NO_BODY, LENGTH, STREAM = range(3)
"""How a response's body is framed: none, Content-Length among the headers, or neither."""

_KEEP = b"Connection: keep-alive\r\n\r\n"
_CLOSE = b"Connection: close\r\n\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n"
# RFC 9112 section 4; longer ones are kept in memory.
_PHRASE = re.compile(rb"[\t\x20-\x7e\x80-\xff]{0,128}")
_MEMORY = 1024
_status_lines: dict[tuple[int, bytes], bytes] = {}
_RESET = struct.pack("ii", 1, 0)


def status_line(status: int, phrase: bytes) -> bytes:
    """Return the status line; the target's phrase if it is text and a line, else the usual one."""
    line = _status_lines.get((status, phrase))
    if line is None:
        if not _PHRASE.fullmatch(phrase):
            return status_line(status, b"")
        line = b"HTTP/1.1 %d %b\r\n" % (status, phrase or standard_phrase(status).encode())
        if len(_status_lines) < _MEMORY:
            _status_lines[(status, phrase)] = line
    return line


def _head_lines(head: ResponseHead, pairs: list[Pair]) -> bytes:
    first = status_line(head.status, head.phrase)
    if head.written and pairs is head.pairs:
        return first + b"\r\n".join([*head.written, b""])
    pieces = [first]
    for name, value in pairs:
        pieces += (name, b": ", value, b"\r\n")
    return b"".join(pieces)


class ResponseWriter:
    """The response side of one client connection."""

    transport: asyncio.Transport
    current: Exchange | None
    """The exchange whose turn it is."""
    waiting: list[Exchange]
    connected_at: float
    silent_since: float
    in_head: bool
    """A request's head has begun and is not complete."""
    tunnel: Tunnel | None
    last_request: bool
    """No request is read behind the current ones."""

    def init_writer(self) -> None:
        """Set the state of a connection that has written nothing yet."""
        self.keep_alive = True
        self._retired_at: float | None = None
        self._out: list[bytes] = []
        self._unsent = False
        """`_out` begins with the current response's head."""
        self._chunked = False

    def begin_response(
        self, status: int, phrase: bytes, pairs: list[tuple[bytes, bytes]], *, framing: int, close: bool
    ) -> None:
        """Take the head of the response to the current request."""
        current = self.current
        assert current is not None
        out = self._out
        self._unsent = True
        out.append(status_line(status, phrase))
        for name, value in pairs:
            out += (name, b": ", value, b"\r\n")
        incoming = current.incoming
        self._chunked = False
        if framing == STREAM:
            if incoming is not None and incoming.version == "1.1":
                self._chunked = True
                out.append(_CHUNKED)
            else:
                close = True
        if close or not self.lives_on(current):
            self.keep_alive = False
            out.append(_CLOSE)
        else:
            out.append(_KEEP)

    def write_response(
        self, head: ResponseHead, pairs: list[Pair], body: bytes, *, framing: int, close: bool
    ) -> None:
        """Write a whole response that has a length or no body."""
        current = self.current
        assert current is not None
        # Unless somebody edited them, the lines are the same each time that the target's head is.
        lines = head.lines if pairs is head.pairs else b""
        if not lines:
            lines = _head_lines(head, pairs)
            if pairs is head.pairs:
                head.lines = lines
        if close or not self.lives_on(current):
            self.keep_alive = False
            data = b"".join((lines, _CLOSE, body))
        else:
            data = b"".join((lines, _KEEP, body))
        current.record.sent_bytes += len(data)
        self.transport.write(data)

    def lives_on(self, current: Exchange) -> bool:
        """Tell whether the connection is kept after the current response."""
        incoming = current.incoming
        if incoming is None or not incoming.keep_alive or (self.last_request and not self.waiting):
            return False
        if self._retired_at is not None and not self.waiting:
            return False
        # Not beyond `client_keep_alive.seconds` from its start, however busy it is.
        return (
            current.record.created - self.connected_at < current.listener.attributes.client_keep_alive_seconds
        )

    def retire(self, patience: float) -> None:
        """Let the connection end with the response to its next request; call now and then.

        Closed at once, an idle connection would cost a client the request that is on its way just then. So it
        is closed only after `patience` seconds without one, which clients are used to. A tunnel stays.
        """
        now = monotonic()
        if self._retired_at is None:
            self._retired_at = now
        idle = self.current is None and not self.waiting and not self.in_head and self.tunnel is None
        if idle and now - max(self._retired_at, self.silent_since) >= patience:
            self.transport.close()

    def write_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        if self._chunked:
            self._out += (b"%x\r\n" % len(data), data, b"\r\n")
        else:
            self._out.append(data)

    def write_trailers(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        """Drop them, like those of targets of HTTP/1: clients merge trailers into headers."""

    def flush(self) -> None:
        """Write what was taken, in one piece."""
        out = self._out
        if out:
            data = out[0] if len(out) == 1 else b"".join(out)
            out.clear()
            self._unsent = False
            if self.current is not None:
                self.current.record.sent_bytes += len(data)
            self.transport.write(data)

    def end_response(self) -> None:
        """Write what was taken and the end of the body."""
        if self._chunked:
            self._chunked = False
            self._out.append(b"0\r\n\r\n")
        self.flush()

    def take_back(self) -> bool:
        """Forget the response, if nothing of it was written yet."""
        if not self._unsent:
            return False
        self._out.clear()
        self._unsent = self._chunked = False
        self.keep_alive = True
        return True

    def abort_response(self, code: int = 0) -> None:
        """Reset the connection: a body that ends with the connection must not look complete."""
        self._out.clear()
        self.keep_alive = False
        if self.transport.is_closing():
            self.transport.abort()
            return
        raw: socket.socket | None = self.transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    def send_continue(self) -> None:
        """Tell the client to send the body."""
        self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
