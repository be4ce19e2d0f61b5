from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.settings import HealthCheck, TargetGroupSettings, TargetSettings
from lb.targets.group import Target
from lb.targets.registry import TargetRegistry

MakeGroup = Callable[..., dict[str, TargetGroupSettings]]


@pytest.fixture
def registry(clock: Callable[[], float]) -> TargetRegistry:
    return TargetRegistry(clock)


def member(registry: TargetRegistry, port: int) -> Target:
    return next(target for target in registry.probes() if target.port == port)


def chosen(registry: TargetRegistry, times: int, name: str = "app") -> list[int]:
    return [target.port for _ in range(times) if (target := registry.choose(name))]


def heal(registry: TargetRegistry, *ports: int) -> None:
    for port in ports:
        registry.report(member(registry, port), 200)


def sicken(registry: TargetRegistry, *ports: int) -> None:
    for port in ports * 2:
        registry.report(member(registry, port), 503)


def described(registry: TargetRegistry) -> list[tuple[int, str, str]]:
    return [
        (row["Target"]["Port"], row["TargetHealth"]["State"], row["TargetHealth"].get("Reason", ""))
        for group in registry.describe()
        for row in group["TargetHealthDescriptions"]  # type: ignore[attr-defined]
    ]


def test_healthy_targets_take_turns(registry: TargetRegistry, group: MakeGroup) -> None:
    registry.apply(group(1, 2, 3))
    heal(registry, 1, 2, 3)
    assert Counter(chosen(registry, 300)) == {1: 100, 2: 100, 3: 100}


def test_unknown_and_empty_groups_have_nobody(registry: TargetRegistry, group: MakeGroup) -> None:
    registry.apply(group())
    assert registry.choose("app") is None
    assert registry.choose("other") is None


def test_before_the_first_probe_a_group_fails_open(registry: TargetRegistry, group: MakeGroup) -> None:
    registry.apply(group(1, 2))
    assert set(chosen(registry, 2)) == {1, 2}


def test_an_initial_target_gets_nothing_while_another_is_healthy(
    registry: TargetRegistry, group: MakeGroup
) -> None:
    registry.apply(group(1, 2))
    heal(registry, 2)
    assert set(chosen(registry, 4)) == {2}


def test_an_unhealthy_target_gets_nothing(registry: TargetRegistry, group: MakeGroup) -> None:
    registry.apply(group(1, 2, 3))
    heal(registry, 1, 2, 3)
    sicken(registry, 2)
    assert Counter(chosen(registry, 100)) == {1: 50, 3: 50}


def test_all_unhealthy_fails_open_and_says_so_once(
    registry: TargetRegistry, group: MakeGroup, caplog: pytest.LogCaptureFixture
) -> None:
    registry.apply(group(1, 2))
    with caplog.at_level(logging.INFO, "albacore.targets"):
        sicken(registry, 1, 2)
        registry.report(member(registry, 1), 500)
    assert set(chosen(registry, 4)) == {1, 2}
    assert sum("too few healthy" in record.message for record in caplog.records) == 1
    assert registry.counts()[0].fail_open_choices == 4


def test_below_the_minimum_count_everyone_gets_requests(registry: TargetRegistry, group: MakeGroup) -> None:
    registry.apply(group(1, 2, 3, minimum_healthy_count=2))
    heal(registry, 1, 2, 3)
    sicken(registry, 1)
    assert set(chosen(registry, 6)) == {2, 3}
    sicken(registry, 2)
    assert set(chosen(registry, 6)) == {1, 2, 3}


def test_below_the_minimum_percentage_everyone_gets_requests(
    registry: TargetRegistry, group: MakeGroup
) -> None:
    registry.apply(group(1, 2, minimum_healthy_percentage=51))
    heal(registry, 1, 2)
    sicken(registry, 1)
    assert set(chosen(registry, 4)) == {1, 2}


def test_groups_that_no_rule_names_are_unused(registry: TargetRegistry, group: MakeGroup) -> None:
    registry.apply(group(1), in_use=())
    assert described(registry) == [(1, "unused", "Target.NotInUse")]
    assert registry.choose("app") is None
    assert not registry.probes()
    registry.apply(group(1), in_use={"app"})
    assert described(registry) == [(1, "initial", "Elb.RegistrationInProgress")]
    registry.checking(member(registry, 1))
    assert described(registry) == [(1, "initial", "Elb.InitialHealthChecking")]


def test_health_survives_a_reload(registry: TargetRegistry, group: MakeGroup) -> None:
    registry.apply(group(1, 2))
    heal(registry, 1)
    registry.apply(group(1, 2, 3, check=HealthCheck(path="/new")))
    assert described(registry)[0] == (1, "healthy", "")
    assert member(registry, 3).state.value == "initial"
    assert {probe.path for probe in registry.probes().values()} == {"/new"}


def test_a_malformed_matcher_changes_nothing(registry: TargetRegistry, group: MakeGroup) -> None:
    registry.apply(group(1))
    with pytest.raises(ValueError, match="matcher"):
        registry.apply(group(2, check=HealthCheck(matcher="9")))
    assert set(chosen(registry, 2)) == {1}


def test_a_deregistered_target_gets_no_new_requests_and_shows_as_draining(
    registry: TargetRegistry, group: MakeGroup, clock: object
) -> None:
    registry.apply(group(1, 2))
    heal(registry, 1, 2)
    busy = member(registry, 1)
    registry.begin(busy)
    registry.apply(group(2))
    assert set(chosen(registry, 4)) == {2}
    assert (1, "draining", "Target.DeregistrationInProgress") in described(registry)
    clock.now += 301  # type: ignore[attr-defined]
    registry.expire()
    assert described(registry) == [(2, "healthy", "")]


def test_an_idle_target_is_released_at_once_but_shown_until_the_delay_is_over(
    registry: TargetRegistry, group: MakeGroup
) -> None:
    released: list[int] = []
    registry.on_released = lambda target: released.append(target.port)
    registry.apply(group(1, 2))
    registry.apply(group(2))
    assert released == [1]
    assert (1, "draining", "Target.DeregistrationInProgress") in described(registry)


def test_a_busy_target_is_released_with_its_last_request(registry: TargetRegistry, group: MakeGroup) -> None:
    released: list[int] = []
    registry.on_released = lambda target: released.append(target.port)
    registry.apply(group(1))
    target = member(registry, 1)
    registry.begin(target)
    registry.begin(target)
    registry.apply(group())
    registry.finish(target)
    assert released == []
    registry.finish(target)
    assert released == [1]


def test_what_is_in_flight_after_the_delay_is_cut_once(
    registry: TargetRegistry, group: MakeGroup, clock: object
) -> None:
    released: list[int] = []

    def cut(target: Target) -> None:
        released.append(target.port)
        registry.finish(target)

    registry.on_released = cut
    registry.apply(group(1, deregistration_delay_seconds=30))
    target = member(registry, 1)
    registry.begin(target)
    registry.apply(group(deregistration_delay_seconds=30))
    assert registry.next_deadline() == clock.now + 30  # type: ignore[attr-defined]
    clock.now += 29.9  # type: ignore[attr-defined]
    registry.expire()
    assert released == []
    clock.now += 0.1  # type: ignore[attr-defined]
    registry.expire()
    registry.expire()
    assert (released, target.in_flight, registry.next_deadline()) == ([1], 0, None)


def test_no_delay_cuts_at_once(registry: TargetRegistry, group: MakeGroup) -> None:
    released: list[int] = []
    registry.on_released = lambda target: released.append(target.port)
    registry.apply(group(1, deregistration_delay_seconds=0))
    registry.begin(member(registry, 1))
    registry.apply(group(deregistration_delay_seconds=0))
    assert (released, described(registry)) == ([1], [])


def test_a_target_that_comes_back_while_busy_keeps_what_is_in_flight(
    registry: TargetRegistry, group: MakeGroup, clock: object
) -> None:
    registry.apply(group(1))
    target = member(registry, 1)
    registry.begin(target)
    registry.apply(group())
    registry.apply(group(1))
    assert member(registry, 1) is target
    assert (target.draining, target.state.value) == (False, "initial")
    clock.now += 1000  # type: ignore[attr-defined]
    registry.expire()
    assert registry.choose("app") is target


def test_a_released_target_comes_back_as_a_new_one(registry: TargetRegistry, group: MakeGroup) -> None:
    registry.apply(group(1))
    before = member(registry, 1)
    registry.apply(group())
    registry.apply(group(1))
    assert member(registry, 1) is not before
    assert described(registry) == [(1, "initial", "Elb.RegistrationInProgress")]


def test_another_protocol_is_another_target(registry: TargetRegistry, group: MakeGroup) -> None:
    registry.apply(group(1))
    before = member(registry, 1)
    registry.apply(group(1, protocol="HTTPS"))
    assert member(registry, 1) is not before
    assert before.draining


def test_a_removed_group_drains_and_is_forgotten(
    registry: TargetRegistry, group: MakeGroup, clock: object
) -> None:
    registry.apply(group(1))
    registry.apply({})
    assert registry.choose("app") is None
    assert described(registry) == [(1, "draining", "Target.DeregistrationInProgress")]
    clock.now += 301  # type: ignore[attr-defined]
    registry.expire()
    assert registry.describe() == []


def test_a_probe_that_ends_after_deregistration_changes_nothing(
    registry: TargetRegistry, group: MakeGroup
) -> None:
    registry.apply(group(1))
    target = member(registry, 1)
    registry.apply({})
    registry.report(target, 200)
    assert target.state.value == "draining"


def test_descriptions_have_the_shape_of_describe_target_health(
    registry: TargetRegistry, group: MakeGroup
) -> None:
    registry.apply(group(8080, check=HealthCheck(port=9000)))
    sicken(registry, 8080)
    (only,) = registry.describe()
    assert only == {
        "TargetGroupName": "app",
        "TargetGroupArn": "arn:aws:elasticloadbalancing:local:000000000000:targetgroup/app/0123456789abcdef",
        "TargetHealthDescriptions": [
            {
                "Target": {"Id": "127.0.0.1", "Port": 8080},
                "HealthCheckPort": "9000",
                "TargetHealth": {
                    "State": "unhealthy",
                    "Reason": "Target.ResponseCodeMismatch",
                    "Description": "Health checks failed with these codes: [503]",
                },
                "InFlight": 0,
            }
        ],
    }


STEPS = st.lists(st.one_of(st.just("choose"), st.tuples(st.sampled_from(["up", "down"]), st.integers(1, 4))))


@given(STEPS)
def test_no_healthy_target_waits_longer_than_those_ahead_of_it(steps: list[str | tuple[str, int]]) -> None:
    """Target 0 stays healthy: whatever the others do, it is chosen within one round."""
    registry = TargetRegistry(lambda: 0.0)
    targets = tuple(TargetSettings("10.0.0.1", port) for port in range(5))
    registry.apply({"app": TargetGroupSettings("app", "arn", targets=targets)})
    heal(registry, 0)
    waited = 0
    for step in steps:
        if isinstance(step, tuple):
            (heal if step[0] == "up" else sicken)(registry, *[step[1]] * 5)
            continue
        waited = 0 if chosen(registry, 1) == [0] else waited + 1
        assert waited < 5
