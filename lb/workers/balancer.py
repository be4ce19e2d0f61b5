"""The role of a balancer: it serves the listeners."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from lb.authn.sender import HttpxSender
from lb.parts import build_tls, listener_door
from lb.providers import look_for_providers, pre_actions
from lb.runtime import Runtime
from lb.targets.health import CHECKING, REGISTERED
from lb.workers import totals
from lb.workers.order import Order
from lb.workers.pool_way import PoolWay, pool_providers
from lb.workers.roles import Doors
from lb.workers.turns import Line, LinkedDesk

log = logging.getLogger("albacore")

FIRST_LOOK_SECONDS = 3.0
"""How long a balancer waits for its first round of health checks before it takes traffic all the same."""


class Balancer:
    """Serves the listeners."""

    def __init__(self, order: Order, line: Line) -> None:
        self._order = order
        self._desk = LinkedDesk(line)
        self._doors = Doors(order)
        self._tls = build_tls(order.settings.listeners)
        self._way = None if order.settings.pool_server is None else PoolWay(order.settings.pool_server)
        self._runtime = self._build_runtime()
        self._sender = HttpxSender()
        self._look: asyncio.Task[None] | None = None

    def _build_runtime(self) -> Runtime:
        settings = self._order.settings
        if self._way is None:
            return Runtime(settings, desk=self._desk)
        providers = pool_providers(list(pre_actions(settings)), self._order.endpoints, self._way)
        return Runtime(settings, providers=providers, desk=self._desk)

    async def prepare(self) -> dict[str, Any]:
        """Probe every target once: a new balancer must not send requests to what the others know is down."""
        await self._runtime.start()
        self._runtime.ready = False
        if self._order.is_first:
            self._look = asyncio.create_task(look_for_providers(self._order.settings, self._sender))
        for _ in range(int(FIRST_LOOK_SECONDS / 0.02)):
            if not self._is_blind():
                break
            await asyncio.sleep(0.02)
        return {}

    def _is_blind(self) -> bool:
        return any(target.health in (REGISTERED, CHECKING) for target in self._runtime.registry.probes())

    async def open(self) -> None:
        """Accept connections."""
        for key, bound in self._doors.sockets.items():
            tls = self._tls.get(key)
            await self._doors.add(listener_door(self._runtime, key, bound, tls))
        self._runtime.ready = True

    async def retire(self, *, deadline: float, hurry: asyncio.Event) -> None:
        """Accept no more; return when all connections have ended by themselves."""
        await self._doors.retire(deadline, hurry)

    async def stop(self, *, deadline: float, cut: asyncio.Event) -> None:
        """Finish what is in flight, write the access log to its end."""
        self._runtime.ready = False
        await self._doors.stop(deadline, cut)
        if self._look is not None:
            self._look.cancel()
            await asyncio.gather(self._look, return_exceptions=True)
        await self._runtime.aclose()
        await self._sender.aclose()
        if self._way is not None:
            await self._way.aclose()

    def reopen_logs(self) -> None:
        """Open the access log anew."""
        self._runtime.reopen_logs()
        log.info("access log reopened")

    def tell(self, what: str) -> Any:
        """Return what this balancer counted, or how it sees the targets."""
        if what == "metrics":
            return totals.take(self._runtime.metrics.registry)
        return self._runtime.registry.describe() if what == "targets" else None
