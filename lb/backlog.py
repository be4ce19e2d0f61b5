"""Who takes nothing any more? Tells a slow peer from one that has stopped reading.

A write buffer that drains completely says that all is well; one that does not may belong to somebody on a
bad line, whom a timeout must not cut, or to somebody who never reads and wants our memory. What counts is
whether anything moves, and the kernel's queue is looked at too: it is larger than ours.
"""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios


class Backlog:
    """What one transport has yet to deliver, and since when none of it was taken.

    Nothing should be written while it is watched, for any change counts as progress. Nothing is written to
    a transport that has called for a pause, nor to one that is closing.
    """

    __slots__ = ("_left", "_since", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._left = -1
        self._since = 0.0

    def left(self) -> int:
        """Return how many bytes the peer has not acknowledged yet."""
        return self._transport.get_write_buffer_size() + _kernel_queue(self._transport)

    def taking(self) -> bool:
        """Tell whether anything was taken since the last call; at the first, whether anything is left."""
        before, self._left = self._left, self.left()
        return self._left > 0 if before < 0 else self._left != before

    def stalled(self, now: float) -> float:
        """Return for how many seconds the peer has taken nothing; `now` on the monotonic clock.

        Measured from call to call, beginning with the first; 0 where nothing is left.
        """
        if self.taking() or not self._left:
            self._since = now
        return now - self._since


def _kernel_queue(transport: asyncio.Transport) -> int:
    raw = transport.get_extra_info("socket")
    try:
        answer = fcntl.ioctl(raw.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except (AttributeError, OSError, ValueError):
        # No socket, or a kernel that does not tell: our own buffer has to do.
        return 0
    return int(struct.unpack("i", answer)[0])
