"""Tokens: GetTokensFromRefreshToken, RevokeToken, GetClientToken (cognito.md 2.3, 2.6, 2.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.api.auth_answers import authentication_result
from idp.api.call import Call
from idp.api.errors import ApiError, invalid_parameter, not_authorized
from idp.api.refresh import grant_refused, refresh, require_secret
from idp.api.registry import operation
from idp.outcomes import GrantRefused

CLIENT_TOKENS: Final = "ALLOW_CLIENT_TOKEN_AUTH"
_SCOPE_TEXTS: Final = {"invalid_scope": "There is no such scope", "invalid_grant": "A scope is not allowed"}


@operation("GetTokensFromRefreshToken")
async def get_tokens_from_refresh_token(call: Call) -> Mapping[str, object]:
    """Refresh; with rotation the answer has a new refresh token."""
    pool, client = await call.client()
    require_secret(client, call.input.get("ClientSecret"))
    device_key = call.input.get("DeviceKey")
    tokens = await refresh(call, pool, client, token=call.text("RefreshToken"), device_key=device_key)
    return {"AuthenticationResult": authentication_result(tokens)}


@operation("RevokeToken")
async def revoke_token(call: Call) -> Mapping[str, object]:
    """End a refresh token and everything issued with it; one that means nothing is fine."""
    known = await call.core.client(call.text("ClientId"))
    if known is None:
        raise ApiError("UnauthorizedException", "Invalid client")
    pool, client = known
    require_secret(client, call.input.get("ClientSecret"), code="UnauthorizedException")
    if not client.token_revocation:
        raise ApiError("UnsupportedOperationException", "Token revocation is not enabled for this client")
    refused = await call.core.tokens.revoke(pool, client, token=call.text("Token"))
    if isinstance(refused, GrantRefused):
        raise ApiError("UnsupportedTokenTypeException", "Only refresh tokens can be revoked")
    return {}


@operation("GetClientToken")
async def get_client_token(call: Call) -> Mapping[str, object]:
    """Issue an access token to a client for itself."""
    pool, client = await call.client()
    require_secret(client, call.text("Secret"))
    if not client.is_confidential:
        raise not_authorized(f"Client {client.id} has no secret")
    if client.explicit_auth_flows != (CLIENT_TOKENS,):
        raise invalid_parameter("Auth flow not enabled for this client")
    tokens = await call.core.tokens.machine_token(
        pool, client, scopes=call.input.get("Scopes"), metadata=call.input.get("ClientMetadata", {})
    )
    if isinstance(tokens, GrantRefused):
        if tokens.exception is not None:
            raise grant_refused(tokens)
        raise invalid_parameter(_SCOPE_TEXTS[tokens.error])
    result = authentication_result(tokens)
    return {"ClientAuthenticationResult": result}
