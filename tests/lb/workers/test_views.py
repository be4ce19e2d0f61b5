"""What balancers say of the targets, joined."""

from __future__ import annotations

from typing import Any

from lb.workers.views import Groups, merge_targets


def target(port: int, state: str, in_flight: int = 0) -> dict[str, Any]:
    return {
        "Target": {"Id": "10.0.0.1", "Port": port},
        "TargetHealth": {"State": state},
        "InFlight": in_flight,
    }


def group(*targets: dict[str, Any], name: str = "app") -> Groups:
    return [{"TargetGroupName": name, "TargetGroupArn": "arn", "TargetHealthDescriptions": list(targets)}]


def test_where_all_agree_one_view_is_shown_and_requests_are_added_up() -> None:
    views = {"balancer-1": group(target(80, "healthy", 2)), "balancer-2": group(target(80, "healthy", 3))}
    assert merge_targets(views) == group(target(80, "healthy", 5))


def test_where_they_disagree_the_worst_is_shown_and_who_says_so() -> None:
    views = {"balancer-1": group(target(80, "healthy")), "balancer-2": group(target(80, "unhealthy"))}
    (joined,) = merge_targets(views)[0]["TargetHealthDescriptions"]
    assert joined["TargetHealth"] == {"State": "unhealthy"}
    assert joined["Views"] == {"balancer-1": "healthy", "balancer-2": "unhealthy"}


def test_groups_and_targets_keep_their_order_and_stay_apart() -> None:
    one = [*group(target(80, "healthy"), target(81, "initial")), *group(target(80, "unused"), name="b")]
    assert merge_targets({"balancer-1": one, "balancer-2": one}) == one


def test_a_target_that_drains_and_is_back_is_there_twice() -> None:
    view = group(target(80, "healthy", 1), target(80, "draining", 1))
    merged = merge_targets({"balancer-1": view, "balancer-2": group(target(80, "healthy", 1))})
    assert merged == group(target(80, "healthy", 2), target(80, "draining", 1))


def test_nobody_says_anything() -> None:
    assert merge_targets({}) == []
