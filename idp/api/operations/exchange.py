"""GetDerivedToken: a token for one service out of a token of this pool (cognito.md 2.3, RFC 8693)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.api.call import Call, access_error
from idp.api.errors import invalid_parameter, not_found
from idp.api.present import present
from idp.api.refresh import grant_refused, require_secret
from idp.api.registry import operation
from idp.model import Client, Pool
from idp.outcomes import GrantRefused
from idp.signin.flows.permissions import effective_flags
from idp.tokens.access import Access, AccessRefused
from idp.tokens.exchange import Exchange, Kind, derive, open_actor

_TYPES: Final = {Kind.ACCESS: "Bearer", Kind.ID: "N_A"}
"""`TokenType`: an ID token is not one to access anything with (RFC 8693 2.2.1)."""


@operation("GetDerivedToken")
async def get_derived_token(call: Call) -> Mapping[str, object]:
    """Exchange a token."""
    pool, client = await call.client()
    require_secret(client, call.input.get("ClientSecret"))
    has_actor = "ActorToken" in call.input
    needed = "DELEGATION" if has_actor else "IMPERSONATION"
    if f"ALLOW_TOKEN_EXCHANGE_{needed}" not in effective_flags(client):
        raise invalid_parameter("Auth flow not enabled for this client")
    kind, wanted = _read_kind(call, "Subject"), Kind(call.input.get("RequestedTokenType", Kind.ACCESS))
    exchange = Exchange(
        subject=await _open_subject(call, pool, kind),
        kind=kind,
        wanted=wanted,
        actor=await _open_actor(call, pool) if has_actor else None,
        scopes=call.input.get("Scopes", ()),
        audience=await _read_audience(call, pool, client, wanted),
    )
    derived = await derive(call.core.tokens, pool, client, exchange)
    if isinstance(derived, GrantRefused):
        raise grant_refused(derived) if derived.exception else invalid_parameter(derived.description or "")
    return present(
        IssuedToken=derived.token,
        IssuedTokenType=derived.kind.value,
        TokenType=_TYPES[derived.kind],
        ExpiresIn=derived.expires_in,
        Scopes=list(derived.scopes),
    )


def _read_kind(call: Call, whose: str) -> Kind:
    """Return the kind of the subject's or actor's token; raises ApiError for what nobody can check here."""
    provider, given = call.input.get(f"{whose}TokenProviderName"), call.input.get(f"{whose}TokenType")
    if given is None:
        raise invalid_parameter(f"{whose}TokenType is required with {whose}Token")
    if provider is not None:
        raise not_found(f"Identity provider {provider} does not exist.")
    if given == "SAML2":
        raise invalid_parameter(f"{whose}TokenType SAML2 is not supported: nobody signs in by SAML here")
    return Kind(given)


async def _open_subject(call: Call, pool: Pool, kind: Kind) -> Access:
    token, access = call.text("SubjectToken"), call.core.access
    opened = await (access.open_id(token) if kind is Kind.ID else access.open(token, scope=None))
    if isinstance(opened, AccessRefused):
        raise access_error(opened)
    if opened.pool.id != pool.id:
        raise not_found("The subject token was not issued by the user pool of this client.")
    return opened


async def _open_actor(call: Call, pool: Pool) -> Mapping[str, object]:
    kind = _read_kind(call, "Actor")
    opened = await open_actor(call.core.tokens, pool, call.text("ActorToken"), kind)
    if isinstance(opened, AccessRefused):
        raise access_error(opened)
    return opened


async def _read_audience(call: Call, pool: Pool, client: Client, wanted: Kind) -> str | None:
    """Return what the token is to be for. Another app client it cannot be: its users would be signed in."""
    audiences, resources = call.input.get("Audiences") or [], call.input.get("Resources") or []
    if audiences and resources:
        raise invalid_parameter("Audiences and Resources cannot both be requested")
    if (audiences or resources) and wanted is Kind.ID:
        raise invalid_parameter("Only an access token can be bound by Audiences and Resources")
    if resources and resources[0] not in {server.identifier for server in pool.resource_servers}:
        raise not_found(f"Resource server {resources[0]} does not exist.")
    audience = next(iter([*audiences, *resources]), None)
    if audience not in (None, client.id) and await call.core.client(audience) is not None:
        raise invalid_parameter("Audiences cannot name another app client")
    return audience
