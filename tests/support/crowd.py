"""Many kept connections that ask without a pause, and remember what became of every request."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

END = b"\r\n\r\n"
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request; status 0: nothing, or not all of an answer."""

    status: int
    asked: float
    """On the monotonic clock, as the next one."""
    over: float
    told: str = ""
    """The target's name, or what went wrong."""


@dataclass
class Crowd:
    """Clients in a thread of their own, until told to stop."""

    port: int
    size: int
    outcomes: list[Outcome] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def asking(self) -> Iterator[Crowd]:
        """Ask while the block runs; what is in flight then is waited for."""
        thread = threading.Thread(target=lambda: asyncio.run(self._ask_all()))
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def statuses(self, *, asked_after: float = 0.0) -> Counter[int]:
        """Count the answers, of requests made after a moment."""
        return Counter(each.status for each in self.outcomes if each.asked >= asked_after)

    async def _ask_all(self) -> None:
        await asyncio.gather(*(self._ask(number) for number in range(self.size)))

    async def _ask(self, number: int) -> None:
        writer: asyncio.StreamWriter | None = None
        for turn in itertools.count():
            if self._over.is_set():
                break
            path = b"/open/%d/%d" % (number, turn)
            asked = time.monotonic()
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)
                async with asyncio.timeout(PATIENCE):
                    status, told, keeps = await _read(reader, path)
            except (OSError, EOFError, ValueError, TimeoutError) as error:
                status, told, keeps = 0, repr(error), False
            self.outcomes.append(Outcome(status, asked, time.monotonic(), told))
            if not keeps and writer is not None:
                writer.close()
                writer = None
        if writer is not None:
            writer.close()


async def _read(reader: asyncio.StreamReader, path: bytes) -> tuple[int, str, bool]:
    """Read an answer; raises ValueError for one to somebody else's question."""
    head = (await reader.readuntil(END)).lower()
    status = int(head.split(b" ")[1])
    size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(size)
    name, _, told = body.partition(b" ")
    if status == 200 and told != path:
        raise ValueError(f"asked for {path!r}, got {body!r}")
    return status, name.decode("latin-1") if status == 200 else "", b"connection: close" not in head
