"""What a worker serves, by its role: the listeners, or what exists once (user pools, administration).

`prepare` does all that can fail, `open` accepts, `retire` lets connections end by themselves, `stop` ends
them.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from lb.addresses import public_url
from lb.admin import build_app
from lb.authentication import AuthenticationOwner
from lb.authn.sender import HttpxSender
from lb.door import Door
from lb.guarded import GuardedProtocol
from lb.parts import build_tls, listener_door
from lb.pool_server import PoolServer
from lb.providers import look_for_providers, pre_actions
from lb.providers import pool_providers as resolve
from lb.reload import ADMIN, POOL
from lb.runtime import Runtime
from lb.settings import Settings
from lb.targets.health import CHECKING, REGISTERED
from lb.workers import totals
from lb.workers.order import Order, describe_endpoints
from lb.workers.pool_way import PoolWay, pool_providers

log = logging.getLogger("albacore")

FIRST_LOOK_SECONDS = 3.0
"""How long a balancer waits for its first round of health checks before it takes traffic all the same."""

Ask = Callable[[str], Awaitable[Any]]
"""Asks the supervisor for what only it knows."""


class Role(Protocol):
    """What a worker does."""

    async def prepare(self) -> dict[str, Any]:
        """Make everything ready but the doors; returns what others need to know of it."""
        ...

    async def open(self) -> None:
        """Accept connections."""
        ...

    async def retire(self, *, deadline: float, hurry: asyncio.Event) -> None:
        """Accept no more; return when all connections have ended by themselves."""
        ...

    async def stop(self, *, deadline: float, cut: asyncio.Event) -> None:
        """Accept no more, finish what is in flight, let go of everything."""
        ...

    def reopen_logs(self) -> None:
        """Open the log files anew."""
        ...

    def tell(self, what: str) -> Any:
        """Return `metrics` or `targets` of this process as JSON, None for what it does not know."""
        ...


class _Doors:
    def __init__(self, order: Order) -> None:
        self.sockets = {key: socket.socket(fileno=number) for key, number in order.sockets.items()}
        self.open: list[Door] = []

    async def add(self, door: Door) -> None:
        self.open.append(door)
        await door.start()

    async def retire(self, deadline: float, hurry: asyncio.Event) -> None:
        await asyncio.gather(*(door.retire(deadline=deadline, hurry=hurry) for door in self.open))

    async def stop(self, deadline: float, cut: asyncio.Event) -> None:
        if not self.open:
            for each in self.sockets.values():
                each.close()
        await asyncio.gather(*(door.stop(deadline=deadline, cut=cut) for door in self.open))


class Balancer:
    """Serves the listeners."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._doors = _Doors(order)
        self._tls = build_tls(order.settings.listeners)
        self._way = None if order.settings.pool_server is None else PoolWay(order.settings.pool_server)
        self._runtime = self._build_runtime()
        self._sender = HttpxSender()
        self._look: asyncio.Task[None] | None = None

    def _build_runtime(self) -> Runtime:
        settings = self._order.settings
        if self._way is None:
            return Runtime(settings)
        providers = pool_providers(list(pre_actions(settings)), self._order.endpoints, self._way)
        return Runtime(settings, providers=providers)

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


class RemoteView:
    """What the administration port shows: the supervisor asks every balancer and joins the answers."""

    def __init__(self, settings: Settings, ask: Ask) -> None:
        self.settings = settings
        self._ask = ask

    async def ready(self) -> bool:
        """Whether the balancers serve."""
        return bool(await self._ask("ready"))

    async def metrics(self) -> bytes:
        """Everything that all of them counted."""
        return totals.expose(await self._ask("metrics") or [])

    async def targets(self) -> list[dict[str, Any]]:
        """The groups as all of them see them."""
        return list(await self._ask("targets") or [])

    async def workers(self) -> list[dict[str, Any]]:
        """The processes."""
        return list(await self._ask("workers") or [])


class Services:
    """Serves the user pools and the administration port."""

    def __init__(self, order: Order, ask: Ask) -> None:
        self._order = order
        self._ask = ask
        self._doors = _Doors(order)
        self._pool = PoolServer()
        self._authentication = AuthenticationOwner(order.settings)

    async def prepare(self) -> dict[str, Any]:
        """Open the pools and return their clients' endpoints."""
        settings = self._order.settings
        if settings.pool_server is None:
            return {"endpoints": []}
        await self._pool.replace(
            self._order.pools,
            settings=settings.pool_server,
            public_url=public_url(settings),
            data=settings.data_directory,
        )
        providers, failures = resolve(settings, self._pool)
        for failure in failures:
            log.error("%s: logins there answer an error", failure)
        return {"endpoints": describe_endpoints(providers)}

    async def open(self) -> None:
        """Accept connections."""
        sockets = self._doors.sockets
        if POOL in sockets:
            await self._doors.add(Door(self._pool, sockets[POOL], http=GuardedProtocol))
        if ADMIN in sockets:
            view = RemoteView(self._order.settings, self._ask)
            serve_key = self._authentication.compiler(self._order.settings, {}).serve_key
            await self._doors.add(
                Door(build_app(view, serve_key=serve_key), sockets[ADMIN], http=GuardedProtocol)
            )

    async def retire(self, *, deadline: float, hurry: asyncio.Event) -> None:
        """Accept no more; return when all connections have ended by themselves."""
        await self._doors.retire(deadline, hurry)

    async def stop(self, *, deadline: float, cut: asyncio.Event) -> None:
        """Finish what is in flight and close the pools' store."""
        await self._doors.stop(deadline, cut)
        await self._pool.aclose()
        await self._authentication.aclose()

    def reopen_logs(self) -> None:
        """There is none."""

    def tell(self, what: str) -> Any:
        """Say nothing: what counts happens in the balancers."""
        return None
