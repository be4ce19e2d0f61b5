"""App clients and their secrets (cognito.md 3.6, 3.7)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.api.call import Call
from idp.api.paging import cut_page
from idp.api.pool_shapes import client_description, client_type
from idp.api.present import present, timestamp
from idp.api.registry import operation

Answer = Mapping[str, object]


@operation("CreateUserPoolClient")
async def create_user_pool_client(call: Call) -> Answer:
    """Make a client."""
    client = await call.core.management.clients.create(await call.pool(), call.input)
    return {"UserPoolClient": client_type(client)}


@operation("DescribeUserPoolClient")
async def describe_user_pool_client(call: Call) -> Answer:
    """Return a client's settings, its newest secret with them."""
    _, client = await call.pool_client()
    return {"UserPoolClient": client_type(client)}


@operation("UpdateUserPoolClient")
async def update_user_pool_client(call: Call) -> Answer:
    """Replace a client's settings."""
    pool, client = await call.pool_client()
    changed = await call.core.management.clients.update(pool, client, call.input)
    return {"UserPoolClient": client_type(changed)}


@operation("DeleteUserPoolClient")
async def delete_user_pool_client(call: Call) -> Answer:
    """Remove a client."""
    _, client = await call.pool_client()
    await call.core.management.clients.delete(client)
    return {}


@operation("ListUserPoolClients")
async def list_user_pool_clients(call: Call) -> Answer:
    """List a pool's clients by id; none registered itself."""
    pool = await call.pool()
    clients = await call.core.clients(pool.id) if call.text("ClientType") != "DCR" else ()
    items = [(client.id, client_description(client)) for client in sorted(clients, key=lambda each: each.id)]
    page, following = cut_page(call, items, scope=pool.id, member="MaxResults")
    return present(UserPoolClients=page, NextToken=following)


@operation("AddUserPoolClientSecret")
async def add_user_pool_client_secret(call: Call) -> Answer:
    """Give a client a second secret; it is shown once, and only where we made it."""
    _, client = await call.pool_client()
    chosen = call.input.get("ClientSecret")
    label, secret = await call.core.management.clients.add_secret(client, chosen)
    descriptor = present(
        ClientSecretId=label.id,
        ClientSecretValue=None if chosen else secret,
        ClientSecretCreateDate=timestamp(label.created_at),
    )
    return {"ClientSecretDescriptor": descriptor}


@operation("DeleteUserPoolClientSecret")
async def delete_user_pool_client_secret(call: Call) -> Answer:
    """Take one of two secrets away."""
    _, client = await call.pool_client()
    await call.core.management.clients.delete_secret(client, call.text("ClientSecretId"))
    return {}


@operation("ListUserPoolClientSecrets")
async def list_user_pool_client_secrets(call: Call) -> Answer:
    """List a client's secrets by name, the newest first."""
    _, client = await call.pool_client()
    return {
        "ClientSecrets": [
            {"ClientSecretId": label.id, "ClientSecretCreateDate": timestamp(label.created_at)}
            for label in client.secret_labels
        ]
    }
