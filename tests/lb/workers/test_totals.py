"""Metrics of several processes, added up."""

from __future__ import annotations

import json

from prometheus_client.parser import text_string_to_metric_families

from lb.observe import names
from lb.observe.metrics import Metrics
from lb.observe.record import AccessRecord
from lb.targets.live import GroupCounts
from lb.workers import totals
from lb.workers.totals import Snapshot

ARN = "arn:aws:elasticloadbalancing:local:000000000000:targetgroup/app/0123456789abcdef"


def process(requests: int, *, healthy: int = 2, in_flight: int = 0, seconds: float = 0.25) -> Snapshot:
    """What a balancer with so many requests sends; as JSON, like all that crosses the link."""
    group = GroupCounts("app", ARN, healthy, 2 - healthy, 2, 0, in_flight, not healthy, 0)
    metrics = Metrics(group_counts=lambda: [group])
    for _ in range(requests):
        metrics.connection_opened()
        metrics.record(
            AccessRecord(
                type="http", target="10.0.0.1:80", target_group_arn=ARN, status=200, target_status=200,
                received_bytes=1, sent_bytes=2, created=1.0, dispatched=1.0, target_head=1.0 + seconds,
            )
        )  # fmt: skip
    found: Snapshot = json.loads(json.dumps(totals.take(metrics.registry)))
    return found


def read(snapshot: Snapshot) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(totals.expose(snapshot).decode())
    return {
        (sample.name.removeprefix("albacore_"), *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_one_process_reads_as_it_would_by_itself() -> None:
    metrics = Metrics()
    metrics.count("NewConnectionCount", 3)
    assert totals.expose(totals.take(metrics.registry)) == metrics.exposition()


def test_counters_and_histograms_are_summed() -> None:
    got = read(totals.merge([process(3), process(4, seconds=20.0)]))
    assert got["requests_total", "http"] == 7
    assert got["processed_bytes_total",] == 21
    assert got["request_count_total", "app"] == 7
    assert got["target_response_time_seconds_count", "app"] == 7
    assert got["target_response_time_seconds_bucket", "0.25", "app"] == 3
    assert got["target_response_time_seconds_bucket", "+Inf", "app"] == 7


def test_gauges_are_shared_out_or_the_worst_view() -> None:
    got = read(totals.merge([process(3, in_flight=2), process(4, healthy=0, in_flight=5)]))
    assert got["active_connection_count",] == 7
    assert got["in_flight_requests", "app"] == 7
    assert (got["healthy_host_count", "app"], got["unhealthy_host_count", "app"]) == (0, 2)
    assert (got["healthy_state_routing", "app"], got["unhealthy_state_routing", "app"]) == (0, 1)


def test_what_ended_processes_counted_still_counts_and_nothing_else_of_them() -> None:
    got = read(totals.merge([process(1), totals.lasting(process(5, healthy=0, in_flight=3))]))
    assert got["requests_total", "http"] == 6
    assert got["active_connection_count",] == 1
    assert got["healthy_host_count", "app"] == 2


def test_a_process_on_its_way_out_has_requests_but_no_say_about_targets() -> None:
    got = read(totals.merge([process(1, in_flight=1), totals.leaving(process(5, healthy=0, in_flight=3))]))
    assert got["active_connection_count",] == 6
    assert got["in_flight_requests", "app"] == 4
    assert got["healthy_host_count", "app"] == 2


def test_the_supervisors_own_numbers_join() -> None:
    own = [totals.single(names.WORKERS, "gauge", 2), totals.single(names.WORKER_DEATHS, "counter", 1)]
    got = read(totals.merge([process(0), *own]))
    assert (got["workers",], got["worker_deaths_total",]) == (2, 1)
