"""Metrics of several processes as one: snapshots that travel as JSON, added up. Pure.

Counters and histograms are summed; what processes took with them when they ended stays in the sum, because
a counter that falls looks to Prometheus like a restart. Of gauges, what is shared out among the balancers is
summed, and what each of them sees for itself shows the worst of the views.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lb.observe import names
from lb.observe.names import GROUP_GAUGES, PREFIX, Name

Snapshot = list[dict[str, Any]]
"""Families: `name`, `text`, `type` and `samples`, each `[name, [[label, value], ...], number]`."""

_SUMMED = frozenset(PREFIX + each.prometheus for each in (names.ACTIVE_CONNECTIONS, names.IN_FLIGHT))
_LEAST = frozenset(
    PREFIX + GROUP_GAUGES[each].prometheus for each in ("HealthyHostCount", "HealthyStateRouting")
)


def take(registry: CollectorRegistry) -> Snapshot:
    """Return what `registry` collects now."""
    return [
        {
            "name": family.name,
            "text": family.documentation,
            "type": family.type,
            "samples": [[each.name, list(each.labels.items()), each.value] for each in family.samples],
        }
        for family in registry.collect()
    ]


def merge(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return one snapshot that speaks for all; families and samples keep the order in which they came."""
    families: dict[str, dict[str, Any]] = {}
    samples: dict[str, dict[tuple[Any, ...], float]] = {}
    for family in (family for snapshot in snapshots for family in snapshot):
        name = family["name"]
        families.setdefault(name, family)
        join = _joining(name, family["type"])
        known = samples.setdefault(name, {})
        for sample, labels, value in family["samples"]:
            key = (sample, tuple((label, text) for label, text in labels))
            known[key] = join(known[key], value) if key in known else value
    return [
        {**family, "samples": [[*_listed(key), value] for key, value in samples[name].items()]}
        for name, family in families.items()
    ]


def lasting(snapshot: Snapshot) -> Snapshot:
    """Return what outlives a process: all but the gauges."""
    return [family for family in snapshot if family["type"] != "gauge"]


def leaving(snapshot: Snapshot) -> Snapshot:
    """Return what counts of a process that is on its way out: not how it sees the targets."""
    return [family for family in snapshot if family["type"] != "gauge" or family["name"] in _SUMMED]


def single(name: Name, kind: str, value: float) -> Snapshot:
    """Return a snapshot of one number."""
    sample = PREFIX + name.prometheus
    suffix = "_total" if kind == "counter" else ""
    return [{"name": sample, "text": name.text, "type": kind, "samples": [[sample + suffix, [], value]]}]


def expose(snapshot: Snapshot) -> bytes:
    """Return the snapshot in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(snapshot))
    return generate_latest(registry)


class _Given(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        for family in self._snapshot:
            metric = Metric(family["name"], family["text"], family["type"])
            for sample, labels, value in family["samples"]:
                metric.add_sample(sample, dict(labels), value)
            yield metric


def _joining(name: str, kind: str) -> Callable[[float, float], float]:
    if kind != "gauge" or name in _SUMMED:
        return lambda one, other: one + other
    return min if name in _LEAST else max


def _listed(key: tuple[Any, ...]) -> list[Any]:
    sample, labels = key
    return [sample, [list(pair) for pair in labels]]
