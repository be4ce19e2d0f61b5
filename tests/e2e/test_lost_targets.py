"""Real processes under load: a target is killed, a configuration is read anew. Who loses what?"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import httpx
import pytest

from tests.support.crowd import Crowd
from tests.support.running import Running, free_ports, running_albacore
from tests.support.target_process import target_process
from tests.support.workers import until

CLIENTS = 300
DELAY = 0.4
"""A target's thinking time: with so many clients, as many requests are in flight."""
STEP = 600
"""Requests after which an effect has been seen by everybody."""


@dataclass(frozen=True, slots=True)
class Site:
    """A load balancer before two targets that can be killed."""

    running: Running
    config: Path
    port: int
    admin: int
    targets: dict[int, Popen[str]]

    def health(self) -> dict[int, str]:
        """The state of each target, by port."""
        groups = httpx.get(f"http://127.0.0.1:{self.admin}/targets", trust_env=False).json()["TargetGroups"]
        return {
            each["Target"]["Port"]: each["TargetHealth"]["State"]
            for group in groups
            for each in group["TargetHealthDescriptions"]
        }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port, admin = free_ports(2)
    folder = tmp_path_factory.mktemp("lost")
    with target_process(DELAY) as (one, first), target_process(DELAY) as (two, second):
        group = {
            "Name": "app",
            "Targets": [{"Id": "127.0.0.1", "Port": each} for each in (first, second)],
            "HealthCheckPath": "/health",
            "HealthCheckIntervalSeconds": 5,
            "HealthCheckTimeoutSeconds": 2,
            "UnhealthyThresholdCount": 2,
            "HealthyThresholdCount": 2,
        }
        fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "v0"}}
        version = {
            "Priority": 1,
            "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/version"]}}],
            "Actions": [fixed],
        }
        listener = {
            "Port": port,
            "Protocol": "HTTP",
            "Address": "127.0.0.1",
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": "app"}],
            "Rules": [version],
        }
        config = {
            "Listeners": [listener],
            "TargetGroups": [group],
            "Admin": {"Port": admin},
        }
        with running_albacore(config, folder) as running:
            site = Site(running, folder / "albacore.yaml", port, admin, {first: one, second: two})
            until(lambda: set(site.health().values()) == {"healthy"}, "both targets healthy")
            yield site


def grow(crowd: Crowd, count: int = STEP) -> None:
    """Wait for so many more answers."""
    wanted = len(crowd.outcomes) + count
    until(lambda: len(crowd.outcomes) >= wanted, "more answers")


def test_reading_the_configuration_anew_loses_nothing(site: Site) -> None:
    with Crowd(site.port, CLIENTS).asking() as crowd:
        grow(crowd)
        for turn in range(1, 5):
            text = re.sub(r"MessageBody: v\d", f"MessageBody: v{turn}", site.config.read_text())
            site.config.write_text(text)
            if turn % 2:
                site.running.process.send_signal(signal.SIGHUP)
            url = f"http://127.0.0.1:{site.port}/version"
            until(lambda: httpx.get(url, trust_env=False).text == f"v{turn}", "the new text")  # noqa: B023
            grow(crowd)
    assert set(crowd.statuses()) == {200}, [each for each in crowd.outcomes if each.status != 200][:5]
    assert {int(each.told) for each in crowd.outcomes} == set(site.targets)


def test_a_killed_target_costs_what_it_had_and_nothing_once_it_is_found_dead(site: Site) -> None:
    """As behind ALB, a target gets its share until the health check has found it out: 502, at once."""
    dead, process = next(iter(site.targets.items()))
    with Crowd(site.port, CLIENTS).asking() as crowd:
        grow(crowd)
        killed = time.monotonic()
        process.kill()
        process.wait()
        until(lambda: site.health()[dead] == "unhealthy", "the health check")
        found = time.monotonic()
        grow(crowd)
    losses = [each for each in crowd.outcomes if each.status != 200]
    assert {each.status for each in losses} <= {502, 504}, losses[:5]
    assert losses, "requests were in flight there"
    assert all(each.over >= killed for each in losses), "nobody lost anything before"
    assert set(crowd.statuses(asked_after=found)) == {200}
    in_flight = [each for each in losses if each.asked < killed]
    assert CLIENTS // 10 < len(in_flight) <= CLIENTS
    served = {int(each.told) for each in crowd.outcomes if each.status == 200 and each.asked > killed}
    assert served == set(site.targets) - {dead}, "nobody got an answer of the dead"
    assert site.running.output.count("Traceback") == 0
