"""Active health checks: one task per probed target, and one that brings draining to its end.

The checker is the one owner of these tasks: `aclose` ends them all. What a probe *means* is decided by
`lb.targets.health`, who is to be probed by the registry, what is sent by `lb.targets.prober`.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

from lb.targets.group import Probe, Target
from lb.targets.health import Failure, ProbeOutcome
from lb.targets.prober import send_probe
from lb.targets.registry import TargetRegistry

log = logging.getLogger("albacore.targets")

FIRST_PROBE_SPREAD = 0.5
"""A new target is probed within this many seconds: soon, but not all targets in the same instant."""
JITTER = 0.1
"""Intervals vary by this share either way, so that targets started together drift apart."""
SWEEP_SECONDS = 5.0
"""Draining is looked at no later than this after its delay ran out, should a wake-up be missed."""

SendProbe = Callable[[Target, Probe], Awaitable[ProbeOutcome]]


class HealthChecker:
    """Probes the registry's targets from `start` to `aclose`.

    Args:
        registry: says whom to probe, takes the outcomes.
        rng: uniform in [0, 1), for the jitter.
        send: sends one probe.
        clock: the registry's.
    """

    def __init__(
        self,
        registry: TargetRegistry,
        *,
        rng: Callable[[], float] = random.random,
        send: SendProbe = send_probe,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._rng = rng
        self._send = send
        self._clock = clock
        self._tasks: dict[Target, tuple[Probe, asyncio.Task[None]]] = {}
        self._sweeper: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    async def start(self) -> None:
        """Begin probing, and follow the registry's changes from now on."""
        self._registry.on_changed = self._reconcile
        self._sweeper = asyncio.create_task(self._sweep(), name="target draining")
        self._reconcile()

    async def aclose(self) -> None:
        """End every task and wait for it."""
        self._registry.on_changed = lambda: None
        tasks = [task for _, task in self._tasks.values()]
        self._tasks.clear()
        if self._sweeper is not None:
            tasks.append(self._sweeper)
            self._sweeper = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _reconcile(self) -> None:
        """Start and stop tasks by difference to whom the registry wants probed, and how."""
        wanted = self._registry.probes()
        for target, (probe, task) in list(self._tasks.items()):
            if wanted.get(target) != probe:
                task.cancel()
                del self._tasks[target]
        for target, probe in wanted.items():
            if target not in self._tasks:
                name = f"health check {target.address}"
                self._tasks[target] = (probe, asyncio.create_task(self._watch(target, probe), name=name))
        self._wake.set()

    async def _watch(self, target: Target, probe: Probe) -> None:
        self._registry.checking(target)
        await asyncio.sleep(self._rng() * min(FIRST_PROBE_SPREAD, probe.interval))
        while True:
            started = self._clock()
            self._registry.report(target, await self._outcome(target, probe))
            pause = probe.interval * (1 - JITTER + 2 * JITTER * self._rng())
            await asyncio.sleep(max(0.0, pause - (self._clock() - started)))

    async def _outcome(self, target: Target, probe: Probe) -> ProbeOutcome:
        try:
            async with asyncio.timeout(probe.timeout):
                return await self._send(target, probe)
        except TimeoutError:
            return Failure.TIMED_OUT
        except Exception:
            # A fault of ours must show as Elb.InternalError, not end the probing.
            log.exception("health check of %s failed by our own fault", target.address)
            return Failure.INTERNAL

    async def _sweep(self) -> None:
        while True:
            self._wake.clear()
            self._registry.expire()
            deadline = self._registry.next_deadline()
            pause = None if deadline is None else min(SWEEP_SECONDS, max(0.0, deadline - self._clock()))
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                continue
