from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.targets.health import (
    CHECKING,
    DRAINING,
    HEALTHY,
    REGISTERED,
    UNUSED,
    Failure,
    Health,
    HealthReason,
    ProbeOutcome,
    TargetState,
    Thresholds,
    after_probe,
    parse_matcher,
)

THRESHOLDS = Thresholds(frozenset({200}), healthy=3, unhealthy=2)


def run(health: Health, *outcomes: ProbeOutcome) -> Health:
    for outcome in outcomes:
        health = after_probe(health, outcome, THRESHOLDS)
    return health


UNHEALTHY = run(HEALTHY, 503, 503)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        pytest.param("200", {200}, {201, 199}, id="one"),
        pytest.param("200,202", {200, 202}, {201}, id="list"),
        pytest.param("200-299", {200, 250, 299}, {300}, id="range"),
        pytest.param("200, 302-304,404", {200, 302, 304, 404}, {301, 305}, id="mix with spaces"),
        pytest.param("200-499", {200, 499}, {500}, id="whole"),
    ],
)
def test_matcher_syntax(text: str, inside: set[int], outside: set[int]) -> None:
    codes = parse_matcher(text)
    assert inside <= codes
    assert not outside & codes


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "200-",
        "-200",
        "199",
        "500",
        "200-500",
        "299-200",
        "200,,201",
        "2 00",
        "٢٠٠",
        "2000",
        "+200",
    ],
)
def test_bad_matcher_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="matcher"):
        parse_matcher(text)


@pytest.mark.parametrize("initial", [REGISTERED, CHECKING], ids=["registered", "checking"])
def test_first_pass_after_registration_is_enough(initial: Health) -> None:
    assert run(initial, 200) == HEALTHY
    assert run(initial, 503, 200) == HEALTHY


@pytest.mark.parametrize(
    ("outcome", "reason", "description"),
    [
        pytest.param(
            503, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]", id="code"
        ),
        pytest.param(
            301, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [301]", id="301"
        ),
        pytest.param(Failure.TIMED_OUT, "Target.Timeout", "Request timed out", id="timeout"),
        pytest.param(Failure.NO_ANSWER, "Target.FailedHealthChecks", "Health checks failed", id="no answer"),
        pytest.param(
            Failure.INTERNAL,
            "Elb.InternalError",
            "Health checks failed due to an internal error",
            id="internal",
        ),
    ],
)
@pytest.mark.parametrize("start", [CHECKING, HEALTHY], ids=["initial", "healthy"])
def test_unhealthy_after_threshold_failures(
    start: Health, outcome: ProbeOutcome, reason: str, description: str
) -> None:
    once = run(start, outcome)
    twice = run(start, outcome, outcome)
    assert once.state is start.state
    assert (twice.state, twice.reason and twice.reason.value, twice.description) == (
        TargetState.UNHEALTHY,
        reason,
        description,
    )


def test_a_pass_between_failures_starts_the_count_anew() -> None:
    assert run(HEALTHY, 503, 200, 503).state is TargetState.HEALTHY


def test_recovery_takes_the_healthy_threshold_in_a_row() -> None:
    assert run(UNHEALTHY, 200, 200).state is TargetState.UNHEALTHY
    assert run(UNHEALTHY, 200, 200, 503, 200, 200).state is TargetState.UNHEALTHY
    assert run(UNHEALTHY, 200, 200, 200) == HEALTHY


def test_the_reason_follows_the_latest_failure() -> None:
    assert run(UNHEALTHY, Failure.TIMED_OUT).reason is HealthReason.TIMEOUT


@pytest.mark.parametrize(
    ("health", "outcome"), list(product([UNUSED, DRAINING], [200, 503, Failure.TIMED_OUT])), ids=str
)
def test_a_late_probe_changes_nothing_for_targets_that_are_not_probed(
    health: Health, outcome: ProbeOutcome
) -> None:
    assert after_probe(health, outcome, THRESHOLDS) is health


def test_reasons_say_what_describe_target_health_says() -> None:
    said = {reason.value: reason.text for reason in HealthReason}
    assert said == {
        "Elb.RegistrationInProgress": "Target registration is in progress",
        "Elb.InitialHealthChecking": "Initial health checks in progress",
        "Target.ResponseCodeMismatch": "Health checks failed with these codes: [{code}]",
        "Target.Timeout": "Request timed out",
        "Target.FailedHealthChecks": "Health checks failed",
        "Elb.InternalError": "Health checks failed due to an internal error",
        "Target.NotRegistered": "Target is not registered to the target group",
        "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
        "Target.InvalidState": "Target is in the stopped / terminated / invalid state",
        "Target.IpUnusable": "IP is in use by a load balancer",
        "Target.DeregistrationInProgress": "Target deregistration is in progress",
        "Target.HealthCheckDisabled": "Health checks are disabled",
    }


OUTCOMES = st.one_of(st.sampled_from([200, 204, 404, 503]), st.sampled_from(list(Failure)))


@given(st.lists(OUTCOMES, max_size=40))
def test_state_is_what_the_last_runs_of_outcomes_say(outcomes: list[ProbeOutcome]) -> None:
    """A naive reading of the whole history agrees with the state machine."""
    state, passes, failures = "initial", 0, 0
    for outcome in outcomes:
        good = outcome == 200
        passes, failures = (passes + 1, 0) if good else (0, failures + 1)
        if good and (state == "initial" or passes >= 3):
            state = "healthy"
        elif not good and failures >= 2:
            state = "unhealthy"
    assert run(CHECKING, *outcomes).state.value == state
