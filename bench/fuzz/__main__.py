"""`python -m bench.fuzz TARGET`: run one target under atheris until the time is over or something is found.

What was learnt is kept in `.fuzz/`, and so is an input that found something: its bytes belong into
tests/bench/test_fuzz.py, together with what mends it.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["lb", "rules", "hpack", "h2"]):
    from bench.fuzz.seeds import WORDS
    from bench.fuzz.targets import TARGETS

MAX_BYTES = 8192


def main() -> None:
    """Parse the arguments, lay out the seeds, fuzz."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--folder", type=Path, default=Path(".fuzz"), help="keeps what was learnt and found")
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    arguments = parser.parse_args()
    logging.getLogger("albacore").propagate = False
    target = TARGETS[arguments.target]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name, target.plane() as plane:
        options = _lay_out(Path(name), arguments.folder / arguments.target, target.seeds())
        limits = [f"-max_total_time={arguments.seconds}", f"-max_len={MAX_BYTES}", f"-seed={arguments.seed}"]
        found = f"-artifact_prefix={arguments.folder}/{arguments.target}-"
        atheris.Setup([sys.argv[0], *options, *limits, found], lambda data: target.check(plane, data))
        atheris.Fuzz()


def _lay_out(folder: Path, corpus: Path, seeds: list[bytes]) -> list[str]:
    corpus.mkdir(parents=True, exist_ok=True)
    begin, words = folder / "seeds", folder / "words"
    begin.mkdir()
    for number, seed in enumerate(seeds):
        (begin / str(number)).write_bytes(seed)
    words.write_text("\n".join(f'"{word}"' for word in WORDS))
    return [str(corpus), str(begin), f"-dict={words}"]


if __name__ == "__main__":
    main()
