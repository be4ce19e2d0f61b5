"""uvicorn's HTTP/1 protocol with the limits it lacks: size of a request head, and time for a whole request.

For the doors that are no listeners: the user pool, whose login page faces the internet, and
administration. Without these, a client that sends a byte a minute keeps a connection for good, and one
that never ends a header fills memory (both tried on uvicorn's own class). Listeners have `lb.wire`.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 * 1024
"""Beside the piece in which the head begins, which is as long as one read of a socket."""
MAX_HEADERS = 200
REQUEST_SECONDS = 30.0
"""From the connection, or the end of the request before, to the last byte of a request's body."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class GuardedProtocol(HttpToolsProtocol):
    """One connection."""

    request_seconds = REQUEST_SECONDS

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)
        self._in_head = False
        self._head_bytes = 0
        self._patience: asyncio.TimerHandle | None = None
        self._retired_at: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, unless the head has grown too large."""
        was_in_head = self._in_head
        super().data_received(data)
        # The piece in which a head begins may hold the end of a body: only whole pieces of head count.
        if was_in_head and self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD:
                self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins; the connection before it was idle."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        if self._patience is None:
            self._expect()

    def on_headers_complete(self) -> None:
        """The head is whole: its body has the same deadline."""
        self._in_head = False
        if len(self.headers) > MAX_HEADERS:
            self._refuse(_TOO_LARGE)
            return
        super().on_headers_complete()
        if self._retired_at is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """The request is whole; answering it may take its time."""
        self._forget()
        super().on_message_complete()

    def retire(self, patience: float) -> None:
        """Let the connection end with its next answer or after `patience` seconds; call now and then."""
        now = self.loop.time()
        if self._retired_at is None:
            self._retired_at = now
        if self.cycle is not None and not self.cycle.response_complete:
            if not self.cycle.response_started:
                self.cycle.keep_alive = False
        elif not self._in_head and now - self._retired_at >= patience:
            self.transport.close()

    def _expect(self) -> None:
        self._patience = self.loop.call_later(self.request_seconds, self._refuse, _TOO_SLOW)

    def _forget(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _refuse(self, answer: bytes) -> None:
        self._forget()
        # In the middle of an answer another status line would be taken for its body.
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(answer)
        self.transport.close()
