"""Token buckets: how much fits, how it comes back, and that they do not grow."""

import pytest

from idp.protection.buckets import Buckets
from idp.protection.settings import Rate

RATE = Rate(3, 30)


def drained(key: str = "a", *, at: float = 0.0) -> Buckets:
    buckets = Buckets(RATE)
    for _ in range(3):
        assert buckets.take(key, at) == 0
    return buckets


def test_a_full_bucket_gives_what_fits_and_then_says_when_to_come_again() -> None:
    assert drained().take("a", 0.0) == pytest.approx(10.0)


def test_refused_attempts_do_not_lengthen_the_wait() -> None:
    buckets = drained()
    for _ in range(100):
        buckets.take("a", 5.0)
    assert buckets.take("a", 5.0) == pytest.approx(5.0)
    assert buckets.take("a", 10.0) == 0


def test_tokens_come_back_one_by_one_and_never_more_than_fit() -> None:
    buckets = drained()
    assert [bool(buckets.take("a", 1000.0)) for _ in range(4)] == [False, False, False, True]


def test_keys_do_not_touch_each_other() -> None:
    assert drained("a").take("b", 0.0) == 0


def test_a_token_given_back_can_be_taken_again_but_a_full_bucket_stays_full() -> None:
    buckets = drained()
    buckets.give_back("a", 0.0)
    assert buckets.take("a", 0.0) == 0
    for _ in range(10):
        buckets.give_back("b", 0.0)
    assert [bool(buckets.take("b", 0.0)) for _ in range(4)] == [False, False, False, True]


def test_a_clock_that_is_put_back_neither_gives_nor_blocks() -> None:
    buckets = drained(at=1_000_000.0)
    assert buckets.take("a", 0.0) > 0
    assert buckets.take("a", 10.0) == 0


def test_memory_is_bounded_and_the_longest_unseen_is_forgotten_first() -> None:
    buckets = Buckets(RATE, most_keys=10)
    for _ in range(3):
        buckets.take("guesser", 0.0)
    for number in range(9):
        buckets.take(f"address {number}", 0.0)
    assert buckets.take("guesser", 0.0) > 0  # seen again just now
    for number in range(100):
        buckets.take(f"other {number}", 0.0)
    assert len(buckets) == 10
