"""Active health checks: one task per probed target, and one that brings draining to its end.

The checker is the one owner of these tasks: `aclose` ends them all. What a probe *means* is decided by
`lb.targets.health`, who is to be probed by the registry. Requests as ALB makes them (alb.md 5.5): a GET with
`User-Agent: ELB-HealthChecker/2.0` and `Host: <address>:<port>`, on a connection of its own.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
from collections.abc import Awaitable, Callable

import httpx

from lb.targets.group import Probe, Target, format_address
from lb.targets.health import Failure, ProbeOutcome
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
        send_probe: sends one probe; for tests of the schedule.
        clock: the registry's.
    """

    def __init__(
        self,
        registry: TargetRegistry,
        *,
        rng: Callable[[], float] = random.random,
        send_probe: SendProbe | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._rng = rng
        self._sender = ProbeSender() if send_probe is None else None
        self._send = send_probe or self._sender_send
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
        if self._sender is not None:
            await self._sender.aclose()

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

    async def _sender_send(self, target: Target, probe: Probe) -> ProbeOutcome:
        assert self._sender is not None
        return await self._sender.send(target, probe)

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


class ProbeSender:
    """Sends one GET per probe over a bare transport.

    Bare, because a client would keep cookies, follow redirects and obey proxy variables of the environment.
    Every probe has a connection of its own, and only the head of the response is read (the transport bounds
    it).
    """

    def __init__(self) -> None:
        self._transport = httpx.AsyncHTTPTransport(
            verify=_unverified(),
            trust_env=False,
            retries=0,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def send(self, target: Target, probe: Probe) -> ProbeOutcome:
        """Send one probe; the caller bounds its time."""
        try:
            response = await self._transport.handle_async_request(build_probe(target, probe))
        except httpx.TransportError:
            return Failure.NO_ANSWER
        # Closing unread: the body may be endless, and nobody looks at it.
        await response.aclose()
        return response.status_code

    async def aclose(self) -> None:
        """Close what is open."""
        await self._transport.aclose()


def build_probe(target: Target, probe: Probe) -> httpx.Request:
    """Build the request of a probe, its path exactly as configured."""
    authority = format_address(target.host, probe.port or target.port)
    return httpx.Request(
        "GET",
        f"{'https' if probe.tls else 'http'}://{authority}/",
        headers=[
            ("Host", authority),
            ("Connection", "close"),
            ("User-Agent", "ELB-HealthChecker/2.0"),
            ("Accept-Encoding", "gzip, compressed"),
        ],
        # The raw target: httpx would normalise dots and escapes in a URL.
        extensions={"target": probe.path.encode("utf-8")},
    )


def _unverified() -> ssl.SSLContext:
    """Build a context that takes any certificate: ALB does not validate those of targets (alb.md 5.5)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
