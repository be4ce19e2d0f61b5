"""Turning the numbers into Prometheus families when somebody scrapes. Names: `lb.observe.names`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lb.observe import names
from lb.observe.names import COUNTERS, GROUP_COUNTERS, GROUP_GAUGES, PREFIX, Name
from lb.observe.numbers import GroupNumbers, Histogram, Numbers
from lb.targets.live import GroupCounts

_GROUP_LABELS = ("target_group",)


class NumbersCollector(Collector):
    """Gives the families of one load balancer."""

    def __init__(
        self,
        numbers: Numbers,
        group_counts: Callable[[], Iterable[GroupCounts]],
        rows_lost: Callable[[], int],
    ) -> None:
        self._numbers = numbers
        self._group_counts = group_counts
        self._rows_lost = rows_lost

    def collect(self) -> Iterator[Metric]:
        """Yield every family; those of the whole load balancer first."""
        numbers = self._numbers
        counters = _all_counters(numbers)
        for cloudwatch, name in COUNTERS.items():
            yield CounterMetricFamily(PREFIX + name.prometheus, name.text, value=counters[cloudwatch])
        yield _labelled(names.REQUESTS, "type", numbers.requests.items())
        reasons = ((reason.name, count) for reason, count in numbers.reasons.items())
        yield _labelled(names.ANSWERS, "reason", reasons)
        yield _gauge(names.ACTIVE_CONNECTIONS, numbers.active_connections)
        lost = names.LOST_ROWS
        yield CounterMetricFamily(PREFIX + lost.prometheus, lost.text, value=self._rows_lost())
        yield _histogram(names.AUTH_LATENCY, {"": numbers.auth_latency}, labels=())
        yield from self._groups()

    def _groups(self) -> Iterator[Metric]:
        live = {group.arn: group for group in self._group_counts()}
        counted = {arn: _group_counters(numbers) for arn, numbers in self._numbers.groups.items()}
        for arn, group in live.items():
            counted.setdefault(arn, Counter())["UnhealthyRoutingRequestCount"] = group.fail_open_choices
        for cloudwatch, name in GROUP_COUNTERS.items():
            rows = ((group_label(arn), counters[cloudwatch]) for arn, counters in counted.items())
            yield _labelled(name, "target_group", rows)
        for cloudwatch, name in GROUP_GAUGES.items():
            yield _group_gauge(name, live.values(), _GAUGES[cloudwatch])
        yield _group_gauge(names.DRAINING, live.values(), lambda group: group.draining)
        yield _group_gauge(names.IN_FLIGHT, live.values(), lambda group: group.in_flight)
        times = {group_label(arn): numbers.response_time for arn, numbers in self._numbers.groups.items()}
        yield _histogram(names.RESPONSE_TIME, times, labels=_GROUP_LABELS)


_GAUGES: dict[str, Callable[[GroupCounts], float]] = {
    "HealthyHostCount": lambda group: group.healthy,
    "UnHealthyHostCount": lambda group: group.unhealthy,
    "HealthyStateRouting": lambda group: group.registered > 0 and not group.failing_open,
    "UnhealthyStateRouting": lambda group: group.failing_open,
}


def group_label(arn: str) -> str:
    """Return the group's name: the middle of `...:targetgroup/<name>/<id>`; other texts whole."""
    parts = arn.split("/")
    return parts[1] if len(parts) == 3 else arn


def _all_counters(numbers: Numbers) -> Counter[str]:
    """Add up what was counted by status and by reason under CloudWatch's names."""
    counters = numbers.counters.copy()
    counters["ProcessedBytes"] += numbers.processed_bytes
    counters["RuleEvaluations"] += numbers.rule_evaluations
    for status, count in numbers.statuses.items():
        counters[f"HTTPCode_ELB_{status // 100}XX_Count"] += count
        counters[f"HTTPCode_ELB_{status}_Count"] += count
    for reason, count in numbers.reasons.items():
        # A cause may name the counter of its status class, which the status has already fed.
        if not reason.value.metric.startswith("HTTPCode_"):
            counters[reason.value.metric] += count
    return counters


def _group_counters(group: GroupNumbers) -> Counter[str]:
    counters = Counter({f"HTTPCode_Target_{digit}XX_Count": n for digit, n in enumerate(group.answers)})
    counters["RequestCount"] = group.requests
    for reason, count in group.failures.items():
        counters[reason.value.metric] += count
    return counters


def _labelled(name: Name, label: str, rows: Iterable[tuple[str, float]]) -> Metric:
    family = CounterMetricFamily(PREFIX + name.prometheus, name.text, labels=(label,))
    for value, count in rows:
        family.add_metric((value,), count)
    return family


def _gauge(name: Name, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name.prometheus, name.text, value=value)


def _group_gauge(name: Name, groups: Iterable[GroupCounts], read: Callable[[GroupCounts], float]) -> Metric:
    family = GaugeMetricFamily(PREFIX + name.prometheus, name.text, labels=_GROUP_LABELS)
    for group in groups:
        family.add_metric((group.name,), float(read(group)))
    return family


def _histogram(name: Name, rows: dict[str, Histogram], *, labels: tuple[str, ...]) -> Metric:
    family = HistogramMetricFamily(PREFIX + name.prometheus, name.text, labels=labels)
    for label, histogram in rows.items():
        values = (label,) if labels else ()
        family.add_metric(values, buckets=histogram.cumulative(), sum_value=histogram.total)
    return family
