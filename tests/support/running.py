"""Start `albacore` as a user does, in a process of its own, and end it cleanly.

The process is the installed command with a configuration file in a temporary folder; nothing is imported
from the product. Ending it asserts what an operator would check: it stops within seconds, with a good
exit code, and leaves no traceback behind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import yaml

COMMAND = Path(sys.executable).parent / "albacore"
START_SECONDS = 40.0
STOP_SECONDS = 15.0


def free_ports(count: int) -> list[int]:
    """Return `count` different TCP ports of 127.0.0.1 that were free a moment ago.

    The configuration needs them before anything listens: callback URLs hold the listener's port.
    """
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


class Running:
    """One running command; `output` is everything it wrote on both streams so far."""

    def __init__(self, command: Sequence[str | Path], *, folder: Path, env: Mapping[str, str] | None = None):
        self._log = folder / "output.log"
        self._stream = self._log.open("wb")
        self.process = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=self._stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            start_new_session=True,
        )

    @property
    def output(self) -> str:
        """What the process has written."""
        return self._log.read_text(errors="replace")

    def wait_until(self, condition: Callable[[], bool], *, what: str) -> None:
        """Block until `condition()` is true.

        Raises AssertionError with the output when the process ends first.
        """
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode} before {what}:\n{self.output}")
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"no sign of {what} in {START_SECONDS:.0f} s:\n{self.output}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Send SIGTERM and assert a clean end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not stop in {STOP_SECONDS:.0f} s:\n{self.output}") from None
        finally:
            self._stream.close()
        # uvicorn ends by raising the signal again, so the shell's 143 is as clean as 0.
        assert self.process.returncode in (0, -signal.SIGTERM), f"{self.process.returncode}:\n{self.output}"
        assert "Traceback" not in self.output, self.output

    def kill(self) -> None:
        """Kill the process group without ceremony."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._stream.close()


@contextlib.contextmanager
def running_albacore(
    config: Mapping[str, object],
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
    stop: Literal["clean", "kill"] = "clean",
) -> Iterator[Running]:
    """Run `albacore run` on `config` until the block is left.

    Yields when every listener accepts connections.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "albacore.yaml"
    path.write_text(yaml.safe_dump(dict(config), sort_keys=False))
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    running = Running([COMMAND, "run", path, "--ready-file", ready], folder=folder, env=env)
    try:
        running.wait_until(ready.exists, what="the ready file")
        yield running
    except BaseException:
        # The test's own failure must not be hidden behind a complaint about the exit.
        running.kill()
        raise
    if stop == "kill":
        running.kill()
    else:
        running.stop()
