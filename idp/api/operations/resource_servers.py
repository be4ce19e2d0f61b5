"""Resource servers (cognito.md 3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.api.call import Call
from idp.api.paging import cut_page
from idp.api.pool_shapes import resource_server_type
from idp.api.present import present
from idp.api.registry import operation
from idp.management.resource_servers import find_server

Answer = Mapping[str, object]
MOST: Final = 50


@operation("CreateResourceServer")
async def create_resource_server(call: Call) -> Answer:
    """Add a resource server."""
    pool = await call.pool()
    server = await call.core.management.resource_servers.create(pool, call.input)
    return {"ResourceServer": resource_server_type(pool, server)}


@operation("DescribeResourceServer")
async def describe_resource_server(call: Call) -> Answer:
    """Return a resource server."""
    pool = await call.pool()
    return {"ResourceServer": resource_server_type(pool, find_server(pool, call.text("Identifier")))}


@operation("UpdateResourceServer")
async def update_resource_server(call: Call) -> Answer:
    """Replace a resource server's name and scopes."""
    pool = await call.pool()
    server = await call.core.management.resource_servers.update(pool, call.input)
    return {"ResourceServer": resource_server_type(pool, server)}


@operation("DeleteResourceServer")
async def delete_resource_server(call: Call) -> Answer:
    """Remove a resource server."""
    await call.core.management.resource_servers.delete(await call.pool(), call.text("Identifier"))
    return {}


@operation("ListResourceServers")
async def list_resource_servers(call: Call) -> Answer:
    """List a pool's resource servers by identifier."""
    pool = await call.pool()
    servers = sorted(pool.resource_servers, key=lambda server: server.identifier)
    items = [(server.identifier, resource_server_type(pool, server)) for server in servers]
    page, following = cut_page(call, items, scope=pool.id, member="MaxResults", most=MOST)
    return present(ResourceServers=page, NextToken=following)
