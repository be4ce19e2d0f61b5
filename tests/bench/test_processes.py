"""What /proc tells of a process tree."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.processes import Program, StartError, free_port

# A parent that lets its child do all the work.
DELEGATES = """
import subprocess, sys, time
work = "import time\\nwhile time.process_time() < 0.4: pass\\ntime.sleep(60)"
subprocess.Popen([sys.executable, "-c", work])
time.sleep(60)
"""


def test_work_of_children_counts(tmp_path: Path) -> None:
    program = Program([sys.executable, "-c", DELEGATES], cores="0", log=tmp_path / "log")
    try:
        deadline = time.monotonic() + 20
        while program.cpu_seconds() < 0.3 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert program.cpu_seconds() >= 0.3
        assert program.peak_rss_mib() > 10
    finally:
        program.stop()


def test_a_program_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    program = Program(
        [sys.executable, "-c", "raise SystemExit('no such config')"], cores="0", log=tmp_path / "log"
    )
    with pytest.raises(StartError, match="no such config"):
        program.wait_for_port(free_port())
    program.stop()


def test_a_program_that_never_says_it_is_ready_says_why(tmp_path: Path) -> None:
    program = Program(
        [sys.executable, "-c", "raise SystemExit('no such pool')"], cores="0", log=tmp_path / "log"
    )
    with pytest.raises(StartError, match="no such pool"):
        program.wait_for_file(tmp_path / "ready")
    program.stop()


def test_programs_end_with_the_benchmark(tmp_path: Path) -> None:
    code = f"""
import pathlib, sys
from bench.processes import Program
program = Program(["sleep", "600"], cores="0", log=pathlib.Path({str(tmp_path / "log")!r}))
print(program.pid, flush=True)
raise RuntimeError("another program did not start")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "another program did not start" in done.stderr
    assert not Path(f"/proc/{int(done.stdout)}").exists()
