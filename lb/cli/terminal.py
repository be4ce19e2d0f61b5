"""What commands print: colour only for people, problems the same everywhere.

Colour is used when the stream is a terminal and NO_COLOR (https://no-color.org) is not set.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from lb.config import ConfigProblem


def styled(text: str, stream: IO[Any], **style: Any) -> str:
    """Return `text` in a style such as `fg="red"`, if `stream` should show colours."""
    return typer.style(text, **style) if wants_colour(stream) else text


def wants_colour(stream: IO[Any]) -> bool:
    """Whether colours are welcome on `stream`."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str = "") -> None:
    """Print a line of result."""
    sys.stdout.write(text + "\n")


def complain(text: str) -> None:
    """Print an error to standard error."""
    sys.stderr.write(f"{styled('error:', sys.stderr, fg='red', bold=True)} {text}\n")


def print_problems(problems: Iterable[ConfigProblem], stream: IO[Any]) -> None:
    """Print problems and warnings as `file:line:col: message` lines."""
    for problem in problems:
        colour = "yellow" if problem.severity == "warning" else "red"
        place, separator, message = str(problem).partition(": ")
        stream.write(f"{styled(place, stream, bold=True)}{separator}{styled(message, stream, fg=colour)}\n")


def print_json(document: object) -> None:
    """Print a document for other programs."""
    say(json.dumps(document, indent=2, ensure_ascii=False))
