"""The floor as a subject: how much of a row is Python, uvloop and the kernel, whatever albacore does."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

from bench.processes import Program, free_port
from bench.subject import Place, Subject

ROOT = Path(__file__).parent.parent


def start_floor(place: Place) -> list[Subject]:
    """Start the two smallest proxies."""
    return [_start(place, kind) for kind in ("bytes", "parsed")]


def _start(place: Place, kind: str) -> Subject:
    port = free_port()
    command = [sys.executable, "-m", "bench.floor_server", kind, str(port), str(place.upstream_port)]
    log = place.folder / f"floor-{kind}.log"
    program = Program(command, cores=place.cores, log=log, env={"PYTHONPATH": str(ROOT)})
    program.wait_for_port(port)
    return Subject(f"floor, {kind}", version("uvloop"), program, f"http://127.0.0.1:{port}/plain")
