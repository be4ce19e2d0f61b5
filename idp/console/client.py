"""The console as a client of its own pool's sign-in pages. Pure.

It is in no list of app clients and in no store: the authorization endpoint and the pages know it, the token
endpoint and the JSON API do not. Coming back it brings no code, only the browser's session.
"""

from __future__ import annotations

from typing import Final

from idp.model import Client, Pool

PREFIX: Final = "admin-console."
"""No app client is called so: ids of app clients have no dot."""
TAG: Final = "albacore:AdminGroup"
"""The tag that turns the console of a pool on that was made through the API."""
RESERVED: Final = "albacore:"
"""How tags begin that are about this software: no console changes them."""
_TAGS: Final = "UserPoolTags"


def admin_group(pool: Pool) -> str | None:
    """Return the group whose members may use the pool's console, or None where it is off."""
    tags = pool.kept.get(_TAGS) or {}
    return pool.admin_group or tags.get(TAG) or None


def console_client(pool: Pool, *callback_urls: str) -> Client:
    """Return the console of a pool as a client: a browser's way to a session, and nothing else."""
    return Client(
        id=PREFIX + pool.id,
        pool_id=pool.id,
        name="Admin console",
        callback_urls=callback_urls,
        oauth_enabled=True,
        oauth_flows=("code",),
        oauth_scopes=("openid",),
        identity_providers=("COGNITO",),
    )


def pool_of_console(client_id: str) -> str | None:
    """Return the pool whose console has this client id, or None."""
    return client_id.removeprefix(PREFIX) if client_id.startswith(PREFIX) else None


def entrance(pool: Pool) -> str:
    """Return the path, below the site, to which the sign-in pages send an administrator back."""
    return f"/admin/{pool.id}/enter"
