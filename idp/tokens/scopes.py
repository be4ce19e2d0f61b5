"""Which scopes a client that acts for itself gets (cognito.md 1.6, 2.4). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from idp.model import Client, Pool
from idp.outcomes import GrantRefused


def existing_custom_scopes(pool: Pool) -> tuple[str, ...]:
    """List the scopes of the pool's resource servers."""
    return tuple(scope for server in pool.resource_servers for scope in server.scope_names)


def grant_machine_scopes(
    pool: Pool, client: Client, requested: Sequence[str] | None
) -> tuple[str, ...] | GrantRefused:
    """Grant the scopes asked for, or all custom scopes of the client where none were asked for."""
    existing = existing_custom_scopes(pool)
    allowed = tuple(scope for scope in client.oauth_scopes if scope in existing)
    if not requested:
        return allowed
    for scope in requested:
        if scope not in existing:
            return GrantRefused("invalid_scope")
        if scope not in allowed:
            return GrantRefused("invalid_grant")
    return tuple(dict.fromkeys(requested))
