"""Session tracking: how many token sessions a user may have, how long a browser's is reused (1.13)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.api.call import Call
from idp.api.errors import ApiError, invalid_parameter
from idp.api.registry import operation
from idp.model import Client, Pool
from idp.signin.session_settings import (
    SSO_SESSION,
    TOKEN_SESSION,
    TRACKING,
    is_tracked,
    pool_settings,
    reuse_minutes,
)

Answer = Mapping[str, object]


@operation("GetUserPoolSessionConfiguration")
async def get_user_pool_session_configuration(call: Call) -> Answer:
    """Return a pool's settings."""
    return _of_pool(await call.pool())


@operation("SetUserPoolSessionConfiguration")
async def set_user_pool_session_configuration(call: Call) -> Answer:
    """Replace a pool's settings; who has too many sessions loses them at the next sign-in."""
    pool = await call.pool()
    _require_tier(pool)
    members = {name: call.input[name] for name in (TRACKING, TOKEN_SESSION)}
    return _of_pool(await call.core.management.pools.keep(pool, members))


@operation("GetUserPoolClientSessionConfiguration")
async def get_user_pool_client_session_configuration(call: Call) -> Answer:
    """Return a client's settings, also while they are dormant."""
    _, client = await call.pool_client()
    return _of_client(client)


@operation("SetUserPoolClientSessionConfiguration")
async def set_user_pool_client_session_configuration(call: Call) -> Answer:
    """Replace a client's settings, in a pool that tracks sessions."""
    pool, client = await call.pool_client()
    _require_tier(pool)
    if not is_tracked(pool):
        raise invalid_parameter("User session tracking is not enabled for the user pool.")
    members = {SSO_SESSION: call.input[SSO_SESSION]}
    return _of_client(await call.core.management.clients.keep(client, members))


def _require_tier(pool: Pool) -> None:
    if pool.kept.get("UserPoolTier") == "LITE":
        raise ApiError(
            "FeatureUnavailableInTierException", "Session tracking needs the Essentials or Plus tier."
        )


def _of_pool(pool: Pool) -> Answer:
    return {"UserPoolId": pool.id, **pool_settings(pool)}


def _of_client(client: Client) -> Answer:
    minutes = {"MaxValidityMinutes": reuse_minutes(client)}
    return {"UserPoolId": client.pool_id, "ClientId": client.id, SSO_SESSION: minutes}
