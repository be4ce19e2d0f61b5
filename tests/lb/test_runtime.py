"""The owners of a process: swapping snapshots, sweeping, closing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from lb.observe.record import AccessRecord
from lb.runtime import SWEPT_PER_TURN, Runtime
from lb.settings import HealthCheck
from tests.support.data_plane import build_settings, serving


async def test_configuration_that_cannot_be_compiled_changes_nothing() -> None:
    async with serving([1]) as lb:
        before = lb.runtime.snapshot
        settings = build_settings([2], port=lb.port)
        group = replace(settings.target_groups["app"], health_check=HealthCheck(matcher="nonsense"))
        with pytest.raises(ValueError, match="nonsense"):
            lb.runtime.apply(replace(settings, target_groups={"app": group}))
        assert lb.runtime.snapshot is before
        target = lb.runtime.registry.choose("app")
        assert target is not None
        assert target.port == 1


async def test_new_configuration_takes_effect_whole() -> None:
    async with serving([1]) as lb:
        attributes = replace(lb.runtime.snapshot.settings.attributes, idle_timeout_seconds=7)
        lb.runtime.apply(build_settings([2], port=lb.port, attributes=attributes))
        assert lb.runtime.pool.idle_timeout == 7
        assert lb.runtime.snapshot.listeners["listener"].attributes.idle_timeout_seconds == 7
        target = lb.runtime.registry.choose("app")
        assert target is not None
        assert target.port == 2


class Stubborn:
    """Fails to be swept."""

    def sweep(self, now: float, idle_timeout: float) -> None:
        raise RuntimeError("broken on purpose")


class Counting:
    """Counts how often it is swept."""

    swept = 0

    def sweep(self, now: float, idle_timeout: float) -> None:
        self.swept += 1


async def test_one_failure_does_not_stop_the_sweep(caplog: pytest.LogCaptureFixture) -> None:
    async with serving([]) as lb:
        counting = Counting()
        lb.runtime.swept |= {Stubborn(), counting}
        lb.runtime.sweep()
        assert counting.swept == 1
        assert "broken on purpose" in caplog.text


async def test_thousands_are_swept_with_pauses_between() -> None:
    """All at once they would let every request wait."""
    async with serving([]) as lb:
        runtime = lb.runtime
        several = [Counting() for _ in range(2 * SWEPT_PER_TURN + 1)]
        runtime.swept |= {Stubborn(), *several}
        runtime.begin_sweep()
        assert sum(each.swept for each in several) in (SWEPT_PER_TURN - 1, SWEPT_PER_TURN)
        gone = next(each for each in several if not each.swept)
        runtime.swept.discard(gone)
        async with asyncio.timeout(5):
            while sum(each.swept for each in several) < 2 * SWEPT_PER_TURN:
                await asyncio.sleep(0)
        assert not gone.swept
        assert max(each.swept for each in several) == 1


async def test_records_reach_metrics_and_log(tmp_path: object) -> None:
    log = f"{tmp_path}/access.log"
    runtime = Runtime(replace(build_settings([], port=80), access_log=log))
    runtime.record(AccessRecord(status=503, method="GET", host="h", uri="/x", created_wall=1.0))
    assert b"503" in runtime.metrics.exposition()
    await runtime.aclose()
    with open(log) as rows:
        assert "GET http://h:0/x HTTP/1.1" in rows.read()


async def test_start_and_close_leave_nothing_running() -> None:
    runtime = Runtime(build_settings([1], port=80))
    await runtime.start()
    assert runtime.ready
    await runtime.aclose()
    assert not runtime.ready
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_date_is_made_once_a_second() -> None:
    runtime = Runtime(build_settings([], port=80))
    assert runtime.date() is runtime.date() or runtime.date().endswith(b" GMT")
    await runtime.aclose()
