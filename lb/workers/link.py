"""Messages between the supervisor and a worker: JSON objects with a length before them, over a socket pair.

The link is the sign of life: a worker whose supervisor is gone reads the end of the stream, however that came
about, and the other way round.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from typing import Any, Self

MAX_BYTES = 64 * 1024 * 1024
_LENGTH = 4

Message = dict[str, Any]


class Link:
    """One end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, end: socket.socket) -> Self:
        """Take over one end of a pair of stream sockets."""
        end.setblocking(False)
        return cls(*await asyncio.open_unix_connection(sock=end))

    def send(self, message: Mapping[str, Any]) -> None:
        """Send `message`; one that the other side can no longer read is dropped."""
        if self._writer.is_closing():
            return
        data = json.dumps(message, separators=(",", ":")).encode()
        self._writer.write(len(data).to_bytes(_LENGTH, "big") + data)

    async def drain(self) -> None:
        """Return when what was sent is out, or cannot get out any more."""
        try:
            await self._writer.drain()
        except OSError:
            return

    async def receive(self) -> Message | None:
        """Return the next message; None when the other side is gone, or is not to be understood."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH), "big")
            if length > MAX_BYTES:
                return None
            message = json.loads(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, OSError, ValueError):
            return None
        return message if isinstance(message, dict) else None

    def close(self) -> None:
        """Let the other side see the end, after what was sent."""
        self._writer.close()
