"""What readers cost that are slower than the target: a thousand big downloads at a time.

Every client has a small receive buffer and takes a little now and then, until the proxy has filled whatever
buffers it has; then all read to the end as fast as they can, and each body must be whole.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.clients import Growth, allow_descriptors, connect, get_request
from bench.load import LoadError
from bench.processes import Program
from bench.subject import Subject
from bench.upstream import HUGE, SIZES

DOWNLOADS = 1_000
LEAST_SECONDS = 4.0
TURN_SECONDS = 0.1
PIECE = 16 * 1024
"""Bytes that a slow reader takes in a turn: 160 kB in a second."""
RECEIVE_BUFFER = 32 * 1024
STUCK_SECONDS = 60.0


@dataclass(slots=True)
class Plateau:
    """Tells when a size has stopped to grow: no more than 2 % in so many turns."""

    sizes: list[float] = field(default_factory=list)
    turns: int = 25

    def note(self, size: float) -> None:
        """Take the size of this turn."""
        self.sizes.append(size)

    @property
    def is_over(self) -> bool:
        """Whether it has stopped."""
        return len(self.sizes) > self.turns and self.sizes[-1] <= self.sizes[-1 - self.turns] * 1.02


@dataclass(slots=True)
class Reader:
    """One client in the middle of its download."""

    connection: socket.socket
    head: bytearray = field(default_factory=bytearray)
    body_left: int = -1
    """-1: the head is not complete."""

    def read(self, size: int) -> bool:
        """Take up to `size` bytes if there are any; tells whether the body is complete. Raises LoadError."""
        try:
            piece = self.connection.recv(size)
        except BlockingIOError:
            return False
        if not piece:
            raise LoadError(f"a download ended {self.body_left} bytes too early")
        self.body_left = self._rest_of_head(piece) if self.body_left < 0 else self.body_left - len(piece)
        return self.body_left == 0

    def _rest_of_head(self, piece: bytes) -> int:
        self.head += piece
        head, end, body = bytes(self.head).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "[: len(head)]):
            raise LoadError(f"a download was refused: {head[:200]!r}")
        return SIZES[HUGE] - len(body) if end else -1


def measure_downloads(subject: Subject, count: int, *, least_seconds: float = LEAST_SECONDS) -> Growth:
    """Run the downloads and look at the process. Raises LoadError if one was refused or cut."""
    allow_descriptors(count)
    with contextlib.ExitStack() as stack:
        warm = _open(subject, stack)
        _read_fast([warm])
        before, cpu = subject.program.rss_mib(), subject.program.cpu_seconds()
        subject.program.forget_peak()
        readers = [_open(subject, stack) for _ in range(count)]
        _read_slowly(readers, subject.program, least_seconds=least_seconds)
        _read_fast(readers)
        cpu = subject.program.cpu_seconds() - cpu
        peak = subject.program.peak_rss_mib()
    cpu_us_per_mb = cpu * 1e6 / (count * SIZES[HUGE] / 1e6)
    return Growth(subject.name, subject.version, count, before, peak, cpu_us_per_mb)


def _open(subject: Subject, stack: contextlib.ExitStack) -> Reader:
    connection = stack.enter_context(contextlib.closing(connect(subject, receive_buffer=RECEIVE_BUFFER)))
    connection.sendall(get_request(subject, HUGE))
    connection.setblocking(False)
    return Reader(connection)


def _read_slowly(readers: Sequence[Reader], program: Program, *, least_seconds: float) -> None:
    """Let every reader take a little ten times a second until the program's memory grows no more."""
    watch = Plateau()
    began = time.monotonic()
    while not watch.is_over or time.monotonic() - began < least_seconds:
        turn = time.monotonic() + TURN_SECONDS
        for reader in readers:
            if reader.read(PIECE):
                raise LoadError("a slow download was over before the memory had stopped to grow")
        watch.note(program.rss_mib())
        time.sleep(max(0.0, turn - time.monotonic()))


def _read_fast(readers: Sequence[Reader]) -> None:
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader.connection, selectors.EVENT_READ, reader)
        left = len(readers)
        while left:
            ready = selector.select(STUCK_SECONDS)
            if not ready:
                raise LoadError(f"{left} downloads came to a standstill")
            for key, _ in ready:
                if key.data.read(1 << 20):
                    selector.unregister(key.fileobj)
                    left -= 1
