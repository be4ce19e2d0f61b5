"""POST /oauth2/revoke: end a refresh token and everything issued with it (cognito.md 1.8, RFC 7009)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.oauth.answers import json_error
from idp.oauth.errors import OAuthError
from idp.oauth.token import authenticate, read_oauth_form
from idp.site import site_of


async def revoke(request: Request) -> Response:
    """Serve the revocation endpoint: 200 and no body, also for a token that is unknown or revoked already."""
    form = await read_oauth_form(request)
    if isinstance(form, OAuthError):
        return json_error(form)
    site = site_of(request)
    known = await authenticate(site, request, form)
    if isinstance(known, OAuthError):
        # Here, unlike at the token endpoint, Cognito answers 401.
        status = 401 if known.error == "invalid_client" else known.status
        return json_error(OAuthError(known.error, known.description, status))
    value = form.get("token")
    if value is None:
        return json_error(OAuthError("invalid_request", "token is missing"))
    pool, client = known
    refused = await site.core.tokens.revoke(pool, client, token=value)
    return (
        json_error(OAuthError(refused.error, refused.description)) if refused else Response(status_code=200)
    )
