"""What several balancers say of the targets, as one answer: the worst that any of them sees. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Groups = list[dict[str, Any]]
"""As `TargetRegistry.describe` gives them."""

_WORST_FIRST = ("unhealthy", "unavailable", "draining", "initial", "unused", "healthy")


def merge_targets(views: Mapping[str, Groups]) -> Groups:
    """Return the groups as all balancers together see them, by the balancers' names.

    Requests in flight are added up. Where balancers disagree about a target, the worst view is shown, and
    `Views` says who sees what.
    """
    groups: dict[str, dict[str, Any]] = {}
    seen: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for worker, view in views.items():
        for group in view:
            groups.setdefault(group["TargetGroupName"], group)
            for place, target in _placed(group["TargetHealthDescriptions"]):
                seen.setdefault((group["TargetGroupName"], place), {})[worker] = target
    return [
        {**group, "TargetHealthDescriptions": [_join(each) for (of, _), each in seen.items() if of == name]}
        for name, group in groups.items()
    ]


def _placed(targets: Iterable[dict[str, Any]]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Name each target; one that drains while it is registered anew is there twice."""
    counts: dict[str, int] = {}
    for target in targets:
        address = f"{target['Target']['Id']} {target['Target']['Port']}"
        counts[address] = counts.get(address, 0) + 1
        yield f"{address} {counts[address]}", target


def _join(views: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    states = {worker: str(target["TargetHealth"]["State"]) for worker, target in views.items()}
    worst = min(states, key=lambda worker: _badness(states[worker]))
    joined = {**views[worst], "InFlight": sum(target["InFlight"] for target in views.values())}
    return joined | {"Views": states} if len(set(states.values())) > 1 else joined


def _badness(state: str) -> int:
    return _WORST_FIRST.index(state) if state in _WORST_FIRST else len(_WORST_FIRST)
