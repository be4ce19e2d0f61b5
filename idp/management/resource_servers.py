"""Resource servers of a pool and their scopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idp.management.pools import PoolDesk
from idp.management.refusal import Reason, Refused, invalid
from idp.model import Pool, ResourceServer

MOST_SERVERS: Final = 25


class ResourceServerDesk:
    """Makes, changes and removes resource servers."""

    def __init__(self, pools: PoolDesk) -> None:
        self._pools = pools

    async def create(self, pool: Pool, members: Mapping[str, Any]) -> ResourceServer:
        """Add a resource server; raises Refused."""
        server = _read(members)

        def add(old: Pool) -> Pool:
            if any(known.identifier == server.identifier for known in old.resource_servers):
                raise invalid(f"{server.identifier} already exists in user pool {old.id}.")
            if len(old.resource_servers) >= MOST_SERVERS:
                raise Refused(Reason.LIMIT, f"a user pool has at most {MOST_SERVERS} resource servers")
            return replace(old, resource_servers=(*old.resource_servers, server))

        await self._pools.change(pool, add)
        return server

    async def update(self, pool: Pool, members: Mapping[str, Any]) -> ResourceServer:
        """Replace a resource server's name and scopes; raises Refused."""
        server = _read(members)

        def put(old: Pool) -> Pool:
            find_server(old, server.identifier)
            servers = (server if s.identifier == server.identifier else s for s in old.resource_servers)
            return replace(old, resource_servers=tuple(servers))

        await self._pools.change(pool, put)
        return server

    async def delete(self, pool: Pool, identifier: str) -> None:
        """Remove a resource server; clients lose its scopes, because they exist no more. Raises Refused."""

        def remove(old: Pool) -> Pool:
            gone = find_server(old, identifier)
            return replace(old, resource_servers=tuple(s for s in old.resource_servers if s != gone))

        await self._pools.change(pool, remove)


def find_server(pool: Pool, identifier: str) -> ResourceServer:
    """Return a resource server; raises Refused."""
    for server in pool.resource_servers:
        if server.identifier == identifier:
            return server
    raise Refused(Reason.NOT_FOUND, f"Resource server {identifier} does not exist.")


def _read(members: Mapping[str, Any]) -> ResourceServer:
    scopes = tuple((scope["ScopeName"], scope["ScopeDescription"]) for scope in members.get("Scopes", ()))
    names = [name for name, _ in scopes]
    if len(set(names)) < len(names):
        raise invalid("two scopes have the same name")
    return ResourceServer(members["Identifier"], members["Name"], scopes)
