"""Browser sessions of the hosted pages, the `cognito` cookie (cognito.md 1.0).

The cookie is a random token; its hash is in the store, so that signing out, disabling a user or changing a
password ends it. It is kept from the interactive sign-in on, never extended by use: for an hour, or for as
long as any client may reuse it where the pool tracks sessions (1.13). Which client may is decided at its use.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass

from idp.clock import Clock
from idp.model import Pool, SsoSession, User, UserStatus
from idp.seal import hash_token
from idp.signin.session_settings import kept_seconds
from idp.store.base import NotFound, Store


@dataclass(slots=True)
class SsoSessions:
    """Keeps browsers signed in."""

    store: Store
    clock: Clock

    async def create(
        self, pool: Pool, user: User, *, auth_time: int, amr: tuple[str, ...] = ()
    ) -> str | None:
        """Open a session after an interactive sign-in; returns the cookie's value.

        None when access was taken away since the password of `user` was checked: what ends the sessions that
        are there must not miss the one that is being opened.
        """
        token = secrets.token_urlsafe(32)
        end = auth_time + kept_seconds(pool)
        session = SsoSession(hash_token(token), pool.id, user.sub, auth_time, end, amr)
        async with self.store.writing() as records:
            try:
                present = await records.users.hold(pool.id, user.sub)
            except NotFound:
                return None
            if not _may_have_sessions(present) or present.password_hash != user.password_hash:
                return None
            await records.sso_sessions.create(session)
        return token

    async def lookup(self, pool: Pool, token: str) -> tuple[User, int, tuple[str, ...]] | None:
        """Return the user, the time of the sign-in and what it proved, or None when the session is over."""
        async with self.store.reading() as records:
            session = await records.sso_sessions.find(hash_token(token))
            if session is None or session.pool_id != pool.id or self.clock.now() >= session.expires_at:
                return None
            user = await records.users.find(pool.id, session.sub)
        if user is None or not _may_have_sessions(user):
            return None
        return user, session.auth_time, session.amr

    async def end(self, token: str) -> None:
        """End a session; one that is not there is fine."""
        async with self.store.writing() as records:
            with contextlib.suppress(NotFound):
                await records.sso_sessions.delete(hash_token(token))


def _may_have_sessions(user: User) -> bool:
    return user.enabled and user.status is UserStatus.CONFIRMED
