"""CloudWatch's metrics (alb.md 9.5): counted once per finished request, exposed for Prometheus.

Counting and collecting happen on the event loop, so there are no locks. The numbers are plain
(`lb.observe.numbers`) because a `prometheus_client` counter costs a microsecond per increment; they become
families when somebody scrapes (`lb.observe.collect`). Labels come from the configuration alone: a client
cannot make a new time series.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from lb.observe.collect import NumbersCollector
from lb.observe.names import COUNTERS
from lb.observe.numbers import GroupNumbers, Numbers
from lb.observe.record import AccessRecord
from lb.observe.redact import CALLBACK_PATH
from lb.targets.live import GroupCounts


class AuthEvent(Enum):
    """What goes well in authentication beside the requests themselves; the value is CloudWatch's name."""

    REFRESHED = "ELBAuthRefreshTokenSuccess"


class Metrics:
    """Everything counted, with a registry of its own (nothing global).

    Args:
        group_counts: gives the target groups in numbers when scraped (`TargetRegistry.counts`).
        rows_lost: gives the access log's lost rows when scraped.
    """

    def __init__(
        self,
        *,
        group_counts: Callable[[], Iterable[GroupCounts]] = tuple,
        rows_lost: Callable[[], int] = int,
    ) -> None:
        self.numbers = Numbers()
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(NumbersCollector(self.numbers, group_counts, rows_lost))

    def record(self, record: AccessRecord) -> None:
        """Count one finished request."""
        numbers = self.numbers
        size = record.received_bytes + record.sent_bytes
        numbers.requests[record.type] = numbers.requests.get(record.type, 0) + 1
        numbers.processed_bytes += size
        numbers.rule_evaluations += record.rule_evaluations
        if record.target:
            self._count_target(record)
        status = record.status
        if status and status != record.target_status:
            numbers.statuses[status] += 1
            self._count_answer(record)
        if ":" in record.client:
            numbers.counters["IPv6RequestCount"] += 1
            numbers.counters["IPv6ProcessedBytes"] += size
        if record.type == "grpcs":
            numbers.counters["GrpcRequestCount"] += 1
        if record.classification:
            numbers.counters["DesyncMitigationMode_NonCompliant_Request_Count"] += 1
        if "jwt-validation" in record.actions and record.reason is None:
            numbers.counters["JWTValidationSuccessCount"] += 1

    def auth(self, event: AuthEvent) -> None:
        """Count an event of authentication that no record tells; refusals and logins come with their
        records.
        """
        self.numbers.counters[event.value] += 1

    def count(self, name: str, amount: int = 1) -> None:
        """Add to a counter of the whole load balancer by its CloudWatch name.

        Raises:
            KeyError: there is no such counter in `lb.observe.names.COUNTERS`.
        """
        _ = COUNTERS[name]
        self.numbers.counters[name] += amount

    def connection_opened(self) -> None:
        """Count a client's connection in."""
        self.numbers.active_connections += 1
        self.numbers.counters["NewConnectionCount"] += 1

    def connection_closed(self) -> None:
        """Count it out again; call exactly once for each `connection_opened`."""
        self.numbers.active_connections -= 1

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format (`CONTENT_TYPE_LATEST`)."""
        return generate_latest(self.registry)

    def _count_target(self, record: AccessRecord) -> None:
        group = self.numbers.groups.get(record.target_group_arn)
        if group is None:
            group = self.numbers.groups[record.target_group_arn] = GroupNumbers()
        group.requests += 1
        status = record.target_status
        if status:
            group.answers[status // 100 % 10] += 1
        elif record.reason is not None:
            group.failures[record.reason] += 1
        if record.target_head:
            seconds = record.target_head - record.dispatched
            group.response_time.observe(max(0.0, seconds))

    def _count_answer(self, record: AccessRecord) -> None:
        numbers = self.numbers
        if record.reason is not None:
            numbers.reasons[record.reason] += 1
        elif "fixed-response" in record.actions:
            numbers.counters["HTTP_Fixed_Response_Count"] += 1
        elif "redirect" in record.actions:
            numbers.counters["HTTP_Redirect_Count"] += 1
        elif record.actions == ("authenticate",) and record.uri.partition("?")[0] == CALLBACK_PATH:
            numbers.counters["ELBAuthSuccess"] += 1
            numbers.auth_latency.observe(max(record.done - record.created, 0.0))
