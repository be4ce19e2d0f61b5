"""Refreshing through the API: whose token it is, the client's proof, and what a refusal is called
(cognito.md 2.6, 4.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.api.call import Call, is_secret_hash
from idp.api.errors import ApiError, not_authorized
from idp.model import Client, Pool, User
from idp.outcomes import GrantReason, GrantRefused, TokenSet

_NOT_AUTHORIZED: Final = "NotAuthorizedException"
REFUSALS: Final[Mapping[GrantReason, tuple[str, str]]] = {
    GrantReason.INVALID: (_NOT_AUTHORIZED, "Invalid Refresh Token"),
    GrantReason.EXPIRED: (_NOT_AUTHORIZED, "Refresh Token has expired"),
    GrantReason.REVOKED: (_NOT_AUTHORIZED, "Refresh Token has been revoked"),
    GrantReason.REUSED: ("RefreshTokenReuseException", "Refresh token has been used already"),
    GrantReason.DISABLED: (_NOT_AUTHORIZED, "User is disabled."),
}


async def refresh(call: Call, pool: Pool, client: Client, *, token: str, device_key: str | None) -> TokenSet:
    """Exchange a refresh token; raises ApiError."""
    metadata = call.input.get("ClientMetadata", {})
    refreshed = await call.core.tokens.refresh(
        pool, client, refresh_token=token, device_key=device_key, metadata=metadata
    )
    if isinstance(refreshed, GrantRefused):
        raise grant_refused(refreshed)
    return refreshed


def grant_refused(refused: GrantRefused) -> ApiError:
    """Spell a refused grant as an exception."""
    if refused.exception is not None:
        return ApiError(refused.exception, refused.description or "")
    return ApiError(*REFUSALS[refused.reason])


async def require_owners_hash(call: Call, pool: Pool, client: Client, *, token: str, given: str) -> None:
    """Check SECRET_HASH at a refresh, over any name of the token's owner.

    The service itself takes the canonical username only, which for a pool of e-mails is a UUID that most apps
    never see: the most frequent complaint about it (cognito.md 12.2).
    """
    if not client.is_confidential or not given:
        call.require_secret_hash(client, "", given=given)
        return
    owner = await call.core.tokens.owner(pool, client, refresh_token=token)
    if owner is None:
        raise ApiError(*REFUSALS[GrantReason.INVALID])
    if not any([is_secret_hash(client, name, given) for name in names_of(owner)]):  # noqa: C419 - no early exit
        raise not_authorized(f"SecretHash does not match for the client: {client.id}")


def names_of(user: User) -> tuple[str, ...]:
    """List the names a client may know a user by."""
    aliases = ("email", "phone_number", "preferred_username")
    spelled = [user.attributes[name] for name in aliases if user.attributes.get(name)]
    return tuple(dict.fromkeys((user.username, user.sub, *spelled, *user.logins)))


def require_secret(client: Client, given: str | None, *, code: str = _NOT_AUTHORIZED) -> None:
    """Check ClientSecret, given in clear; raises ApiError."""
    if not client.is_confidential:
        if given:
            raise ApiError(code, f"Client {client.id} is not configured with a secret")
        return
    if not given:
        raise ApiError(code, f"Client {client.id} is configured for secret but secret was not received")
    if not client.accepts_secret(given):
        raise ApiError(code, f"Unable to verify the secret of client {client.id}")
