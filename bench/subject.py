"""What is measured: a name, a started program, and the requests that go to it.

Also finding the binaries: a subject that is not installed is an error that says what to install, never a
row that is missing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Program


@dataclass(frozen=True, slots=True)
class Subject:
    """A started program under test and the requests that go to it."""

    name: str
    version: str
    program: Program
    url: str
    """Where it listens and the first part of the path; the block adds the name of a body."""
    headers: tuple[str, ...] = ()
    companions: tuple[Program, ...] = ()
    """Programs that must run beside it and are not part of its cost."""

    def stop(self) -> None:
        """Stop the program and its companions; may be called again."""
        for program in (self.program, *self.companions):
            program.stop()


@dataclass(frozen=True, slots=True)
class Place:
    """Where the measured programs run and what they forward to."""

    folder: Path
    upstream_port: int
    cores: str
    """Of the proxy, as `taskset` takes them."""
    load_cores: str
    """Of everything that is not measured."""


Start = Callable[[Place], Sequence[Subject]]
"""Starts a program; returns its rows, which share it."""


def binary(name: str, package: str | None = None) -> str:
    """Return the path of an installed program, the virtual environment first. Raises FileNotFoundError.

    `package` is the Debian package that brings it, where it comes from one.
    """
    beside_python = Path(sys.executable).parent / name
    # Not in every user's PATH, but where Debian puts servers.
    found = (
        str(beside_python)
        if beside_python.exists()
        else shutil.which(name) or shutil.which(f"/usr/sbin/{name}")
    )
    if found is None:
        hint = f" (Debian package {package})" if package else ""
        raise FileNotFoundError(f"{name}{hint} is not installed: run `make bench`, or leave its row out")
    return found


def first_line(*command: str) -> str:
    """Return the first non-empty line that a version command prints, on either stream."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return next(line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip())
