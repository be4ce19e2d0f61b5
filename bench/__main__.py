"""`python -m bench`: measure every subject in alternating rounds, block after block, and print the tables.

The proxy has core 0 to itself; the load generator and the upstream share core 1. Rounds go through all the
subjects in turn, so that a slow minute of the machine touches every row alike; the medians are printed.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.albacore import OURS
from bench.blocks import BLOCKS, Block
from bench.floor import start_floor
from bench.measure import Bench, Effort
from bench.memory import MEMORY_BLOCKS
from bench.peers import PEERS
from bench.report import format_table, machine
from bench.subject import Place, Start, first_line
from bench.upstream import Upstream

PROXY_CORE, LOAD_CORE = "0", "1"
SUBJECTS: dict[str, Start] = {**PEERS, **OURS, "floor": start_floor}
UNASKED = [name for name in SUBJECTS if name not in ("albacore-asgi", "floor")]
ALL_BLOCKS = [*BLOCKS, *MEMORY_BLOCKS]
QUICK = Effort(rounds=1, seconds=3)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the command line asks for."""

    subjects: Sequence[str]
    blocks: Sequence[str]
    effort: Effort
    quick: bool = False
    """Fewer clients in the memory tables, too."""


def main() -> None:
    """Parse the arguments, run, print."""
    choice = parse_arguments(sys.argv[1:])
    if (os.cpu_count() or 1) < 2:
        sys.exit("two cores are needed: one for the proxy, one for the load")
    print(machine(), flush=True)
    # Told to end, it ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # The clients of the memory tables are this process.
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        print_tables(choice, Path(folder), stack)


def parse_arguments(words: Sequence[str]) -> Choice:
    """Read the command line; ends the process when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="one round of 3 s instead of rounds x seconds")
    add("--only", action="append", choices=[*SUBJECTS], help="measure only these programs (repeatable)")
    add("--block", action="append", choices=ALL_BLOCKS, help="print only these tables (repeatable)")
    add("--rounds", type=int, default=3)
    add("--seconds", type=int, default=3, help="of load per row and round")
    arguments = parser.parse_args(words)
    effort = QUICK if arguments.quick else Effort(arguments.rounds, arguments.seconds)
    blocks = arguments.block or ALL_BLOCKS
    return Choice(arguments.only or UNASKED, blocks, effort, quick=arguments.quick)


def print_tables(choice: Choice, folder: Path, stack: ExitStack) -> None:
    """Measure and print block after block; `stack` stops what was started."""
    upstream = Upstream(folder, cores=LOAD_CORE)
    stack.callback(upstream.stop)
    place = Place(folder, upstream.port, cores=PROXY_CORE, load_cores=LOAD_CORE)
    loaded = [BLOCKS[name] for name in choice.blocks if name in BLOCKS]
    if loaded:
        print_loaded(loaded, choice, place, upstream)
    for name in choice.blocks:
        block = MEMORY_BLOCKS.get(name)
        table = block.table(place, choice.subjects, quick=choice.quick) if block else ""
        if table:
            print(f"\n{table}", flush=True)


def print_loaded(blocks: Sequence[Block], choice: Choice, place: Place, upstream: Upstream) -> None:
    """Print the load generator's tables: all programs run at the same time, their rows take turns."""
    bench, effort = Bench(place.folder, upstream, load_cores=place.load_cores), choice.effort
    print(f"{effort.rounds} rounds of {effort.seconds} s, medians; {first_line('wrk', '-v').split(' [')[0]}")
    with ExitStack() as stack:
        for name in choice.subjects:
            bench.subjects[name] = SUBJECTS[name](place)
            for subject in bench.subjects[name]:
                stack.callback(subject.stop)
        for block in blocks:
            rows = bench.measure(block, effort)
            if rows:
                print(f"\n{block.title}\n\n{format_table(rows)}", flush=True)


if __name__ == "__main__":
    main()
