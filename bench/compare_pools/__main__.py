"""`python -m bench.compare_pools --moto VENV --cognito-local FOLDER`: put the calls to each, print the table.

Without one of the two its column is left out. `--write FILE` replaces the table in that document.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from bench.compare_pools.play import AS_COGNITO, CALLS, Stage, judge
from bench.compare_pools.subjects import KEY_ID, KEY_SECRET, REGION, STARTS, Subject

BEGIN, END = "<!-- table: printed by `python -m bench.compare_pools` -->", "<!-- end of the table -->"
CHAPTERS = ("setup", "people", "account")
"""The modules whose calls register themselves, in the order of the table."""


def main() -> None:
    """Read the command line, compare, print or write."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare_pools", description=__doc__)
    parser.add_argument("--moto", type=Path, help="virtual environment with moto[server,cognitoidp]")
    parser.add_argument("--cognito-local", type=Path, help="folder where npm installed cognito-local")
    parser.add_argument("--write", type=Path, help="document whose table is replaced")
    options = parser.parse_args()
    homes = {"albacore": None, "moto": options.moto, "cognito-local": options.cognito_local}
    table = compare({name: home for name, home in homes.items() if home or name == "albacore"})
    if options.write:
        options.write.write_text(replace_table(options.write.read_text(), table))
    else:
        sys.stdout.write(table + "\n")


def compare(homes: dict[str, Path | None]) -> str:
    """Put all calls to the programs, one after the other, and lay out the table."""
    for chapter in CHAPTERS:
        import_module(f"bench.compare_pools.{chapter}")
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        columns = {}
        for name, home in homes.items():
            place = Path(folder) / name
            place.mkdir()
            subject = STARTS[name](place, home)
            try:
                title = f"{name} {subject.version}"
                columns[title] = [judge(asked, stage) for stage in [open_stage(subject)] for asked in CALLS]
            finally:
                subject.program.stop()
    return lay_out(columns)


def open_stage(subject: Subject) -> Stage:
    """Make the two clients of a program."""
    quiet = {"retries": {"max_attempts": 0}, "read_timeout": 30}
    place = {"region_name": REGION, "endpoint_url": subject.url}
    signed = boto3.client(
        "cognito-idp",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=KEY_SECRET,
        config=Config(**quiet),
        **place,
    )
    public = boto3.client("cognito-idp", config=Config(signature_version=UNSIGNED, **quiet), **place)
    return Stage(subject, signed, public)


def lay_out(columns: Mapping[str, Sequence[str]]) -> str:
    """Lay out one row for each call, and the counts below."""
    lines = [f"| Call | Cognito | {' | '.join(columns)} |", "|---" * (len(columns) + 2) + "|"]
    area = ""
    for number, asked in enumerate(CALLS):
        if asked.area != area:
            area = asked.area
            lines.append(f"| **{area}** |" + " |" * (len(columns) + 1))
        wanted = f"`{asked.refusal}`" if asked.refusal else "success"
        lines.append(f"| {asked.title} | {wanted} | {' | '.join(c[number] for c in columns.values())} |")
    counts = (str(sum(cell == AS_COGNITO for cell in cells)) for cells in columns.values())
    lines.append(f"| **As Cognito, of {len(CALLS)}** | | {' | '.join(counts)} |")
    return "\n".join(lines)


def replace_table(document: str, table: str) -> str:
    """Return the document with this table between its marks. Raises ValueError where there are none."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document has no place for the table: {BEGIN} ... {END}")
    return f"{before}{begin}\n\n{table}\n\n{end}{after}"


if __name__ == "__main__":
    main()
