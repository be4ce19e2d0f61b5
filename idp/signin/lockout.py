"""How failed sign-ins lock an account, by Cognito's schedule (cognito.md 4.9). Pure.

Five failures are free; after the n-th the account is locked for 2^(n-5) seconds, at most 15 minutes.
Attempts while locked do not count. A success, or 15 minutes without a lock and without attempts, starts
over.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from idp.model import Failures

FREE: Final = 5
LONGEST_LOCK: Final = 900.0
FORGET_AFTER: Final = 900.0
SKEW: Final = 60.0
"""How far apart the clocks of two nodes may be."""


def is_locked(failures: Failures | None, now: float) -> bool:
    """Whether attempts are refused without looking at the password.

    A lock that ends further away than any lock may was written before the clock was put back: it is none.
    """
    return failures is not None and 0 < failures.locked_until - now <= LONGEST_LOCK + SKEW


def after_failure(failures: Failures, now: float) -> Failures:
    """Count a failure and lock where the schedule says so."""
    count = 1 if is_forgotten(failures, now) else failures.count + 1
    lock = min(LONGEST_LOCK, 2.0 ** min(count - FREE, 10)) if count >= FREE else 0.0
    return replace(failures, count=count, last_at=now, locked_until=now + lock)


def is_forgotten(failures: Failures, now: float) -> bool:
    """Whether earlier failures no longer count."""
    return now - max(failures.last_at, failures.locked_until) >= FORGET_AFTER
