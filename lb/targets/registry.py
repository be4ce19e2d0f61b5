"""The live targets: who is registered, draining, eligible. The one mutable owner of target state.

It keeps no tasks and no sockets: `lb.targets.checker` probes and brings draining to its end, the data plane
counts requests in and out and closes connections when told by `on_released`. Single-threaded, on the event
loop. Registration and draining follow alb.md 5.7, routing 5.6.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping

from lb.settings import TargetGroupSettings
from lb.targets.group import Probe, Target, TargetKey, compile_group
from lb.targets.health import (
    CHECKING,
    DRAINING,
    REGISTERED,
    UNUSED,
    ProbeOutcome,
    TargetState,
    after_probe,
)
from lb.targets.live import GroupCounts, LiveGroup

log = logging.getLogger("albacore.targets")


class TargetRegistry:
    """Target groups by name. `apply` says what should be, `choose` says who is next."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._groups: dict[str, LiveGroup] = {}
        self.on_released: Callable[[Target], None] = _ignore
        """Called once per deregistered target, when its last request ended or its delay ran out: close every
        connection to it now. Requests still in flight then end as 502 (deregistration delay elapsed)."""
        self.on_changed: Callable[[], None] = _nothing
        """Called after `apply`; the health checker listens."""

    # The hot path.

    def choose(self, group_name: str) -> Target | None:
        """Return the target whose turn it is: round robin over the eligible ones; None means 503."""
        group = self._groups.get(group_name)
        if group is None or not group.rotation:
            return None
        index = group.index
        rotation = group.rotation
        if index >= len(rotation):
            index = 0
        group.index = index + 1
        if group.failing_open:
            group.fail_open_choices += 1
        return rotation[index]

    def begin(self, target: Target) -> None:
        """Count a request (or a tunnel) that is on its way to `target`."""
        target.in_flight += 1

    def finish(self, target: Target) -> None:
        """Count it out again; call exactly once for each `begin`."""
        target.in_flight -= 1
        if target.deadline is not None and not target.in_flight:
            self._release(target)

    # What should be.

    def apply(
        self, groups: Mapping[str, TargetGroupSettings], *, in_use: Collection[str] | None = None
    ) -> None:
        """Register and deregister by difference to what is registered now.

        `in_use` names the groups that some rule refers to (None: all); the others' targets are `unused` and
        not probed. Known targets keep their health, and settings that changed count from now on.

        Raises:
            ValueError: a group's matcher is malformed; then nothing has changed.
        """
        compiled = {name: compile_group(settings) for name, settings in groups.items()}
        for name, group in compiled.items():
            live = self._groups.setdefault(name, LiveGroup(group))
            live.compiled, live.configured = group, True
            self._use(live, in_use is None or name in in_use)
            self._register(live, group.keys)
        for name in self._groups.keys() - compiled.keys():
            self._groups[name].configured = False
            self._register(self._groups[name], ())
        self.expire()
        self.on_changed()

    def _use(self, group: LiveGroup, in_use: bool) -> None:
        if group.in_use is in_use:
            return
        group.in_use = in_use
        for target in group.registered.values():
            target.health = REGISTERED if in_use else UNUSED

    def _register(self, group: LiveGroup, keys: tuple[TargetKey, ...]) -> None:
        wanted = dict.fromkeys(keys)
        for key in [key for key in group.registered if key not in wanted]:
            self._deregister(group, group.registered.pop(key))
        for key in wanted:
            if key not in group.registered:
                group.registered[key] = self._revive(group, key) or self._new_target(group, key)
        group.reroute()

    def _new_target(self, group: LiveGroup, key: TargetKey) -> Target:
        settings = group.compiled.settings
        health = REGISTERED if group.in_use else UNUSED
        return Target(key, group=settings.name, group_arn=settings.arn, health=health)

    def _revive(self, group: LiveGroup, key: TargetKey) -> Target | None:
        """Take a target back that is registered again while it drains.

        ALB makes the caller wait for the delay; a configuration file that is put back should just work, and
        what is in flight there should not be cut. A released target has lost its connections and starts as a
        new one.
        """
        for target in group.draining:
            if target.key == key:
                group.draining.remove(target)
                if target.released:
                    return None
                target.deadline = None
                target.health = REGISTERED if group.in_use else UNUSED
                return target
        return None

    def _deregister(self, group: LiveGroup, target: Target) -> None:
        target.deadline = self._clock() + group.compiled.settings.deregistration_delay_seconds
        target.health = DRAINING
        group.draining.append(target)
        log.info("target %s of %s is draining", target.address, target.group)
        if not target.in_flight:
            self._release(target)

    def _release(self, target: Target) -> None:
        if target.released:
            return
        target.released = True
        self.on_released(target)

    def expire(self) -> None:
        """End the draining of targets whose delay has run out: what is still in flight there is cut."""
        now = self._clock()
        for name, group in list(self._groups.items()):
            for target in [target for target in group.draining if _is_over(target, now)]:
                group.draining.remove(target)
                if target.in_flight:
                    log.warning("%s: deregistration delay elapsed, cutting what is in flight", target)
                self._release(target)
            if not group.configured and not group.draining:
                del self._groups[name]

    def next_deadline(self) -> float | None:
        """Return the monotonic moment at which `expire` has something to do, None for never."""
        deadlines = (target.deadline for group in self._groups.values() for target in group.draining)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    # Health.

    def probes(self) -> dict[Target, Probe]:
        """Return every target that is to be probed now, and how."""
        return {
            target: group.compiled.probe
            for group in self._groups.values()
            if group.in_use
            for target in group.registered.values()
        }

    def checking(self, target: Target) -> None:
        """Note that probing of a newly registered target has begun."""
        if target.health is REGISTERED:
            target.health = CHECKING

    def report(self, target: Target, outcome: ProbeOutcome) -> None:
        """Take in what a probe of `target` came to."""
        group = self._groups.get(target.group)
        if group is None or group.registered.get(target.key) is not target:
            return
        before = target.state
        target.health = after_probe(target.health, outcome, group.compiled.thresholds)
        if target.state is not before:
            _log_change(target)
            group.reroute()

    # What is.

    def counts(self) -> list[GroupCounts]:
        """Return every group in numbers."""
        return [group.counts() for group in self._groups.values()]

    def describe(self) -> list[dict[str, object]]:
        """Describe every group's targets in the shape of DescribeTargetHealth, plus `InFlight`."""
        return [group.describe() for group in self._groups.values()]


def _is_over(target: Target, now: float) -> bool:
    return target.deadline is not None and target.deadline <= now


def _log_change(target: Target) -> None:
    if target.state is TargetState.HEALTHY:
        log.info("target %s of %s is healthy", target.address, target.group)
    else:
        log.warning(
            "target %s of %s is unhealthy: %s", target.address, target.group, target.health.description
        )


def _ignore(target: Target) -> None:
    """Release nothing: the data plane has not attached itself."""


def _nothing() -> None:
    """Tell nobody: no health checker is running."""
