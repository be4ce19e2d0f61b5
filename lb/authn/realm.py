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
from rules.actions import AuthenticateCognito, AuthenticateOidc, SessionPolicy

AuthenticateAction = AuthenticateCognito | AuthenticateOidc


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


def session_binding(listener_arn: str, action: AuthenticateAction) -> str:
    """Name the binding of an authenticate action by what it demands, on one listener.

    Rules whose actions demand the same share their sessions, as ALB documents for rules with one cookie name:
    a page under `/` may call `/api` behind another rule. Anything that differs (cookie name, scope, timeout,
    parameters, provider) makes another binding. Moving a rule to another priority logs nobody out.
    """
    if isinstance(action, AuthenticateCognito):
        provider = [action.user_pool, action.user_pool_client_id, action.user_pool_domain]
    else:
        provider = [action.issuer, action.client_id, action.authorization_endpoint, action.token_endpoint]
    policy = action.session
    demands = [
        policy.session_cookie_name,
        sorted(policy.scope.split()),
        policy.session_timeout,
        policy.authentication_request_extra_params,
    ]
    digest = hashlib.sha256(json.dumps([provider, demands]).encode()).hexdigest()
    return f"{listener_arn}/{digest[:32]}"
