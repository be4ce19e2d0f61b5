"""Several processes at one pipe: rows stay whole."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading

import pytest

from lb.observe import turns

WRITER = """
import os, sys
from lb.observe import turns
turns.share(int(sys.argv[1]))
rows = (sys.argv[2] * 3000 + "\\n").encode() * 40
for _ in range(20):
    with turns.turn(1):
        written = 0
        while written < len(rows):
            written += os.write(1, rows[written:])
"""


def test_rows_of_two_processes_do_not_interleave_in_a_pipe() -> None:
    out, into = os.pipe()
    with tempfile.TemporaryFile() as lock:
        fd = lock.fileno()
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, str(fd), letter], stdout=into, pass_fds=(fd,))
            for letter in "ab"
        ]
        os.close(into)
        with os.fdopen(out, "rb") as pipe:
            rows = pipe.read().decode().splitlines()
        assert [writer.wait() for writer in writers] == [0, 0]
    assert sorted(rows) == ["a" * 3000] * 800 + ["b" * 3000] * 800


@pytest.fixture
def lock() -> int:
    with tempfile.TemporaryFile() as file:
        turns.share(file.fileno())
        yield file.fileno()
        turns.share(None)


def test_a_file_takes_no_turn_and_who_is_alone_neither(lock: int) -> None:
    with tempfile.TemporaryFile() as file, turns.turn(file.fileno()):
        pass
    turns.share(None)
    with turns.turn(1):
        pass


def test_a_dead_process_holds_nothing(lock: int) -> None:
    code = f"import fcntl, os; fcntl.lockf({lock}, fcntl.LOCK_EX); os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code], pass_fds=(lock,), check=False).returncode == -9
    out, into = os.pipe()
    done = threading.Event()

    def take() -> None:
        with turns.turn(into):
            done.set()

    taker = threading.Thread(target=take, daemon=True)
    taker.start()
    assert done.wait(10)
    taker.join(10)
    os.close(out)
    os.close(into)
