"""The memory tables: a fresh process for each row, because a heap that has grown hides what comes later.

Rows: ours, and the two proxies that the other tables compare with; nginx with `proxy_buffering off`, because
otherwise it writes what it cannot hold into files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from bench.albacore import start_albacore
from bench.clients import Growth, format_growth
from bench.downloads import DOWNLOADS, measure_downloads
from bench.idle import CONNECTIONS, measure_idle
from bench.load import LoadError
from bench.measure import tell
from bench.peers.envoy import start_envoy
from bench.peers.nginx import start_unbuffered_nginx
from bench.subject import Place, Start, Subject


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """One row: a program and which of its subjects."""

    program: str
    start: Start
    index: int = 0


PLAIN = (
    MemoryRow("nginx", start_unbuffered_nginx),
    MemoryRow("envoy", start_envoy),
    MemoryRow("albacore", start_albacore),
)


@dataclass(frozen=True, slots=True)
class MemoryBlock:
    """One table about memory."""

    name: str
    what: str
    clients: int
    quick_clients: int
    rows: Sequence[MemoryRow]
    measure: Callable[[Subject, int], Growth]
    most: str
    """Which memory is compared with that before."""
    cpu: str
    """Unit of the CPU column."""

    def table(self, place: Place, programs: Sequence[str], *, quick: bool) -> str:
        """Measure the rows of `programs`; returns title and table, nothing where no row is wanted."""
        clients = self.quick_clients if quick else self.clients
        rows = [self._measure(row, place, clients) for row in self.rows if row.program in programs]
        tell("")
        if not rows:
            return ""
        return f"{self.name}: {clients:,} {self.what}\n\n{format_growth(rows, most=self.most, cpu=self.cpu)}"

    def _measure(self, row: MemoryRow, place: Place, clients: int) -> Growth:
        folder = place.folder / f"{self.name}-{row.program}-{row.index}"
        folder.mkdir()
        with ExitStack() as stack:
            subjects = row.start(replace(place, folder=folder))
            stack.callback(subjects[0].stop)
            subject = subjects[row.index]
            tell(f"{self.name}: {subject.name}")
            try:
                return self.measure(subject, clients)
            except LoadError as error:
                raise LoadError(f"{self.name}, {subject.name}: {error}") from error


MEMORY_BLOCKS = {
    block.name: block
    for block in (
        MemoryBlock(
            "idle",
            "kept connections, each answered once",
            clients=CONNECTIONS,
            quick_clients=1_000,
            rows=(*PLAIN, MemoryRow("albacore", start_albacore, index=1)),
            measure=measure_idle,
            most="after",
            cpu="idle CPU ms/s",
        ),
        MemoryBlock(
            "downloads",
            "downloads of 10 MB at a time by readers that are slow at first",
            clients=DOWNLOADS,
            quick_clients=100,
            rows=PLAIN,
            measure=measure_downloads,
            most="peak",
            cpu="CPU us/MB",
        ),
    )
}
