"""Exit statuses of the command, for service managers and scripts."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process ends with. 2 is the command line's own, for wrong usage."""

    OK = 0
    CONFIGURATION = 1
    USAGE = 2
    START = 3
    """A port, a file or the database could not be opened."""
    FAILED = 4
    """A bug: something that no code expected."""


class CannotStart(Exception):  # noqa: N818 -- says what happened
    """Something outside the configuration is in the way; `reasons` has one line for each."""

    def __init__(self, *reasons: str, status: Exit = Exit.START) -> None:
        self.reasons = reasons
        self.status = status
        super().__init__("\n".join(reasons))


def explain(error: OSError | ValueError) -> str:
    """Return what went wrong in one line for an operator."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
