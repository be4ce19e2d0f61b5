"""`python -m bench.pool`: sign-ins and tokens by flow, lists of a large pool, and how long others wait.

The pool and its callers share two cores: a rate is what they give together, "CPU ms" what one costs the pool
alone (on PostgreSQL without the database's own processes).
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bench.pool.flows import Effort, flow_table
from bench.pool.lists import DATABASES, list_table
from bench.pool.mixed import mixed_table
from bench.report import machine

BLOCKS: Final = ("flows", "mixed", "lists")
CORES: Final = 2


@dataclass(frozen=True, slots=True)
class Choice:
    """What the command line asks for."""

    blocks: Sequence[str]
    databases: tuple[str, ...]
    effort: Effort
    users: int = 1_000_000
    repeats: int = 20
    loaders: int = 8


FULL: Final = Choice(BLOCKS, DATABASES, Effort(seconds=10, callers=4, spare=300))
QUICK: Final = replace(FULL, effort=Effort(seconds=1, callers=2, spare=20), users=2_000, repeats=3)


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    choice = parse_arguments(words)
    # Told to end, it ends what it has started; also where a script that started it behind ignores SIGINT.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda number, _: sys.exit(128 + number))
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:CORES]))
    print(machine(), flush=True)
    print(f"{describe_speed()}; load average {os.getloadavg()[0]:.1f} at the start", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        tables = list_tables(choice, Path(name))
        for block in choice.blocks:
            print(f"\n{tables[block]()}", flush=True)


def parse_arguments(words: Sequence[str] | None) -> Choice:
    """Read the command line; ends the process when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.pool", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="a second for each flow, 2,000 users")
    add("--only", action="append", choices=BLOCKS, help="print only these tables (repeatable)")
    add("--database", action="append", choices=DATABASES, help="list only on these (repeatable)")
    add("--users", type=int, help=f"in the pool that is listed (default {FULL.users:,})")
    add("--seconds", type=float, help=f"for each flow (default {FULL.effort.seconds:g})")
    options = parser.parse_args(words)
    usual = QUICK if options.quick else FULL
    return replace(
        usual,
        blocks=options.only or usual.blocks,
        databases=tuple(options.database or usual.databases),
        users=options.users or usual.users,
        effort=replace(usual.effort, seconds=options.seconds or usual.effort.seconds),
    )


def list_tables(choice: Choice, folder: Path) -> Mapping[str, Callable[[], str]]:
    """What makes each table."""
    return {
        "flows": partial(flow_table, folder / "flows", choice.effort),
        "mixed": partial(
            mixed_table, folder / "mixed", seconds=choice.effort.seconds, loaders=choice.loaders
        ),
        "lists": partial(
            list_table, folder, users=choice.users, repeats=choice.repeats, databases=choice.databases
        ),
    }


def describe_speed() -> str:
    """Say which optional parts make the pool faster here."""
    parts = {"gmpy2": "powers of SRP in C", "uvloop": "the event loop"}
    return ", ".join(f"{name} ({what}): {'yes' if find_spec(name) else 'no'}" for name, what in parts.items())


if __name__ == "__main__":
    main()
