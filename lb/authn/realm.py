"""A realm: the rule, provider and client that a login counts for.

Its digest goes into the associated data of everything sealed, so that a session, state or attempt of one
realm opens in no other: not at another rule with another binding, nor after the issuer, the client or the
cookie name changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from lb.cookies import ShardedCookie
from rules.actions import SessionPolicy


@dataclass(frozen=True, slots=True)
class Realm:
    """What is fixed about the logins of one authenticate action."""

    binding: str
    issuer: str
    client_id: str
    policy: SessionPolicy
    cookie: ShardedCookie = field(repr=False)
    digest: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """The digest as text, as login states name their realm."""
        return self.digest.hex()


def build_realm(*, binding: str, issuer: str, client_id: str, policy: SessionPolicy) -> Realm:
    """Make the realm of an authenticate action."""
    cookie = policy.session_cookie_name
    # A JSON list keeps the four apart whatever characters they hold.
    digest = hashlib.sha256(json.dumps([binding, issuer, client_id, cookie]).encode()).digest()[:16]
    return Realm(binding, issuer, client_id, policy, ShardedCookie(cookie), digest)
