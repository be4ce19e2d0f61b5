"""Logs with one row per event: rows are made on the event loop, and written by a thread of their own.

A slow or full disk never slows or fails a request: rows wait in a bounded backlog, what does not fit is lost,
counted and told in one error line per outage. What a row holds is the business of each log.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from queue import SimpleQueue

from lb.observe.turns import turn

log = logging.getLogger("albacore.access_log")

FILE_MODE = 0o640
"""The log holds addresses and URLs of people: not for everyone on the machine."""
STDOUT = 1
CLOSE_SECONDS = 5.0
"""How long a hanging disk may hold up the end of the process."""


class RowLog:
    """Takes rows and writes them.

    Args:
        path: file to append to, `-` for standard output, None for no log at all.
        flush_seconds: longest time that a row waits in memory.
        flush_bytes: a buffer of this size is handed over at once.
        max_backlog: bytes that may wait for the disk; more is lost.

    Raises:
        OSError: the file cannot be opened; better at start than after the first request.
    """

    title = "log"
    """What messages to the operator call it."""

    def __init__(
        self,
        path: str | None,
        *,
        flush_seconds: float = 1.0,
        flush_bytes: int = 64 * 1024,
        max_backlog: int = 16 * 1024 * 1024,
    ) -> None:
        self._sink = None if path is None else _Sink(path, self.title)
        self._flush_seconds = flush_seconds
        self._flush_bytes = flush_bytes
        self._max_backlog = max_backlog
        self._rows: list[str] = []
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None
        self._dropped = 0
        self._dropping = False

    @property
    def rows_lost(self) -> int:
        """Rows lost since start: to a backlog that was full or a write that failed."""
        return self._dropped + (self._sink.rows_lost if self._sink else 0)

    @property
    def active(self) -> bool:
        """Whether rows go anywhere."""
        return self._sink is not None

    def write_row(self, row: str) -> None:
        """Take one row with its newline, printable ASCII. Never raises for the disk's sake, never waits."""
        if self._sink is None:
            return
        self._rows.append(row)
        self._size += len(row)
        if self._size >= self._flush_bytes:
            self._hand_over()
        elif self._timer is None:
            self._start_timer()

    def flush(self) -> None:
        """Write everything noted so far; waits for the disk (5 s at most), so not for the request path."""
        self._hand_over()
        if self._sink:
            self._sink.wait(CLOSE_SECONDS)

    def reopen(self) -> None:
        """Open the path anew, after what was noted before: for log rotation. Does not wait."""
        self._hand_over()
        if self._sink:
            self._sink.reopen()

    async def aclose(self) -> None:
        """Write what is left and end the writing thread."""
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Do as `aclose`, waiting."""
        self._hand_over()
        if self._sink:
            self._sink.close(CLOSE_SECONDS)
            self._sink = None

    def _start_timer(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            # Outside an event loop (a script, a test) rows wait for the buffer's size, flush() or close().
            return
        self._timer = loop.call_later(self._flush_seconds, self._hand_over)

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._rows or self._sink is None:
            return
        if self._sink.backlog + self._size > self._max_backlog:
            self._drop()
        else:
            # Half empty again: the outage is over, the next one will be told anew.
            self._dropping = self._dropping and self._sink.backlog * 2 > self._max_backlog
            # Rows are ASCII by construction: everything else was escaped.
            self._sink.put("".join(self._rows).encode("ascii"))
        self._rows.clear()
        self._size = 0

    def _drop(self) -> None:
        if not self._dropping:
            log.error("%s: the disk does not keep up, rows are being lost", self.title)
        self._dropping = True
        self._dropped += len(self._rows)


class _Sink:
    """A file and the thread that writes to it. The queue is the only way in."""

    def __init__(self, path: str, title: str) -> None:
        self._path = path
        self._title = title
        self._fd = _open(path)
        self._queue: SimpleQueue[bytes | threading.Event | None] = SimpleQueue()
        self._handed = self._done = 0
        self.rows_lost = 0
        self._failing = False
        self._torn = False
        # A daemon: a disk that hangs for good must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=title.replace(" ", "-"), daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Bytes handed over and not yet done with. Each counter has one writing thread."""
        return self._handed - self._done

    def put(self, rows: bytes) -> None:
        self._handed += len(rows)
        self._queue.put(rows)

    def wait(self, seconds: float) -> None:
        reached = threading.Event()
        self._queue.put(reached)
        if not reached.wait(seconds):
            log.error("%s: the disk did not take everything within %.0f s", self._title, seconds)

    def reopen(self) -> None:
        self._queue.put(_REOPEN)

    def close(self, seconds: float) -> None:
        self._queue.put(None)
        self._thread.join(seconds)
        if self._thread.is_alive():
            log.error("%s: the disk hangs, %d bytes not written", self._title, self.backlog)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if item is _REOPEN:
                self._reopen()
            elif isinstance(item, threading.Event):
                item.set()
            elif isinstance(item, bytes):
                self._write(item)
        if self._fd != STDOUT:
            os.close(self._fd)

    def _write(self, rows: bytes) -> None:
        # A row that an earlier failure cut in half must not swallow the next one.
        data = b"\n" + rows if self._torn else rows
        written = 0
        try:
            with turn(self._fd):
                while written < len(data):
                    written += os.write(self._fd, memoryview(data)[written:])
        except OSError as error:
            self._torn = data[written - 1 : written] != b"\n" if written else self._torn
            self._note_failure(error, lost=min(data.count(b"\n", written), rows.count(b"\n")))
        else:
            self._torn = False
            self._note_success()
        self._done += len(rows)

    def _note_failure(self, error: OSError, *, lost: int) -> None:
        self.rows_lost += lost
        if not self._failing:
            text = "%s %s: cannot write (%s), rows are being lost"
            log.error(text, self._title, self._path, error.strerror)
        self._failing = True

    def _note_success(self) -> None:
        if self._failing:
            log.warning("%s %s: writing again, %d rows were lost", self._title, self._path, self.rows_lost)
        self._failing = False

    def _reopen(self) -> None:
        if self._fd == STDOUT:
            return
        try:
            fresh = _open(self._path)
        except OSError as error:
            text = "%s %s: cannot reopen (%s), staying with the old file"
            log.error(text, self._title, self._path, error.strerror)  # noqa: TRY400 - the stack tells an operator nothing
            return
        os.close(self._fd)
        self._fd = fresh


_REOPEN = threading.Event()


def _open(path: str) -> int:
    if path == "-":
        return STDOUT
    # O_APPEND: several processes may share the file, and each batch stays in one piece.
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
