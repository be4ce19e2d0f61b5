"""The claims of Cognito's tokens, from user, client and scopes (cognito.md 2.1-2.4). Pure.

Types are as Cognito sends them: `email_verified` is a boolean in an ID token and a text at userInfo, custom
attributes are texts whatever their type, `address` is an object in an ID token.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from idp.model import Client, Group, User

EMAIL_PAIR: Final = ("email", "email_verified")
PHONE_PAIR: Final = ("phone_number", "phone_number_verified")
CONTACTS: Final = frozenset((*EMAIL_PAIR, *PHONE_PAIR))
BOOLEANS: Final = frozenset({"email_verified", "phone_number_verified"})
OPENID: Final = "openid"
SCOPE_PAIRS: Final = {"email": EMAIL_PAIR, "phone": PHONE_PAIR}


@dataclass(frozen=True, slots=True)
class Grant:
    """Everything that one set of tokens says."""

    issuer: str
    client: Client
    user: User
    groups: tuple[Group, ...]
    scopes: tuple[str, ...]
    auth_time: int
    issued_at: int
    origin_jti: str
    event_id: str
    nonce: str | None = None
    is_api: bool = False
    """Signed in through the JSON API, whose tokens lack what belongs to OAuth (cognito.md 2.1, 2.2)."""
    device_key: str | None = None
    amr: tuple[str, ...] = ()
    """What was proved; empty where it is not known, and then neither `amr` nor `acr` is told."""
    acr: str | None = None


def build_access_claims(grant: Grant, *, jti: str) -> dict[str, Any]:
    """Build a user's access token."""
    return {
        "sub": grant.user.sub,
        **({"device_key": grant.device_key} if grant.device_key is not None else {}),
        **_groups(grant),
        "iss": grant.issuer,
        **({} if grant.is_api else {"version": 2}),
        "client_id": grant.client.id,
        **_revocation(grant, jti),
        "event_id": grant.event_id,
        "token_use": "access",
        "scope": " ".join(grant.scopes),
        "auth_time": grant.auth_time,
        **_assurance(grant),
        "exp": grant.issued_at + grant.client.access_token_seconds,
        "iat": grant.issued_at,
        "username": grant.user.username,
    }


def build_id_claims(grant: Grant, *, jti: str, access_token: str) -> dict[str, Any]:
    """Build a user's ID token; one of OAuth is bound to the access token by `at_hash`."""
    attributes = select_attributes(grant.client, grant.user, grant.scopes)
    return {
        **{name: _spell(name, value) for name, value in attributes.items()},
        "sub": grant.user.sub,
        **_groups(grant),
        **_roles(grant.groups),
        "iss": grant.issuer,
        "cognito:username": grant.user.username,
        **({"nonce": grant.nonce} if grant.nonce is not None else {}),
        **({} if grant.is_api else {"at_hash": hash_access_token(access_token)}),
        **_revocation(grant, jti),
        "event_id": grant.event_id,
        "aud": grant.client.id,
        "token_use": "id",
        "auth_time": grant.auth_time,
        **_assurance(grant),
        "exp": grant.issued_at + grant.client.id_token_seconds,
        "iat": grant.issued_at,
    }


def build_machine_claims(
    issuer: str, client: Client, scopes: tuple[str, ...], *, now: int, jti: str
) -> dict[str, Any]:
    """Build the access token of a client that acts for itself (cognito.md 2.3)."""
    return {
        "sub": client.id,
        "token_use": "access",
        "scope": " ".join(scopes),
        "auth_time": now,
        "iss": issuer,
        "exp": now + client.access_token_seconds,
        "iat": now,
        "version": 2,
        "jti": jti,
        "client_id": client.id,
    }


def build_user_info(client: Client, user: User, scopes: tuple[str, ...]) -> dict[str, str]:
    """Build the answer of userInfo: texts only, `email_verified` too (cognito.md 1.7)."""
    return {"sub": user.sub, **select_attributes(client, user, scopes), "username": user.username}


def select_attributes(client: Client, user: User, scopes: tuple[str, ...]) -> dict[str, str]:
    """Choose the attributes that scopes and client let out, as stored.

    `openid` alone means everything the client may read; beside other OIDC scopes it adds nothing.
    """
    wanted = {scope for scope in ("email", "phone", "profile") if scope in scopes}
    chosen = {}
    for name, value in user.attributes.items():
        home = next((scope for scope, pair in SCOPE_PAIRS.items() if name in pair), "profile")
        if client.may_read(name) and (not wanted or home in wanted):
            chosen[name] = value
    return chosen


def find_unreadable(client: Client, scopes: tuple[str, ...]) -> str | None:
    """Name an attribute that a scope promises and the client may not read: such an exchange fails."""
    promised = (name for scope, pair in SCOPE_PAIRS.items() if scope in scopes for name in pair)
    return next((name for name in promised if not client.may_read(name)), None)


def hash_access_token(access_token: str) -> str:
    """Compute `at_hash`: the left half of the SHA-256 (OpenID Connect Core 3.1.3.6)."""
    digest = hashlib.sha256(access_token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def _revocation(grant: Grant, jti: str) -> dict[str, str]:
    """`jti` and `origin_jti` are there when revocation or rotation is on."""
    if not (grant.client.token_revocation or grant.client.rotation.enabled):
        return {}
    return {"origin_jti": grant.origin_jti, "jti": jti}


def _assurance(grant: Grant) -> dict[str, object]:
    """`acr` and `amr` (cognito.md 2.5)."""
    return {
        **({"acr": grant.acr} if grant.acr is not None else {}),
        **({"amr": list(grant.amr)} if grant.amr else {}),
    }


def _groups(grant: Grant) -> Mapping[str, object]:
    return {"cognito:groups": [group.name for group in grant.groups]} if grant.groups else {}


def roles_of(groups: Sequence[Group]) -> tuple[list[str], str | None]:
    """Return the roles of groups, and the preferred one: the strongest group's, unless two differ there."""
    with_role = [(group.precedence, group.role_arn) for group in groups if group.role_arn]
    best = min((precedence for precedence, _ in with_role if precedence is not None), default=None)
    candidates = {role for precedence, role in with_role if precedence is not None and precedence == best}
    roles = list(dict.fromkeys(role for _, role in with_role))
    return roles, candidates.pop() if len(candidates) == 1 else None


def _roles(groups: tuple[Group, ...]) -> Mapping[str, object]:
    roles, preferred = roles_of(groups)
    claims: dict[str, object] = {"cognito:roles": roles} if roles else {}
    return claims if preferred is None else {**claims, "cognito:preferred_role": preferred}


def _spell(name: str, value: str) -> object:
    if name in BOOLEANS:
        return value == "true"
    if name == "identities":
        return [{key: _spell_identity(item) for key, item in each.items()} for each in json.loads(value)]
    return {"formatted": value} if name == "address" else value


def _spell_identity(value: object) -> str | None:
    """Spell a member of `identities`: texts only, even what is a boolean or a number elsewhere."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
