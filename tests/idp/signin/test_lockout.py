"""The lockout schedule, second by second."""

from dataclasses import replace

import pytest

from idp.model import Failures
from idp.signin.lockout import after_failure, is_forgotten, is_locked

NOW = 1_000_000.0
BLANK = Failures("pool", "subject")


@pytest.mark.parametrize(
    ("count", "seconds"),
    [(1, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (16, 900), (2000, 900)],
)
def test_the_nth_failure_locks_for_two_to_the_n_minus_five(count: int, seconds: float) -> None:
    before = replace(BLANK, count=count - 1, last_at=NOW - 1, locked_until=NOW)
    assert after_failure(before, NOW).locked_until - NOW == seconds


def test_nothing_is_locked_before_the_first_failure() -> None:
    assert not is_locked(None, NOW)
    assert not is_locked(BLANK, NOW)


def test_a_lock_ends_at_its_second() -> None:
    locked = replace(BLANK, count=5, last_at=NOW, locked_until=NOW + 1)
    assert is_locked(locked, NOW + 0.99)
    assert not is_locked(locked, NOW + 1)


def test_fifteen_quiet_minutes_after_the_lock_start_over() -> None:
    locked = replace(BLANK, count=20, last_at=NOW, locked_until=NOW + 900)
    assert not is_forgotten(locked, NOW + 1799)
    assert is_forgotten(locked, NOW + 1800)
    assert after_failure(locked, NOW + 1800).count == 1
    assert after_failure(locked, NOW + 1799).count == 21


def test_a_clock_that_was_put_back_locks_nobody_out_for_longer_than_the_longest_lock() -> None:
    locked = replace(BLANK, count=20, last_at=NOW, locked_until=NOW + 900)
    assert is_locked(locked, NOW - 30), "another node's clock may be half a minute behind"
    assert not is_locked(locked, NOW - 86_400)
    assert is_locked(after_failure(locked, NOW - 86_400), NOW - 86_400), "and it counts on from there"
