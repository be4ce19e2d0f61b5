"""Health checks against real sockets: who is probed when, and what becomes of the targets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import pairwise

import pytest

from lb.settings import HealthCheck, TargetGroupSettings
from lb.targets.checker import HealthChecker
from lb.targets.group import Probe, Target
from lb.targets.health import ProbeOutcome
from lb.targets.registry import TargetRegistry
from tests.support.scripted import OK, answering, scripted, silent

MakeGroup = Callable[..., dict[str, TargetGroupSettings]]


class Schedule:
    """Runs a checker over a registry and waits for states."""

    def __init__(self, registry: TargetRegistry) -> None:
        self.registry = registry

    def state(self, port: int) -> tuple[str, str]:
        for group in self.registry.describe():
            for row in group["TargetHealthDescriptions"]:  # type: ignore[attr-defined]
                if row["Target"]["Port"] == port:
                    return row["TargetHealth"]["State"], row["TargetHealth"].get("Reason", "")
        return "", ""

    async def until(self, port: int, *wanted: str) -> None:
        async with asyncio.timeout(5):
            while self.state(port) != wanted:
                await asyncio.sleep(0.005)


@pytest.fixture
async def running() -> AsyncIterator[Schedule]:
    registry = TargetRegistry()
    checker = HealthChecker(registry, rng=lambda: 0.0)
    await checker.start()
    yield Schedule(registry)
    await checker.aclose()
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not any(name.startswith(("health check", "target draining")) for name in names)


def quick(**more: object) -> HealthCheck:
    return HealthCheck(interval_seconds=0.01, timeout_seconds=1, **more)  # type: ignore[arg-type]


async def test_a_target_becomes_healthy_sick_and_healthy_again(running: Schedule, group: MakeGroup) -> None:
    status = b"200 OK"

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    async with scripted(script) as port:
        running.registry.apply(group(port, check=quick()))
        await running.until(port, "healthy", "")
        status = b"503 Service Unavailable"
        await running.until(port, "unhealthy", "Target.ResponseCodeMismatch")
        status = b"200 OK"
        await running.until(port, "healthy", "")


async def test_a_silent_target_times_out(running: Schedule, group: MakeGroup) -> None:
    async with scripted(silent) as port:
        check = HealthCheck(interval_seconds=0.01, timeout_seconds=0.02)
        running.registry.apply(group(port, check=check))
        await running.until(port, "unhealthy", "Target.Timeout")


async def test_new_settings_are_probed_from_now_on(running: Schedule, group: MakeGroup) -> None:
    seen: list[bytes] = []
    async with scripted(answering(OK, seen=seen)) as port:
        running.registry.apply(group(port, check=quick(path="/old")))
        await running.until(port, "healthy", "")
        running.registry.apply(group(port, check=quick(path="/new", matcher="404")))
        await running.until(port, "unhealthy", "Target.ResponseCodeMismatch")
        assert seen[-1].startswith(b"GET /new ")


async def test_a_deregistered_target_is_probed_no_more_and_forgotten(
    running: Schedule, group: MakeGroup
) -> None:
    seen: list[bytes] = []
    async with scripted(answering(OK, seen=seen)) as port:
        running.registry.apply(group(port, check=quick()))
        await running.until(port, "healthy", "")
        running.registry.apply(group(check=quick(), deregistration_delay_seconds=0.1))
        assert running.state(port)[0] == "draining"
        await running.until(port, "", "")
        count = len(seen)
        await asyncio.sleep(0.05)
        assert len(seen) == count


async def test_unused_groups_are_not_probed(running: Schedule, group: MakeGroup) -> None:
    seen: list[bytes] = []
    async with scripted(answering(OK, seen=seen)) as port:
        running.registry.apply(group(port, check=quick()), in_use=())
        await asyncio.sleep(0.05)
        assert seen == []
        running.registry.apply(group(port, check=quick()))
        await running.until(port, "healthy", "")


async def test_a_fault_of_our_own_shows_and_does_not_end_the_probing(
    group: MakeGroup, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0

    async def broken(target: Target, probe: Probe) -> ProbeOutcome:
        nonlocal calls
        calls += 1
        if calls <= 2:
            raise ZeroDivisionError
        return 200

    registry = TargetRegistry()
    checker = HealthChecker(registry, rng=lambda: 0.0, send=broken)
    await checker.start()
    schedule = Schedule(registry)
    registry.apply(group(1, check=HealthCheck(interval_seconds=0.01, timeout_seconds=1)))
    await schedule.until(1, "unhealthy", "Elb.InternalError")
    await schedule.until(1, "healthy", "")
    await checker.aclose()
    assert "by our own fault" in caplog.text


async def test_targets_are_not_probed_in_lock_step(group: MakeGroup) -> None:
    moments: dict[int, list[float]] = {}
    enough = asyncio.Event()

    async def note(target: Target, probe: Probe) -> ProbeOutcome:
        moments.setdefault(target.port, []).append(asyncio.get_running_loop().time())
        if sum(map(len, moments.values())) >= 40:
            enough.set()
        return 200

    registry = TargetRegistry()
    checker = HealthChecker(registry, send=note)
    await checker.start()
    registry.apply(group(*range(1, 11), check=HealthCheck(interval_seconds=0.1, timeout_seconds=0.05)))
    await asyncio.wait_for(enough.wait(), 5)
    await checker.aclose()
    firsts = sorted(times[0] for times in moments.values())
    assert firsts[-1] - firsts[0] > 0.02
    gaps = {round(later - sooner, 3) for times in moments.values() for sooner, later in pairwise(times)}
    assert len(gaps) > 3
