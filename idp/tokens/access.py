"""What an access token opens: its pool, client and user as they are now, or why it opens nothing.

A signature alone opens no door: the client may be gone, the user disabled, the family revoked since
(cognito.md 2.7). userInfo and the JSON API ask here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from idp.clock import Clock
from idp.model import Client, Family, Pool, User
from idp.store.base import Store
from idp.tokens import ageing
from idp.tokens.keys import KeyRing
from idp.tokens.reading import read_access_token, read_id_token


class AccessReason(StrEnum):
    """Why an access token opens nothing."""

    INVALID = "invalid"
    """Not a token of ours, or of a pool or client that is not served any more."""
    EXPIRED = "expired"
    SCOPE = "scope"
    NO_USER = "no-user"
    """The user was deleted."""
    REVOKED = "revoked"
    """Signed out, revoked, or the user disabled."""


@dataclass(frozen=True, slots=True)
class AccessRefused:
    """An access token that opens nothing."""

    reason: AccessReason


@dataclass(frozen=True, slots=True)
class Access:
    """A live access token of a user."""

    pool: Pool
    client: Client
    user: User
    family: Family
    claims: Mapping[str, Any] = field(repr=False)


@dataclass(slots=True)
class AccessTokens:
    """Opens access tokens."""

    store: Store
    clock: Clock
    keys: KeyRing
    issuer_of: Callable[[str], str]
    """Pool id -> issuer."""

    async def open(self, token: str, *, scope: str | None) -> Access | AccessRefused:
        """Open an access token that must have `scope` and be for nobody else; None: whatever it is for.

        A token that was derived for another service is no key to this one's doors.
        """
        read = read_access_token(token, keys=self.keys, issuer_of=self.issuer_of)
        if read is None:
            return AccessRefused(AccessReason.INVALID)
        pool_id, claims = read
        if self.clock.now() >= claims["exp"]:
            return AccessRefused(AccessReason.EXPIRED)
        if scope is not None and claims.get("aud", claims["client_id"]) != claims["client_id"]:
            return AccessRefused(AccessReason.INVALID)
        if scope is not None and scope not in str(claims.get("scope", "")).split():
            return AccessRefused(AccessReason.SCOPE)
        return await self._load(pool_id, claims)

    async def open_id(self, token: str) -> Access | AccessRefused:
        """Open an ID token, for whoever exchanges one; it opens no other door."""
        read = read_id_token(token, keys=self.keys, issuer_of=self.issuer_of)
        if read is None:
            return AccessRefused(AccessReason.INVALID)
        pool_id, claims = read
        if self.clock.now() >= claims["exp"]:
            return AccessRefused(AccessReason.EXPIRED)
        return await self._load(pool_id, {**claims, "client_id": claims["aud"]})

    async def _load(self, pool_id: str, claims: Mapping[str, Any]) -> Access | AccessRefused:
        async with self.store.reading() as records:
            pool = await records.pools.find(pool_id)
            client = await records.clients.find(claims["client_id"])
            user = await records.users.find(pool_id, claims["sub"])
            family = await records.families.by_event(str(claims.get("event_id", "")))
        if pool is None or client is None or not (pool.active and client.active):
            return AccessRefused(AccessReason.INVALID)
        if user is None:
            return AccessRefused(AccessReason.NO_USER)
        if family is None or family.revoked_at is not None or not ageing.may_hold_tokens(user):
            return AccessRefused(AccessReason.REVOKED)
        return Access(pool, client, user, family, claims)
