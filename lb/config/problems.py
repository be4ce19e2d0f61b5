"""Problems of a configuration file, each with its line and column, and the error that carries all of them.

A problem is printed as `file:line:col: message`, the form that editors and terminals turn into a link.
Lines and columns count from 1; a problem of the file as a whole has line 0 and prints without them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing wrong (`severity` error) or doubtful (warning) in a configuration file."""

    file: str
    line: int
    column: int
    code: str
    """A stable word for tests and tools, e.g. `UnknownKey`."""
    message: str
    """What is wrong and how to mend it; never a secret's value."""
    severity: str = "error"

    def __str__(self) -> str:
        position = f":{self.line}:{self.column}" if self.line else ""
        warning = "warning: " if self.severity == "warning" else ""
        return f"{self.file}{position}: {warning}{self.message}"

    def as_dict(self) -> dict[str, str | int]:
        """Return the members for `albacore check --format json`."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
        }


class InvalidConfig(ValueError):  # noqa: N818 -- reads as what it says, like InvalidRules
    """A configuration that cannot be used; `problems` holds everything that is wrong with it, in file
    order.
    """

    def __init__(self, problems: Iterable[ConfigProblem], warnings: Iterable[ConfigProblem] = ()) -> None:
        self.problems = in_file_order(problems)
        self.warnings = in_file_order(warnings)
        super().__init__("\n".join(map(str, self.problems)))


def in_file_order(problems: Iterable[ConfigProblem]) -> tuple[ConfigProblem, ...]:
    """Sort by place and drop exact repeats."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda each: (each.file, each.line, each.column)))
