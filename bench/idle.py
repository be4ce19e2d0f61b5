"""What a client costs that only keeps its connection: thousands of them, each answered once.

The memory of a proxy of the open Internet is decided by those who do nothing. Also the work that they cause:
a process that looks at every connection now and then pays for it when nobody asks for anything.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

from bench.clients import Growth, allow_descriptors, connect, get_request
from bench.load import LoadError
from bench.subject import Subject
from bench.upstream import SIZES, SMALL

CONNECTIONS = 10_000
SETTLE_SECONDS = 3.0
BATCH = 50
"""Connections that are opened before the first of them is read from: fewer turns of the scheduler."""


def measure_idle(subject: Subject, connections: int, *, settle_seconds: float = SETTLE_SECONDS) -> Growth:
    """Open the connections, one request on each, look at the process. Raises LoadError if one was lost."""
    allow_descriptors(connections)
    # What is made at the first requests belongs to the process and not to a connection.
    with kept_connections(subject, 50):
        pass
    before = subject.program.rss_mib()
    with kept_connections(subject, connections) as kept:
        cpu, began = subject.program.cpu_seconds(), time.monotonic()
        time.sleep(settle_seconds)
        cpu_ms = (subject.program.cpu_seconds() - cpu) / (time.monotonic() - began) * 1e3
        after = subject.program.rss_mib()
        lost = sum(not _is_open(each) for each in kept)
    if lost:
        raise LoadError(f"closed {lost} of {connections} idle connections")
    return Growth(subject.name, subject.version, connections, before, after, cpu_ms)


@contextlib.contextmanager
def kept_connections(subject: Subject, count: int) -> Iterator[list[socket.socket]]:
    """Open `count` connections, get one answer on each, and keep them. Raises LoadError."""
    request = get_request(subject, SMALL)
    with contextlib.ExitStack() as stack:
        kept: list[socket.socket] = []
        try:
            while len(kept) < count:
                several = min(BATCH, count - len(kept))
                kept += [stack.enter_context(contextlib.closing(connect(subject))) for _ in range(several)]
                for each in kept[-several:]:
                    each.sendall(request)
                for each in kept[-several:]:
                    _read_answer(each)
        except OSError as error:
            raise LoadError(f"after {len(kept)} of {count} connections: {error}") from error
        yield kept


def _read_answer(connection: socket.socket) -> None:
    """Read one response; its body ends it."""
    received = b""
    while len(received) < SIZES[SMALL] or not received.endswith(b"x" * SIZES[SMALL]):
        piece = connection.recv(65536)
        if not piece:
            raise OSError(f"closed after {received[:200]!r}")
        received += piece
        if not received.startswith(b"HTTP/1.1 200"[: len(received)]):
            raise OSError(f"no success: {received[:200]!r}")


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return True
    except OSError:
        return False
