"""The process-long mutable owners, in one place, and the current snapshot.

Target registry and health checker, upstream connections, authentication (keys, sessions), metrics, access
log. A request takes what it needs from here and keeps the snapshot that it started with.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Iterable, Mapping
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from lb.authentication import AuthenticationOwner
from lb.authn.turns import TurnDesk
from lb.descriptors import client_limit, raise_descriptor_limit
from lb.observe.access_log import AccessLog
from lb.observe.connection_log import ConnectionLog, ConnectionRecord
from lb.observe.metrics import AuthEvent, Metrics
from lb.observe.record import AccessRecord
from lb.observe.trace import TraceIds
from lb.responses import http_date
from lb.settings import IdentityProvider, Settings
from lb.snapshot import Authentication, Snapshot, compile_snapshot
from lb.targets.applications import Applications
from lb.targets.checker import HealthChecker
from lb.targets.prober import send_probe
from lb.targets.registry import TargetRegistry
from lb.upstream.pool import UpstreamPool
from rules.actions import Forward, PreAction

if TYPE_CHECKING:
    from lb.exchange import Exchange

log = logging.getLogger("albacore.runtime")

SWEEP_SECONDS = 1.0
"""Timeouts are late by up to this much: one timer for all connections instead of one per request."""

SWEPT_PER_TURN = 200
"""How many are looked at without a pause: a millisecond's work."""
TELL_AGAIN_SECONDS = 60.0
"""How often the log speaks of refused connections: an attack must not fill it."""


class Swept(Protocol):
    """Something whose silence is measured."""

    def sweep(self, now: float, idle_timeout: float) -> None:
        """End what has been silent for `idle_timeout` seconds; `now` on the monotonic clock."""


class AuthenticationSource(Protocol):
    """What makes the pre-actions of a configuration work: `AuthenticationOwner`, unless a test says else."""

    def compiler(self, settings: Settings, providers: Mapping[PreAction, IdentityProvider]) -> Authentication:
        """Return how the pre-actions of `settings` are compiled."""
        ...

    async def aclose(self) -> None:
        """Let go of everything."""


class Runtime:
    """What every request needs and no request owns."""

    def __init__(
        self,
        settings: Settings,
        *,
        providers: Mapping[PreAction, IdentityProvider] | None = None,
        authentication: AuthenticationSource | None = None,
        desk: TurnDesk | None = None,
    ) -> None:
        """Own what `settings` describe; `providers` gives each authenticate action its resolved provider.

        At `desk` this process and others take turns at refreshing sessions.

        Raises:
            OSError: the access log or a key file cannot be opened.
            ValueError: a matcher or an action cannot be compiled.
        """
        self.registry = TargetRegistry()
        self.applications = Applications()
        self.access_log = AccessLog(settings.access_log)
        self.connection_log = ConnectionLog(settings.connection_log)
        self.metrics = Metrics(group_counts=self.registry.counts, rows_lost=lambda: self.access_log.rows_lost)
        self.pool = UpstreamPool(settings.attributes.idle_timeout_seconds, dial=self.applications.dial)
        self.registry.on_released = self.pool.release
        self.authentication: AuthenticationSource = authentication or AuthenticationOwner(
            settings, on_refreshed=lambda: self.metrics.auth(AuthEvent.REFRESHED), desk=desk
        )
        self.exchanges: set[Exchange] = set()
        """Requests being served."""
        self.swept: set[Swept] = set()
        """Connections and tunnels whose silence is measured."""
        self.max_connections = client_limit()
        """Client connections at a time."""
        self._told_of_rejections = -TELL_AGAIN_SECONDS
        self.ready = False
        """Started, and not draining: whoever begins to drain sets it to False."""
        self.trace_ids = TraceIds(random.randbytes)
        self._checker = HealthChecker(self.registry, send=partial(send_probe, dial=self.applications.dial))
        self._sweep_timer: asyncio.Handle | None = None
        self._date = (0, b"")
        self.snapshot: Snapshot
        self.apply(settings, providers=providers)

    def apply(
        self, settings: Settings, *, providers: Mapping[PreAction, IdentityProvider] | None = None
    ) -> None:
        """Swap to `settings` whole; requests in flight keep the snapshot that they started with.

        Raises what compiling raises; then nothing has changed.
        """
        snapshot = compile_snapshot(settings, self.authentication.compiler(settings, providers or {}))
        in_use = {
            group.name
            for listener in settings.listeners
            for rule in (*listener.ruleset.rules, listener.ruleset.default)
            if isinstance(rule.routing, Forward)
            for group in rule.routing.target_groups
        }
        self.registry.apply(settings.target_groups, in_use=in_use)
        self.pool.idle_timeout = settings.attributes.idle_timeout_seconds
        self.snapshot = snapshot

    async def start(self) -> None:
        """Start applications that are targets, health checks and the periodic sweep; raises CannotStart."""
        await self.applications.take_up(self.snapshot.settings.target_groups)
        raise_descriptor_limit()
        self.max_connections = client_limit()
        await self._checker.start()
        self.start_sweeping()
        self.ready = True

    async def aclose(self) -> None:
        """Stop what `start` started, close connections to targets, write the access log to its end."""
        self.ready = False
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
            self._sweep_timer = None
        await self._checker.aclose()
        await self.pool.aclose()
        await self.applications.aclose()
        await self.authentication.aclose()
        # Lost connections tell their exchanges in the loop's next turn; their rows belong into the log.
        await asyncio.sleep(0)
        await self.access_log.aclose()
        await self.connection_log.aclose()

    def record(self, record: AccessRecord) -> None:
        """Hand a finished request's record over, once."""
        self.metrics.record(record)
        self.access_log.write(record)

    def note_connection(self, listener_arn: str, record: ConnectionRecord) -> None:
        """Count and log a client's connection, once: established, or failed to be."""
        if record.verification.startswith("Failed"):
            self.metrics.count("ClientTLSNegotiationErrorCount")
        if not self.connection_log.active:
            return
        listener = self.snapshot.listeners.get(listener_arn)
        if listener is not None:
            record.elb, record.listener_port = listener.elb, listener.settings.port
        self.connection_log.write(record)

    def reopen_logs(self) -> None:
        """Open the log files anew: they were renamed."""
        self.access_log.reopen()
        self.connection_log.reopen()

    def is_full(self) -> bool:
        """Tell whether the client connection just counted is one too many, and count it as rejected.

        Clients that only sit there must leave descriptors for those who are being served, and for targets.
        """
        full = self.metrics.numbers.active_connections > self.max_connections
        if full:
            self.metrics.count("RejectedConnectionCount")
            self._tell_of_rejections(monotonic())
        return full

    def _tell_of_rejections(self, now: float) -> None:
        if now - self._told_of_rejections >= TELL_AGAIN_SECONDS:
            self._told_of_rejections = now
            log.warning(
                "client connections are refused: %d at a time is all that the limit of open files allows "
                "(docs/operations.md, Open files)",
                self.max_connections,
            )

    def date(self) -> bytes:
        """Return the current Date header value, made once per second."""
        now = int(time.time())
        if self._date[0] != now:
            self._date = (now, http_date(now))
        return self._date[1]

    def sweep(self) -> None:
        """End what has been silent for too long."""
        self._sweep_all([*self.exchanges, *self.swept])
        self.pool.sweep(monotonic())

    def _sweep_all(self, several: Iterable[Swept]) -> None:
        now = monotonic()
        idle_timeout = self.snapshot.settings.attributes.idle_timeout_seconds
        for swept in several:
            try:
                swept.sweep(now, idle_timeout)
            except Exception:
                log.exception("sweeping %r failed", swept)

    def start_sweeping(self) -> None:
        """Start measuring silence, without health checks."""
        self._sweep_timer = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self.begin_sweep)

    def begin_sweep(self) -> None:
        """Sweep everything that is there now, in turns of the event loop; then again after a while."""
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        self._go_on_sweeping([*self.exchanges, *self.swept])

    def _go_on_sweeping(self, left: list[Swept]) -> None:
        """Sweep some and the others in later turns: 10,000 at once would let every request wait for them."""
        some = left[-SWEPT_PER_TURN:]
        del left[-SWEPT_PER_TURN:]
        self._sweep_all(each for each in some if each in self.swept or each in self.exchanges)
        if left:
            self._sweep_timer = asyncio.get_running_loop().call_soon(self._go_on_sweeping, left)
        else:
            self.start_sweeping()
            self.pool.sweep(monotonic())
