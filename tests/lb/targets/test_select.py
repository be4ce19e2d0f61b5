import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.targets.select import fails_open, next_rotation, pick_group
from rules.actions import WeightedTargetGroup


def groups(*weights: int) -> tuple[WeightedTargetGroup, ...]:
    return tuple(WeightedTargetGroup(f"g{index}", weight) for index, weight in enumerate(weights))


@pytest.mark.parametrize(
    ("weights", "rng", "chosen"),
    [
        pytest.param((1,), 0.99, "g0", id="single"),
        pytest.param((0,), 0.0, None, id="single of weight 0"),
        pytest.param((0, 0), 0.5, None, id="all of weight 0"),
        pytest.param((), 0.5, None, id="none"),
        pytest.param((80, 20), 0.0, "g0", id="lowest"),
        pytest.param((80, 20), 0.7999, "g0", id="just inside the first"),
        pytest.param((80, 20), 0.8, "g1", id="first of the second"),
        pytest.param((0, 5), 0.0, "g1", id="weight 0 first gets nothing"),
        pytest.param((5, 0), 0.9999999, "g0", id="weight 0 last gets nothing"),
    ],
)
def test_weighted_choice(weights: tuple[int, ...], rng: float, chosen: str | None) -> None:
    assert pick_group(groups(*weights), rng) == chosen


@given(
    st.lists(st.integers(0, 999), min_size=1, max_size=5),
    st.floats(0, 1, exclude_max=True, allow_subnormal=False),
)
def test_a_group_is_chosen_whenever_some_weight_is_positive(weights: list[int], rng: float) -> None:
    chosen = pick_group(groups(*weights), rng)
    assert (chosen is None) == (sum(weights) == 0)
    if chosen is not None:
        assert weights[int(chosen[1:])] > 0


def test_shares_converge_to_weights() -> None:
    rng = random.Random(7)
    counts = Counter(pick_group(groups(700, 200, 100), rng.random()) for _ in range(20_000))
    assert [round(counts[f"g{index}"] / 20_000, 1) for index in range(3)] == [0.7, 0.2, 0.1]


def test_those_that_stay_keep_their_turn_and_newcomers_queue_behind() -> None:
    assert next_rotation(("c", "a", "b"), ["a", "b", "d"]) == ("a", "b", "d")


@given(st.lists(st.sets(st.integers(0, 6)), max_size=30))
def test_a_rotation_holds_exactly_the_eligible(changes: list[set[int]]) -> None:
    rotation: tuple[int, ...] = ()
    for eligible in changes:
        rotation = next_rotation(rotation, sorted(eligible))
        assert sorted(rotation) == sorted(eligible)


@pytest.mark.parametrize(
    ("healthy", "registered", "count", "percentage", "expected"),
    [
        pytest.param(0, 3, 1, None, True, id="none healthy"),
        pytest.param(1, 3, 1, None, False, id="one is enough by default"),
        pytest.param(1, 3, 2, None, True, id="below the count"),
        pytest.param(1, 4, 1, 50, True, id="below the percentage"),
        pytest.param(2, 4, 1, 50, False, id="just at the percentage"),
        pytest.param(2, 3, 1, 100, True, id="all must be healthy"),
        pytest.param(3, 3, 1, 100, False, id="all are healthy"),
        pytest.param(0, 0, 1, None, False, id="no targets at all"),
    ],
)
def test_failing_open(
    healthy: int, registered: int, count: int, percentage: int | None, expected: bool
) -> None:
    decided = fails_open(
        healthy=healthy, registered=registered, minimum_count=count, minimum_percentage=percentage
    )
    assert decided is expected
