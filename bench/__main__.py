"""`python -m bench`: measure every subject in alternating rounds and print one table.

The proxy has core 0 to itself; the load generator and the upstream share core 1. Rounds go through all the
subjects in turn, so that a slow minute of the machine touches every row alike; the medians are printed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench.albacore import start_albacore
from bench.load import run_wrk
from bench.report import Sample, format_table, machine, summarize
from bench.subjects import PEERS, Place, Subject, first_line, start_upstream

PROXY_CORE, LOAD_CORE = 0, 1
WARM_UP_SECONDS = 2


def main() -> None:
    """Parse the arguments, run, print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of 3 s instead of rounds x seconds")
    parser.add_argument(
        "--only", action="append", choices=[*SUBJECTS], help="measure only these (repeatable)"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8, help="of load per subject and round")
    arguments = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        sys.exit("two cores are needed: one for the proxy, one for the load")
    rounds, seconds = (1, 3) if arguments.quick else (arguments.rounds, arguments.seconds)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        measure(Path(folder), arguments.only or [*SUBJECTS], stack, rounds=rounds, seconds=seconds)


def measure(folder: Path, names: list[str], stack: ExitStack, *, rounds: int, seconds: int) -> None:
    """Start the named subjects, run the rounds, print the table; `stack` stops what was started."""
    upstream, port = start_upstream(folder, core=LOAD_CORE)
    stack.callback(upstream.stop)
    place = Place(folder=folder, upstream_port=port, core=PROXY_CORE)
    subjects: list[Subject] = []
    for name in names:
        for subject in SUBJECTS[name](place):
            stack.callback(subject.program.stop)
            subjects.append(subject)
    samples: dict[str, list[Sample]] = {subject.name: [] for subject in subjects}
    for number in range(rounds):
        for subject in subjects:
            print(
                f"round {number + 1} of {rounds}: {subject.name:<40}", end="\r", file=sys.stderr, flush=True
            )
            samples[subject.name].append(sample(subject, folder, seconds=seconds))
    print(" " * 60, end="\r", file=sys.stderr)
    conditions = f"{rounds} rounds of {seconds} s, medians; 32 connections, 1 KiB answers, one worker each"
    print(f"{machine()}\n{conditions}; {first_line('wrk', '-v').split(' [')[0]}\n")
    print(format_table([summarize(s.name, s.version, samples[s.name]) for s in subjects]))


def sample(subject: Subject, folder: Path, *, seconds: int) -> Sample:
    """Warm the subject up, then load it and take the CPU time in between."""
    run_wrk(subject.url, seconds=WARM_UP_SECONDS, core=LOAD_CORE, headers=subject.headers, folder=folder)
    before = subject.program.cpu_seconds()
    load = run_wrk(subject.url, seconds=seconds, core=LOAD_CORE, headers=subject.headers, folder=folder)
    return Sample(load, subject.program.cpu_seconds() - before, subject.program.peak_rss_mib())


def _alone(start: Callable[[Place], Subject]) -> Callable[[Place], list[Subject]]:
    return lambda place: [start(place)]


SUBJECTS: dict[str, Callable[[Place], list[Subject]]] = {
    **{name: _alone(start) for name, start in PEERS.items()},
    "albacore": start_albacore,
}


if __name__ == "__main__":
    main()
