"""The grants of the token endpoint as a table: what each needs and which call serves it (cognito.md 1.6).

The endpoint runs the shared checks (client, grant allowed, required parameters) for every row, so that no
grant can forget one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from idp.core import Core
from idp.model import Client, Pool
from idp.oauth.errors import OAuthError
from idp.oauth.parameters import Parameters
from idp.outcomes import GrantRefused, TokenSet

Result = TokenSet | GrantRefused
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant type."""

    required: tuple[str, ...]
    flows: frozenset[str]
    """The client must allow one of these AllowedOAuthFlows; empty: no flow of its own."""
    needs_secret: bool
    serve: Callable[[Core, Pool, Client, Parameters], Awaitable[Result]]


async def _authorization_code(core: Core, pool: Pool, client: Client, form: Parameters) -> Result:
    return await core.tokens.redeem_code(
        pool,
        client,
        code=form.text("code"),
        redirect_uri=form.text("redirect_uri"),
        code_verifier=form.get("code_verifier"),
    )


async def _refresh_token(core: Core, pool: Pool, client: Client, form: Parameters) -> Result:
    return await core.tokens.refresh(pool, client, refresh_token=form.text("refresh_token"))


async def _client_credentials(core: Core, pool: Pool, client: Client, form: Parameters) -> Result:
    asked = form.text("scope").split()
    metadata = read_metadata(form.text("aws_client_metadata"))
    if metadata is None:
        return GrantRefused("invalid_request", "aws_client_metadata is no JSON object of texts")
    scopes = tuple(dict.fromkeys(asked)) or None
    return await core.tokens.client_credentials(pool, client, scopes=scopes, metadata=metadata)


def read_metadata(text: str) -> dict[str, str] | None:
    """Read `aws_client_metadata`, which goes to the trigger; None where it makes no sense. Pure."""
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return None
    is_fit = isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
    return value if is_fit else None


GRANTS = {
    "authorization_code": Grant(
        ("code", "redirect_uri"), frozenset({"code"}), needs_secret=False, serve=_authorization_code
    ),
    "refresh_token": Grant(("refresh_token",), frozenset(), needs_secret=False, serve=_refresh_token),
    "client_credentials": Grant(
        (), frozenset({"client_credentials"}), needs_secret=True, serve=_client_credentials
    ),
}


def choose_grant(form: Parameters) -> Grant | OAuthError:
    """Return the grant that a form asks for, all of its parameters present and well-formed."""
    grant_type = form.get("grant_type")
    if grant_type is None:
        return OAuthError("invalid_request", "grant_type is missing")
    grant = GRANTS.get(grant_type)
    if grant is None:
        return OAuthError("unsupported_grant_type")
    missing = [name for name in grant.required if form.get(name) is None]
    if missing:
        return OAuthError("invalid_request", f"{missing[0]} is missing")
    verifier = form.get("code_verifier")
    if verifier is not None and not _VERIFIER.fullmatch(verifier):
        return OAuthError("invalid_request", "code_verifier is malformed")  # RFC 7636 4.1
    return grant


def check_allowed(grant: Grant, client: Client) -> OAuthError | None:
    """Return the refusal of a grant that the client may not use."""
    if grant.needs_secret and not client.is_confidential:
        return OAuthError("invalid_client")
    if grant.flows and not (client.oauth_enabled and grant.flows & set(client.oauth_flows)):
        return OAuthError("unauthorized_client")
    return None
