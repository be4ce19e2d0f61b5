"""When a worker that died is started again: at once after a long life, ever later after short ones. Pure."""

from __future__ import annotations

from dataclasses import dataclass

FAST_SECONDS = 10.0
"""A worker that served less than this died fast: what killed it may kill the next one too."""
FIRST_DELAY = 0.25
LONGEST_DELAY = 30.0
LIMIT = 6
"""Fast deaths in a row after which a place counts as hopeless."""


@dataclass(frozen=True, slots=True)
class Restarts:
    """The recent deaths in one place."""

    fast: int = 0
    """Fast deaths in a row."""

    def after(self, lived: float) -> Restarts:
        """Return the record after the death of a worker that served `lived` seconds (0: it never did)."""
        return Restarts() if lived >= FAST_SECONDS else Restarts(self.fast + 1)

    @property
    def delay(self) -> float:
        """Seconds to wait before the next start."""
        return min(FIRST_DELAY * 2 ** (self.fast - 1), LONGEST_DELAY) if self.fast else 0.0

    @property
    def hopeless(self) -> bool:
        """Whether it was tried often enough."""
        return self.fast >= LIMIT
