"""The only place of the user pool that asks what time it is.

Everything else takes a `Clock` or a `now` in Unix seconds, so that tests move time by hand.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """Return the current time in Unix seconds."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> float:
        """Return the current time in Unix seconds."""
        return time.time()


@dataclass(slots=True)
class ManualClock:
    """A clock that stands still until it is moved; for tests and for replaying."""

    at: float = 1_800_000_000.0

    def now(self) -> float:
        """Return the time the clock was last moved to."""
        return self.at

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds`."""
        self.at += seconds
