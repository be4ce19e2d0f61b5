"""The role of the services: what exists once, the user pools and the administration port."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from lb.addresses import public_url
from lb.admin import build_app
from lb.authentication import AuthenticationOwner
from lb.door import Door
from lb.guarded import GuardedProtocol
from lb.pool_server import PoolServer
from lb.providers import pool_providers
from lb.reload import ADMIN, POOL
from lb.settings import Settings
from lb.workers import totals
from lb.workers.order import Order, describe_endpoints
from lb.workers.roles import Ask, Doors

log = logging.getLogger("albacore")


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
        self._doors = Doors(order)
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
        providers, failures = pool_providers(settings, self._pool)
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
