"""When a worker that died is started again."""

from __future__ import annotations

from lb.workers.restarts import FAST_SECONDS, LIMIT, LONGEST_DELAY, Restarts


def died(*lives: float) -> Restarts:
    record = Restarts()
    for lived in lives:
        record = record.after(lived)
    return record


def test_after_a_long_life_the_next_starts_at_once() -> None:
    assert died(FAST_SECONDS).delay == 0
    assert died(1, 1, FAST_SECONDS) == Restarts()


def test_after_short_lives_it_waits_ever_longer_but_not_for_ever() -> None:
    delays = [died(*[0.0] * deaths).delay for deaths in range(1, 12)]
    assert delays[:4] == [0.25, 0.5, 1.0, 2.0]
    assert delays[-1] == LONGEST_DELAY


def test_it_is_hopeless_after_so_many_in_a_row() -> None:
    assert not died(*[1.0] * (LIMIT - 1)).hopeless
    assert died(*[1.0] * LIMIT).hopeless
    assert not died(*[1.0] * LIMIT, FAST_SECONDS).hopeless
