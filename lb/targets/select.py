"""Choosing: which target group of a weighted forward, which target of a group. Pure.

Round robin is a rotation: the targets in the order in which they get their next request. It is recomputed
only when the set of eligible targets changes, and keeps the order of those that stay, so that nobody who
stays eligible waits longer because others come and go (alb.md 2.4, 5.3, 5.6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from rules.actions import WeightedTargetGroup

T = TypeVar("T")


def pick_group(groups: Sequence[WeightedTargetGroup], rng: float) -> str | None:
    """Choose a target group by weight; `rng` is uniform in [0, 1).

    Weight 0 receives nothing; None when every weight is 0 (the answer is 503). Health plays no part: a group
    without healthy targets still gets its share, as behind ALB.
    """
    if len(groups) == 1:
        return groups[0].name if groups[0].weight > 0 else None
    point = rng * sum(group.weight for group in groups)
    last = None
    for group in groups:
        if group.weight <= 0:
            continue
        last = group.name
        point -= group.weight
        if point < 0:
            break
    return last


def next_rotation(upcoming: Sequence[T], eligible: Iterable[T]) -> tuple[T, ...]:
    """Return the rotation after a change of the eligible targets.

    `upcoming` is the old rotation, who is next first. Those that stay keep their order, newcomers queue at
    the end: a target that stays eligible is chosen within as many choices as there were targets ahead of it.
    """
    # A dict as an ordered set: newcomers keep the order in which they were registered.
    wanted = dict.fromkeys(eligible)
    staying = [target for target in upcoming if target in wanted]
    for target in staying:
        del wanted[target]
    return (*staying, *wanted)


def fails_open(*, healthy: int, registered: int, minimum_count: int, minimum_percentage: int | None) -> bool:
    """Tell whether a group routes to all its targets because too few are healthy (alb.md 5.6).

    Either minimum being missed is enough. A group without targets has nothing to fail open to.
    """
    if not registered:
        return False
    if healthy < minimum_count:
        return True
    return minimum_percentage is not None and healthy * 100 < minimum_percentage * registered
