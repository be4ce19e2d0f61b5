"""Problems of a rule document: every one of them, each with its place.

A place is a path of keys and indexes into the document, so that whoever loaded the document can turn it
into a line and a column.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong (`severity` error) or doubtful (warning) at one place."""

    where: Place
    code: str
    """A stable word for tests and tools, e.g. `PriorityInUse` (elbv2's error code where there is one)."""
    message: str
    """What is wrong and how to mend it."""
    severity: str = "error"

    def __str__(self) -> str:
        return f"{format_place(self.where)}: {self.message}"


class InvalidRules(ValueError):  # noqa: N818 - it names the state of a document, not an error of the code
    """A rule document that cannot be used; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def format_place(where: Place) -> str:
    """Spell a place as `Rules[3].Conditions[0].Values`."""
    text = ""
    for step in where:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "(document)"
