"""One live target group: registered and draining targets, and whose turn it is.

Belongs to the registry, which changes it; the describing functions here only read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from lb.targets.group import Probe, Target, TargetGroup, TargetKey
from lb.targets.health import TargetState
from lb.targets.select import fails_open, next_rotation

log = logging.getLogger("albacore.targets")


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """One target group in numbers, for metrics."""

    name: str
    arn: str
    healthy: int
    unhealthy: int
    registered: int
    draining: int
    in_flight: int
    failing_open: bool
    fail_open_choices: int
    """Choices made while failing open, since start (`UnhealthyRoutingRequestCount`)."""


@dataclass(slots=True, eq=False)
class LiveGroup:
    """Registered and draining targets of one group, and whose turn it is."""

    compiled: TargetGroup
    configured: bool = True
    """False: taken out of the configuration, kept until its targets have drained."""
    in_use: bool = False
    """Some rule refers to it."""
    registered: dict[TargetKey, Target] = field(default_factory=dict)
    draining: list[Target] = field(default_factory=list)
    rotation: tuple[Target, ...] = ()
    """The eligible targets in the order of their turns."""
    index: int = 0
    """Whose turn it is; may stand one past the end."""
    failing_open: bool = False
    fail_open_choices: int = 0
    alarmed: bool = False

    def reroute(self) -> None:
        """Recompute who is eligible after any change of registration or health."""
        targets = self.registered.values()
        healthy = [target for target in targets if target.state is TargetState.HEALTHY]
        self.failing_open = self.in_use and fails_open(
            healthy=len(healthy),
            registered=len(targets),
            minimum_count=self.compiled.settings.minimum_healthy_count,
            minimum_percentage=self.compiled.settings.minimum_healthy_percentage,
        )
        eligible = (targets if self.failing_open else healthy) if self.in_use else ()
        upcoming = self.rotation[self.index :] + self.rotation[: self.index]
        self.rotation, self.index = next_rotation(upcoming, eligible), 0
        self._alarm()

    def _alarm(self) -> None:
        # At start every target is `initial` and the group fails open as a matter of course: no alarm for
        # that.
        sick = sum(target.state is TargetState.UNHEALTHY for target in self.registered.values())
        alarmed = self.failing_open and sick > 0
        if alarmed and not self.alarmed:
            log.warning(
                "target group %s: too few healthy targets (%d of %d unhealthy), requests go to all of them",
                self.compiled.settings.name, sick, len(self.registered),
            )  # fmt: skip
        elif self.alarmed and not alarmed:
            log.info("target group %s: enough healthy targets again", self.compiled.settings.name)
        self.alarmed = alarmed

    def members(self) -> Iterator[Target]:
        """Yield registered and draining targets."""
        yield from self.registered.values()
        yield from self.draining

    def counts(self) -> GroupCounts:
        """Return the group in numbers."""
        states = [target.state for target in self.registered.values()]
        return GroupCounts(
            name=self.compiled.settings.name,
            arn=self.compiled.settings.arn,
            healthy=states.count(TargetState.HEALTHY),
            unhealthy=states.count(TargetState.UNHEALTHY),
            registered=len(states),
            draining=len(self.draining),
            in_flight=sum(target.in_flight for target in self.members()),
            failing_open=self.failing_open,
            fail_open_choices=self.fail_open_choices,
        )

    def describe(self) -> dict[str, object]:
        """Describe the group in the shape of DescribeTargetHealth."""
        return {
            "TargetGroupName": self.compiled.settings.name,
            "TargetGroupArn": self.compiled.settings.arn,
            "TargetHealthDescriptions": [_describe(target, self.compiled.probe) for target in self.members()],
        }


def _describe(target: Target, probe: Probe) -> dict[str, object]:
    health: dict[str, str] = {"State": target.state.value}
    if target.health.reason is not None:
        health |= {"Reason": target.health.reason.value, "Description": target.health.description}
    return {
        "Target": {"Id": target.host, "Port": target.port},
        "HealthCheckPort": str(probe.port or target.port),
        "TargetHealth": health,
        "InFlight": target.in_flight,
    }
