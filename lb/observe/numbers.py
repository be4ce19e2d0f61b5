"""The numbers behind the metrics: counters per load balancer and per target group, and histograms."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from lb.reasons import Reason

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds in seconds; the last is ALB's default idle timeout."""


@dataclass(slots=True, eq=False)
class Histogram:
    """Counts per bucket and the sum of what was observed."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds

    def cumulative(self) -> list[tuple[str, float]]:
        """Return (upper bound, count up to it), as Prometheus wants them."""
        running = 0
        pairs = []
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), self.counts, strict=True):
            running += count
            pairs.append((bound, float(running)))
        return pairs


@dataclass(slots=True, eq=False)
class GroupNumbers:
    """What is counted per target group."""

    requests: int = 0
    answers: list[int] = field(default_factory=lambda: [0] * 10)
    """By the first digit of the target's status."""
    failures: Counter[Reason] = field(default_factory=Counter)
    """Reasons for which a chosen target gave no answer."""
    response_time: Histogram = field(default_factory=Histogram)


@dataclass(slots=True, eq=False)
class Numbers:
    """What is counted for the whole load balancer."""

    groups: dict[str, GroupNumbers] = field(default_factory=dict)
    """By target group ARN."""
    requests: dict[str, int] = field(default_factory=dict)
    """By type, as in the access log. No Counter: adding to one costs thrice as much, and this is every
    request."""
    statuses: Counter[int] = field(default_factory=Counter)
    """Statuses of answers that the load balancer made itself."""
    reasons: Counter[Reason] = field(default_factory=Counter)
    counters: Counter[str] = field(default_factory=Counter)
    """By CloudWatch name."""
    auth_latency: Histogram = field(default_factory=Histogram)
    active_connections: int = 0
    processed_bytes: int = 0
    rule_evaluations: int = 0
