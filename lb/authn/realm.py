"""A realm: the rules, provider and client that a login counts for.

Its digest goes into the associated data of everything sealed, so that a session, state or attempt of one
realm opens in no other: not at a rule with another binding, nor after the issuer, the client or the cookie
name changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from lb.cookies import ShardedCookie
from rules.actions import JwtValidation, PreAction, SessionPolicy


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


def session_binding(listener_arn: str, action: PreAction) -> str:
    """Name the rules of a listener whose logins mean the same and so share a session.

    One client and cookie name is one session on AWS too (alb.md 3.4). A binding to the single rule would
    leave rules that `deny` or `allow` without any session, since they log nobody in. Rules that differ in
    scope, SessionTimeout or extra parameters stay apart: a login at one does not give what the other
    promises (`acr_values`, `max_age`, a provider's own parameter for a tenant).
    """
    if isinstance(action, JwtValidation):
        return listener_arn
    policy = action.session
    extra = sorted(policy.authentication_request_extra_params)
    return json.dumps([listener_arn, sorted(policy.scope.split()), policy.session_timeout, extra])
