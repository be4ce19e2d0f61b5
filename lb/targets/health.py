"""The health of a target as a pure state machine: health + what a probe came to -> health (alb.md 5.5).

States, reason codes and description texts are those of DescribeTargetHealth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Self

HTTP_CODES = range(200, 500)
"""What `Matcher.HttpCode` may name."""
GRPC_CODES = range(100)
"""What `Matcher.GrpcCode` may name."""


class TargetState(Enum):
    """`TargetHealth.State`."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNUSED = "unused"
    DRAINING = "draining"
    UNAVAILABLE = "unavailable"


class HealthReason(Enum):
    """`TargetHealth.Reason` (`.value`) and `TargetHealth.Description` (`.text`)."""

    text: str

    REGISTRATION_IN_PROGRESS = "Elb.RegistrationInProgress", "Target registration is in progress"
    INITIAL_HEALTH_CHECKING = "Elb.InitialHealthChecking", "Initial health checks in progress"
    RESPONSE_CODE_MISMATCH = "Target.ResponseCodeMismatch", "Health checks failed with these codes: [{code}]"
    TIMEOUT = "Target.Timeout", "Request timed out"
    FAILED_HEALTH_CHECKS = "Target.FailedHealthChecks", "Health checks failed"
    INTERNAL_ERROR = "Elb.InternalError", "Health checks failed due to an internal error"
    NOT_REGISTERED = "Target.NotRegistered", "Target is not registered to the target group"
    NOT_IN_USE = (
        "Target.NotInUse",
        "Target group is not configured to receive traffic from the load balancer",
    )
    INVALID_STATE = "Target.InvalidState", "Target is in the stopped / terminated / invalid state"
    IP_UNUSABLE = "Target.IpUnusable", "IP is in use by a load balancer"
    DEREGISTRATION_IN_PROGRESS = "Target.DeregistrationInProgress", "Target deregistration is in progress"
    HEALTH_CHECK_DISABLED = "Target.HealthCheckDisabled", "Health checks are disabled"

    def __new__(cls, code: str, text: str) -> Self:
        """Make a member whose value is the reason code."""
        member = object.__new__(cls)
        member._value_ = code
        member.text = text
        return member


@dataclass(frozen=True, slots=True)
class Health:
    """State of one target, and how many probes in a row speak for changing it."""

    state: TargetState
    reason: HealthReason | None = None
    description: str = ""
    streak: int = 0
    """Probes in a row against the present state: failures while initial or healthy, passes while
    unhealthy.
    """


def health_of(state: TargetState, reason: HealthReason) -> Health:
    """Build a health whose description is the reason's text."""
    return Health(state, reason, reason.text)


REGISTERED = health_of(TargetState.INITIAL, HealthReason.REGISTRATION_IN_PROGRESS)
CHECKING = health_of(TargetState.INITIAL, HealthReason.INITIAL_HEALTH_CHECKING)
HEALTHY = Health(TargetState.HEALTHY)
UNUSED = health_of(TargetState.UNUSED, HealthReason.NOT_IN_USE)
DRAINING = health_of(TargetState.DRAINING, HealthReason.DEREGISTRATION_IN_PROGRESS)


class Failure(Enum):
    """A probe that got no usable answer."""

    TIMED_OUT = HealthReason.TIMEOUT
    NO_ANSWER = HealthReason.FAILED_HEALTH_CHECKS
    """Refused, reset, TLS handshake failed, or not HTTP."""
    INTERNAL = HealthReason.INTERNAL_ERROR
    """Our own fault, not the target's."""


ProbeOutcome = int | Failure
"""What one probe came to: the status that the target answered (of gRPC, its `grpc-status`), or why none."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a target changes its state."""

    codes: frozenset[int]
    """Statuses that count as a pass."""
    healthy: int
    unhealthy: int


def parse_matcher(text: str, allowed: range = HTTP_CODES) -> frozenset[int]:
    """Parse a matcher: `200`, `200,202`, `200-299` or a mix, within `allowed`.

    Raises:
        ValueError: naming the part that is wrong.
    """
    codes: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        low, high = _code(first, text, allowed), _code(last if dash else first, text, allowed)
        if low > high:
            raise ValueError(f"matcher {text!r}: {part.strip()!r} runs backwards")
        codes.update(range(low, high + 1))
    return frozenset(codes)


def _code(digits: str, matcher: str, allowed: range) -> int:
    # isdigit() alone would let other scripts' digits through to int().
    if not (digits.isascii() and digits.isdigit() and len(digits) < 4 and int(digits) in allowed):
        raise ValueError(f"matcher {matcher!r}: {digits!r} is no code from {allowed[0]} to {allowed[-1]}")
    return int(digits)


def after_probe(health: Health, outcome: ProbeOutcome, thresholds: Thresholds) -> Health:
    """Return the health after one probe.

    The first pass after registration is enough; later changes take as many probes in a row as the
    thresholds say. A target that is unused or draining is not probed, and a probe that was still under way
    when it became so changes nothing.
    """
    if health.state not in _PROBED:
        return health
    if isinstance(outcome, int) and outcome in thresholds.codes:
        return _after_pass(health, thresholds)
    return _after_failure(health, outcome, thresholds)


_PROBED = frozenset((TargetState.INITIAL, TargetState.HEALTHY, TargetState.UNHEALTHY))


def _after_pass(health: Health, thresholds: Thresholds) -> Health:
    if health.state is not TargetState.UNHEALTHY:
        return HEALTHY
    streak = health.streak + 1
    return HEALTHY if streak >= thresholds.healthy else replace(health, streak=streak)


def _after_failure(health: Health, outcome: ProbeOutcome, thresholds: Thresholds) -> Health:
    streak = 0 if health.state is TargetState.UNHEALTHY else health.streak + 1
    if health.state is not TargetState.UNHEALTHY and streak < thresholds.unhealthy:
        return replace(health, streak=streak)
    reason = HealthReason.RESPONSE_CODE_MISMATCH if isinstance(outcome, int) else outcome.value
    text = reason.text.format(code=outcome) if isinstance(outcome, int) else reason.text
    return Health(TargetState.UNHEALTHY, reason, text)
