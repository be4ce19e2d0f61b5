"""Who takes nothing any more? Tells a slow peer from one that has stopped reading.

A write buffer that drains completely says that all is well; one that does not may belong to somebody on a
bad line, whom a timeout must not cut, or to somebody who never reads and wants our memory. What counts is
whether the peer acknowledges anything. The kernel knows (TCP_INFO), whatever buffers of ours, of TLS and of
the kernel stand full in between; where it does not tell, what is left to be sent has to do.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
from collections.abc import Callable

_ACKNOWLEDGED = 120
"""Offset of tcpi_bytes_acked in struct tcp_info (linux/tcp.h, since Linux 4.1)."""
_UNSEEN = -1


class Backlog:
    """What one transport has yet to deliver, and since when none of it was taken."""

    __slots__ = ("_seen", "_since", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._seen = _UNSEEN
        self._since = 0.0

    def left(self) -> int:
        """Return how many bytes the peer has not acknowledged yet; TLS may hold some more."""
        queued = _ask_kernel(self._transport, _queued)
        return self._transport.get_write_buffer_size() + max(queued, 0)

    def taking(self) -> bool:
        """Tell whether anything was taken since the last call; at the first, whether anything is left."""
        acknowledged = _ask_kernel(self._transport, _acknowledged)
        before, self._seen = self._seen, acknowledged if acknowledged >= 0 else self.left()
        return self.left() > 0 if before == _UNSEEN else self._seen != before

    def stalled(self, now: float) -> float:
        """Return for how many seconds the peer has taken nothing; `now` on the monotonic clock.

        Measured from call to call, beginning with the first; 0 where nothing is left.
        """
        if self.taking() or not self.left():
            self._since = now
        return now - self._since


def _ask_kernel(transport: asyncio.Transport, ask: Callable[[socket.socket], int]) -> int:
    raw = transport.get_extra_info("socket")
    try:
        return ask(raw)
    except (AttributeError, OSError, ValueError, struct.error):
        # No socket, or a kernel that does not tell.
        return -1


def _queued(raw: socket.socket) -> int:
    size: int = struct.unpack("i", fcntl.ioctl(raw.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))[0]
    return size


def _acknowledged(raw: socket.socket) -> int:
    info = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKNOWLEDGED + 8)
    size: int = struct.unpack_from("Q", info, _ACKNOWLEDGED)[0]
    return size
