"""`albacore breached`: build the file of breached passwords, and look a password up in it.

Built by import string from the load balancer's command line, as `albacore users` is.
"""

from __future__ import annotations

import getpass
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from idp.protection.breach_file import BadBreachFile, BreachFile, write_breach_file
from idp.protection.breach_sources import BadSource, hash_words, looks_like_hashes, read_hashes


def build() -> typer.Typer:
    """Make the commands."""
    app = typer.Typer(name="breached", help="The list of breached passwords.", no_args_is_help=True)
    app.command("build")(_build)
    app.command("look-up")(_look_up)
    return app


def _build(
    source: Annotated[
        Path,
        typer.Argument(metavar="SOURCE", help="Sorted `SHA-1:COUNT` lines, or a word a line; `-`: stdin."),
    ],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="The file to write.")],
    *,
    at_least: Annotated[
        int, typer.Option("--at-least", min=1, help="Leave out hashes that were seen less often.")
    ] = 1,
) -> None:
    """Build the file from a public list of hashes, or from a list of words."""
    try:
        with ExitStack() as stack:
            file = sys.stdin.buffer if str(source) == "-" else stack.enter_context(source.open("rb"))
            count = _write(file, target, at_least)
    except (OSError, BadSource) as error:
        sys.stderr.write(f"error: {source}: {error}\n")
        raise typer.Exit(1) from error
    sys.stdout.write(f"{target}: {count} passwords\n")


def _write(file: BinaryIO, target: Path, at_least: int) -> int:
    first = file.readline()
    lines = (line for part in ((first,), file) for line in part)
    is_hashes = looks_like_hashes(first)
    if at_least > 1 and not is_hashes:
        raise BadSource("a list of words has no counts: leave --at-least out")
    return write_breach_file(
        read_hashes(lines, at_least=at_least) if is_hashes else hash_words(lines), target
    )


def _look_up(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `build` wrote.")],
) -> None:
    """Say whether a password, asked for or from standard input, is in the file; exits with 1 where it is."""
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    try:
        found = password in BreachFile(file)
    except (OSError, BadBreachFile) as error:
        sys.stderr.write(f"error: {error}\n")
        raise typer.Exit(2) from error
    sys.stdout.write("breached\n" if found else "not in the list\n")
    raise typer.Exit(int(found))
