"""The session string between a temporary password and the new one (cognito.md 4.5).

Sealed for one pool and one client, with an expiry, and with a fingerprint of the password it was opened by:
once the password has changed, by this session or in any other way, the session is spent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from idp.model import Client, User
from idp.seal import SealBroken, Vault, hash_token

LONGEST_SESSION: Final = 4096


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in on its way."""

    sub: str
    fingerprint: str
    expires_at: float

    def belongs_to(self, user: User) -> bool:
        """Whether the user still has the password that opened this attempt."""
        return user.password_hash is not None and hash_token(user.password_hash) == self.fingerprint


def seal_attempt(vault: Vault, client: Client, user: User, *, now: float) -> str:
    """Open a session for a user whose temporary password was right."""
    fingerprint = hash_token(user.password_hash or "")
    values = [user.sub, fingerprint, now + client.auth_session_seconds]
    return vault.seal_text(json.dumps(values), purpose=_purpose(client))


def open_attempt(vault: Vault, client: Client, session: str) -> Attempt | None:
    """Read a session string, or None when it is not one of this client."""
    if len(session) > LONGEST_SESSION:
        return None
    try:
        sub, fingerprint, expires_at = json.loads(vault.open_text(session, purpose=_purpose(client)))
    except SealBroken:
        return None
    return Attempt(sub, fingerprint, expires_at)


def _purpose(client: Client) -> str:
    return f"new-password-session:{client.pool_id}:{client.id}"
