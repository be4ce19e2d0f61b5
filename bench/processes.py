"""Start the measured programs, pin them to cores, and read what they cost from /proc.

CPU time is user plus system time of the whole process tree, reaped children included, so that a proxy cannot
look cheap by moving its work into another process.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
START_SECONDS = 30.0


class StartError(RuntimeError):
    """A program did not come up; the text holds the end of what it wrote."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """One running program, in its own process group and pinned to its cores."""

    def __init__(
        self, command: Sequence[str], *, cores: str, log: Path, env: Mapping[str, str] | None = None
    ):
        self.log = log
        self._output = log.open("wb")
        # A signal between the program's start and its being known would leave it running.
        with _signals_later():
            self._process = subprocess.Popen(
                ["taskset", "--cpu-list", cores, *command],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=log.parent,
                start_new_session=True,
            )
            # Also when the benchmark ends because another program did not start.
            atexit.register(self.stop)

    @property
    def pid(self) -> int:
        """The root of the process tree (taskset replaces itself with the program)."""
        return self._process.pid

    def wait_for_port(self, port: int) -> None:
        """Block until `port` accepts connections. Raises StartError."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise StartError(f"{self.log.stem} did not listen on {port}:\n{self.log.read_text()[-2000:]}")

    def wait_for_file(self, path: Path) -> None:
        """Block until the program has written `path`. Raises StartError."""
        deadline = time.monotonic() + START_SECONDS
        while not path.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise StartError(f"{self.log.stem} has not written {path}:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the process group: SIGTERM, then SIGKILL after five seconds. May be called again."""
        atexit.unregister(self.stop)
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._output.close()

    def cpu_seconds(self) -> float:
        """User plus system time of the tree so far, in seconds, to the kernel's tick (10 ms)."""
        return sum(map(_process_cpu_seconds, tree(self.pid)))

    def peak_rss_mib(self) -> float:
        """Sum of the peak resident sizes of the processes now in the tree, in MiB."""
        return sum(_status_kib(pid, "VmHWM") for pid in tree(self.pid)) / 1024

    def rss_mib(self) -> float:
        """Sum of the resident sizes of the processes now in the tree, in MiB."""
        return sum(_status_kib(pid, "VmRSS") for pid in tree(self.pid)) / 1024

    def forget_peak(self) -> None:
        """Let the peak resident sizes be those from now on (proc(5), clear_refs)."""
        for pid in tree(self.pid):
            Path(f"/proc/{pid}/clear_refs").write_text("5")


@contextmanager
def _signals_later() -> Iterator[None]:
    """Let what asks this process to end wait until the block is left."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    usual = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
        for late in came:
            signal.raise_signal(late)


def tree(root: int) -> Iterator[int]:
    """Yield `root` and its living descendants."""
    yield root
    for children in Path(f"/proc/{root}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from tree(int(child))


def _process_cpu_seconds(pid: int) -> float:
    # The command name may hold spaces and brackets, so fields are counted after the last bracket:
    # proc(5) utime, stime, cutime, cstime are fields 14 to 17, the state being field 3.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) * TICK_SECONDS


def _status_kib(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    return 0
