"""Accounts at other providers that are linked to a user of the pool (cognito.md 5.7).

The link is a record of its own, so that an account elsewhere opens one user only; `identities` of the user
shows the links as Cognito does, a text of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from idp import texts
from idp.clock import Clock
from idp.model import LinkedIdentity, Pool, User, UserStatus
from idp.outcomes import UserReason, UserRefused
from idp.store.base import AlreadyExists, NotFound, Records, Store
from idp.users.lookup import find_for_administrator, find_user
from idp.users.recovery import forget_sign_ins

SUBJECT: Final = "Cognito_Subject"
LOCAL: Final = "Cognito"
MOST_LINKS: Final = 5
_TYPES: Final = {
    "Facebook": "Facebook",
    "Google": "Google",
    "LoginWithAmazon": "LoginWithAmazon",
    "SignInWithApple": "SignInWithApple",
}


@dataclass(slots=True)
class IdentityLinks:
    """Links accounts and takes links away."""

    store: Store
    clock: Clock

    async def link(
        self, pool: Pool, username: str, *, provider: str, attribute: str, value: str
    ) -> User | UserRefused:
        """Let the account `value` at `provider` sign in as a user of the pool."""
        try:
            async with self.store.writing() as records:
                user = await find_for_administrator(records, pool, username)
                if user is None:
                    return UserRefused(UserReason.USER_NOT_FOUND, texts.USER_UNKNOWN)
                if await find_user(records, pool, f"{provider}_{value}") is not None:
                    return UserRefused(UserReason.INVALID_PARAMETER, texts.NO_MERGING)
                await records.users.hold(pool.id, user.sub)
                if len(await records.linked_identities.of(pool.id, user.sub)) >= MOST_LINKS:
                    return UserRefused(UserReason.LIMIT_EXCEEDED, texts.TOO_MANY_IDENTITIES)
                await records.linked_identities.create(
                    LinkedIdentity(pool.id, provider, attribute, value, user.sub, self.clock.now())
                )
                return await self._show(records, pool, user)
        except AlreadyExists:
            return UserRefused(UserReason.ALIAS_EXISTS, texts.IDENTITY_LINKED)

    async def unlink(self, pool: Pool, *, provider: str, attribute: str, value: str) -> User | UserRefused:
        """Take a link away."""
        try:
            async with self.store.writing() as records:
                identity = await records.linked_identities.get(pool.id, provider, attribute, value)
                await records.linked_identities.delete(pool.id, provider, attribute, value)
                user = await records.users.hold(pool.id, identity.sub)
                return await self._show(records, pool, user)
        except NotFound:
            return UserRefused(UserReason.USER_NOT_FOUND, texts.USER_UNKNOWN)

    async def end_local_sign_in(self, pool: Pool, username: str) -> User | UserRefused:
        """Keep a user from signing in with a password; what is linked still signs in."""
        async with self.store.writing() as records:
            user = await find_for_administrator(records, pool, username)
            if user is None:
                return UserRefused(UserReason.USER_NOT_FOUND, texts.USER_UNKNOWN)
            changed = await records.users.update(
                (pool.id, user.sub), lambda old: forget_password(old, now=self.clock.now())
            )
            await forget_sign_ins(records, changed)
            return changed

    async def _show(self, records: Records, pool: Pool, user: User) -> User:
        links = await records.linked_identities.of(pool.id, user.sub)
        now = self.clock.now()
        return await records.users.update(
            (pool.id, user.sub), lambda old: show_identities(old, links, now=now)
        )


def show_identities(user: User, links: Iterable[LinkedIdentity], *, now: float) -> User:
    """Write a user's links into their attributes. Pure."""
    shown = [
        {
            "userId": link.value,
            "providerName": link.provider,
            "providerType": _TYPES.get(link.provider, "OIDC"),
            "issuer": None,
            "primary": False,
            "dateCreated": int(link.linked_at * 1000),
        }
        for link in links
    ]
    others = {name: value for name, value in user.attributes.items() if name != "identities"}
    text = {"identities": json.dumps(shown, separators=(",", ":"))} if shown else {}
    return replace(user, attributes={**others, **text}, updated_at=now)


def forget_password(user: User, *, now: float) -> User:
    """Make a user one who signs in elsewhere only. Pure."""
    return replace(
        user,
        status=UserStatus.EXTERNAL_PROVIDER,
        password_hash=None,
        srp_verifier=None,
        temporary_until=None,
        updated_at=now,
    )
