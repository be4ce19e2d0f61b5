"""Token exchange: a token for one service out of a token that somebody holds (GetDerivedToken, RFC 8693).

What is derived is never more than what it comes from: scopes are the intersection, it belongs to the same
session (what ends that ends it), and it ends no later. Subject and actor are tokens of this pool; there are
no other providers. With an actor the token says who acts for the user (`act`, nested where it was there).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from idp.model import Client, Pool
from idp.outcomes import GrantRefused
from idp.signin.flows.triggers import TriggerRefused
from idp.tokens import claims
from idp.tokens.access import Access, AccessReason, AccessRefused
from idp.tokens.changes import change_access, change_id
from idp.tokens.issuer import API, Tokens, refuse_trigger
from idp.tokens.pre_token import TokenOccasion
from idp.tokens.reading import read_access_token

NO_ID: Final = GrantRefused("invalid_scope", "An ID token needs the scope openid")
_IDENTITY: Final = frozenset({claims.OPENID, *claims.SCOPE_PAIRS, "profile"})
"""What an ID token stands for: it was given to tell who somebody is, not to act for them."""


class Kind(StrEnum):
    """`TokenTypeIdentifierType`, as far as this pool issues them."""

    ACCESS = "ACCESS_TOKEN"
    ID = "ID_TOKEN"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is exchanged for what; the tokens are opened already."""

    subject: Access
    kind: Kind
    """The subject's."""
    wanted: Kind = Kind.ACCESS
    actor: Mapping[str, Any] | None = field(default=None, repr=False)
    """The claims of the actor's token."""
    scopes: Sequence[str] = ()
    """Empty: the subject's."""
    audience: str | None = None
    """What the token is for, beside the client."""
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived token."""

    token: str = field(repr=False)
    kind: Kind
    scopes: tuple[str, ...]
    expires_in: int


def grant_scopes(exchange: Exchange, client: Client) -> tuple[str, ...]:
    """Return the scopes that were asked for, that the subject has, and that the client may have. Pure."""
    subject = exchange.subject
    if exchange.kind is Kind.ID:
        held = tuple(scope for scope in subject.family.scopes if scope in _IDENTITY)
    else:
        held = tuple(str(subject.claims.get("scope", "")).split())
    wanted = tuple(dict.fromkeys(exchange.scopes)) or held
    return tuple(scope for scope in wanted if scope in held and scope in client.oauth_scopes)


def name_actor(exchange: Exchange) -> dict[str, Any]:
    """Return the `act` claim: who acts now, and within it who acted before (RFC 8693 4.1). Pure."""
    before = exchange.subject.claims.get("act")
    if exchange.actor is None:
        return {"act": before} if before else {}
    named = {name: exchange.actor[name] for name in ("sub", "iss", "client_id") if name in exchange.actor}
    return {"act": {**named, **({"act": before} if before else {})}}


async def open_actor(tokens: Tokens, pool: Pool, token: str, kind: Kind) -> Mapping[str, Any] | AccessRefused:
    """Open an actor's token of this pool: a user's, or that of a client that acts for itself."""
    opened: Access | AccessRefused
    if kind is Kind.ID:
        opened = await tokens.access.open_id(token)
    else:
        read = read_access_token(token, keys=tokens.keys, issuer_of=tokens.issuer_of)
        if read is not None and read[1]["sub"] == read[1]["client_id"]:
            return await _open_machine(tokens, pool, *read)
        opened = await tokens.access.open(token, scope=None)
    if isinstance(opened, AccessRefused):
        return opened
    return opened.claims if opened.pool.id == pool.id else AccessRefused(AccessReason.INVALID)


async def _open_machine(
    tokens: Tokens, pool: Pool, pool_id: str, content: Mapping[str, Any]
) -> Mapping[str, Any] | AccessRefused:
    if tokens.clock.now() >= content["exp"]:
        return AccessRefused(AccessReason.EXPIRED)
    async with tokens.store.reading() as records:
        client = await records.clients.find(content["client_id"])
    is_there = client is not None and client.active and client.pool_id == pool.id == pool_id
    return content if is_there else AccessRefused(AccessReason.INVALID)


async def derive(tokens: Tokens, pool: Pool, client: Client, exchange: Exchange) -> Derived | GrantRefused:
    """Issue the derived token; that the client may ask for one is checked before."""
    subject, now = exchange.subject, int(tokens.clock.now())
    scopes = grant_scopes(exchange, client)
    is_api = subject.family.door == API
    if exchange.wanted is Kind.ID and claims.OPENID not in scopes and not is_api:
        return NO_ID
    # As at a sign-in: what a function keeps out of a user's tokens must not come back through here.
    asked = await tokens.ask(
        pool, client, subject.user, TokenOccasion.SIGN_IN, scopes, metadata=exchange.metadata
    )
    if isinstance(asked, TriggerRefused):
        return refuse_trigger(asked)
    async with tokens.store.reading() as records:
        grant = await tokens.describe(
            records, pool, client, subject.user, replace(subject.family, scopes=scopes, nonce=None)
        )
    if exchange.wanted is Kind.ID:
        content = claims.build_id_claims(replace(grant, is_api=True), jti=str(uuid.uuid4()), access_token="")
        content = change_id(content, asked)
    else:
        content = change_access(claims.build_access_claims(grant, jti=str(uuid.uuid4())), asked)
        # A token that was for one service does not become one for all.
        bound = subject.claims.get("aud") if exchange.kind is Kind.ACCESS else None
        audience = exchange.audience or bound
        content |= {} if audience is None else {"aud": audience}
    content |= name_actor(exchange)
    content["exp"] = min(content["exp"], int(subject.claims["exp"]))
    use = "id" if exchange.wanted is Kind.ID else "access"
    granted = tuple(str(content.get("scope", " ".join(scopes))).split())
    return Derived(tokens.keys.sign(pool, use, content), exchange.wanted, granted, content["exp"] - now)
