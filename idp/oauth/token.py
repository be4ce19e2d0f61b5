"""POST /oauth2/token: who calls, what for, and the answer as JSON (cognito.md 1.6, RFC 6749 5)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.model import Client, Pool
from idp.oauth.answers import CognitoJson, json_error
from idp.oauth.body import BodyProblem, read_form
from idp.oauth.client_auth import INVALID_CLIENT, check_client, read_credentials
from idp.oauth.errors import TOO_MANY_REQUESTS, OAuthError
from idp.oauth.grants import check_allowed, choose_grant
from idp.oauth.parameters import Parameters
from idp.outcomes import GrantRefused, TokenSet
from idp.pages.local import client_address
from idp.protection.settings import Limit
from idp.site import Site, site_of

_FORM_WANTED = "Content-Type must be application/x-www-form-urlencoded"
_BODY_ERRORS = {
    BodyProblem.TOO_LARGE: OAuthError("invalid_request", "body too large", 413),
    BodyProblem.WRONG_TYPE: OAuthError("invalid_request", _FORM_WANTED),
    BodyProblem.MALFORMED: OAuthError("invalid_request", "malformed form"),
    BodyProblem.REPEATED: OAuthError("invalid_request", "repeated parameter"),
}


async def token(request: Request) -> Response:
    """Serve the token endpoint."""
    form = await read_oauth_form(request)
    result = form if isinstance(form, OAuthError) else await _serve(site_of(request), request, form)
    return json_error(result) if isinstance(result, OAuthError) else CognitoJson(_body(result))


async def _serve(site: Site, request: Request, form: Parameters) -> TokenSet | OAuthError:
    grant = choose_grant(form)
    if isinstance(grant, OAuthError):
        return grant
    known = await authenticate(site, request, form)
    if isinstance(known, OAuthError):
        return known
    pool, client = known
    refusal = check_allowed(grant, client)
    if refusal is not None:
        return refusal
    result = await grant.serve(site.core, pool, client, form)
    return OAuthError(result.error, result.description) if isinstance(result, GrantRefused) else result


async def read_oauth_form(request: Request) -> Parameters | OAuthError:
    """Read the form of the token or revocation endpoint."""
    form = await read_form(request)
    return _BODY_ERRORS[form] if isinstance(form, BodyProblem) else form


async def authenticate(site: Site, request: Request, form: Parameters) -> tuple[Pool, Client] | OAuthError:
    """Return the calling client and its pool."""
    headers = request.headers.getlist("authorization")
    if len(headers) > 1:
        return INVALID_CLIENT
    credentials = read_credentials(headers[0] if headers else None, form)
    if isinstance(credentials, OAuthError):
        return credentials
    limiter, address = site.core.limiter, client_address(request)
    if limiter.take(Limit.FAILURES, address):  # somebody guesses client ids and secrets
        return TOO_MANY_REQUESTS
    known = await site.core.client(credentials.client_id)
    checked = check_client(known[1] if known else None, credentials)
    if known is not None and not isinstance(checked, OAuthError):
        limiter.give_back(Limit.FAILURES, address)
    if known is None or isinstance(checked, OAuthError):
        return checked if isinstance(checked, OAuthError) else INVALID_CLIENT
    return known[0], checked


def _body(tokens: TokenSet) -> dict[str, str | int]:
    """Return the members in Cognito's order; a token that was not issued has no member at all."""
    members: dict[str, str | int | None] = {
        "id_token": tokens.id_token,
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "expires_in": tokens.expires_in,
        "token_type": "Bearer",
    }
    return {name: value for name, value in members.items() if value is not None}
