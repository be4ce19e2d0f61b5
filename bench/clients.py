"""The clients of the memory tables, thousands at a time, and what a proxy has grown by for them."""

from __future__ import annotations

import resource
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.load import LoadError
from bench.report import columns
from bench.subject import Subject

SPARE_DESCRIPTORS = 200


@dataclass(frozen=True, slots=True)
class Growth:
    """What one subject had and used while all the clients were there."""

    name: str
    version: str
    clients: int
    before_mib: float
    most_mib: float
    cpu: float
    """In the unit of the table."""

    @property
    def kib_each(self) -> float:
        """Resident memory that one client has added."""
        return (self.most_mib - self.before_mib) * 1024 / self.clients


def format_growth(rows: Sequence[Growth], *, most: str, cpu: str) -> str:
    """Lay the rows out as a table; `most` and `cpu` say what these two columns are."""
    header = ("proxy", "version", "before MiB", f"{most} MiB", "KiB each", cpu)
    figures = [(row.before_mib, row.most_mib, row.kib_each, row.cpu) for row in rows]
    body = [
        [row.name, row.version, f"{before:.0f}", f"{after:.0f}", f"{each:.2f}", f"{used:.1f}"]
        for row, (before, after, each, used) in zip(rows, figures, strict=True)
    ]
    return columns(header, body)


def allow_descriptors(connections: int) -> None:
    """Raise this process's limit of open files to its hard limit. Raises LoadError if that is too low."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < connections + SPARE_DESCRIPTORS:
        needed = connections + SPARE_DESCRIPTORS
        raise LoadError(f"{connections} connections need a hard limit of {needed} open files; it is {hard}")


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
