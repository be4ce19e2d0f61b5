"""What a client costs that only keeps its connection: thousands of them, each answered once.

The memory of a proxy of the open Internet is decided by those who do nothing. Also the work that they cause:
a process that looks at every connection now and then pays for it when nobody asks for anything.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.load import LoadError
from bench.report import columns
from bench.subject import Subject
from bench.upstream import SIZES, SMALL

CONNECTIONS = 10_000
SETTLE_SECONDS = 3.0
SPARE_DESCRIPTORS = 200
BATCH = 50
"""Connections that are opened before the first of them is read from: fewer turns of the scheduler."""


@dataclass(frozen=True, slots=True)
class Idle:
    """One subject with all the connections open."""

    name: str
    version: str
    connections: int
    before_mib: float
    after_mib: float
    cpu_ms_per_second: float

    @property
    def kib_each(self) -> float:
        """Resident memory that one connection has added."""
        return (self.after_mib - self.before_mib) * 1024 / self.connections


def measure_idle(subject: Subject, connections: int, *, settle_seconds: float = SETTLE_SECONDS) -> Idle:
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
    return Idle(subject.name, subject.version, connections, before, after, cpu_ms)


def allow_descriptors(connections: int) -> None:
    """Raise this process's limit of open files to its hard limit. Raises LoadError if that is too low."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < connections + SPARE_DESCRIPTORS:
        needed = connections + SPARE_DESCRIPTORS
        raise LoadError(f"{connections} connections need a hard limit of {needed} open files; it is {hard}")


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


def get_request(subject: Subject, body: str) -> bytes:
    """Return a browser-sized GET of this body."""
    where = urlsplit(subject.url)
    lines = [
        f"GET {where.path}/{body} HTTP/1.1",
        f"Host: {where.netloc}",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Language: en-US,en;q=0.5",
        "Accept-Encoding: gzip, deflate, br, zstd",
        *subject.headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def connect(subject: Subject, *, receive_buffer: int | None = None) -> socket.socket:
    """Open a connection; `receive_buffer` in bytes keeps the kernel from taking in what nobody reads."""
    where = urlsplit(subject.url)
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(20)
    connection.connect((where.hostname, where.port))
    return connection


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


def format_idle(rows: Sequence[Idle]) -> str:
    """Lay the rows out as a table."""
    header = ("proxy", "version", "before MiB", "after MiB", "KiB each", "idle CPU ms/s")
    body = [
        [
            row.name,
            row.version,
            f"{row.before_mib:.0f}",
            f"{row.after_mib:.0f}",
            f"{row.kib_each:.2f}",
            f"{row.cpu_ms_per_second:.1f}",
        ]
        for row in rows
    ]
    return columns(header, body)
