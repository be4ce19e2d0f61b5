"""GET /logout: end the browser's session, then go to a registered address (cognito.md 1.5).

`logout_uri` wins over `redirect_uri`. Beyond Cognito, OpenID's names work too: `post_logout_redirect_uri` is
`logout_uri`, and an `id_token_hint` tells the client where `client_id` is missing. The hint names, it does
not authorise: where a browser may be sent is decided by the client's registered URLs alone.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from idp.model import Client
from idp.oauth.answers import found
from idp.oauth.authorize import KNOWN, read_query
from idp.oauth.authorize_endpoint import refuse
from idp.oauth.errors import Shown, ShownCode
from idp.oauth.parameters import Parameters
from idp.oauth.redirects import append_query
from idp.oauth.session import end_session
from idp.site import Site, site_of

_ADDRESSES = ("client_id", "redirect_uri", "logout_uri", "post_logout_redirect_uri", "id_token_hint", "state")


@dataclass(frozen=True, slots=True)
class ToClient:
    """Leave for a registered logout URL."""

    location: str


@dataclass(frozen=True, slots=True)
class ToSignIn:
    """Sign in again, perhaps as somebody else."""

    query: str


def decide_logout(parameters: Parameters, client: Client | None) -> ToClient | ToSignIn | Shown:
    """Decide where a sign-out leads; pure."""
    client_id = client_id_of(parameters)
    if client is None or not client.oauth_enabled:
        return Shown(ShownCode.CLIENT_UNKNOWN, client_id)
    logout_uri = parameters.get("logout_uri") or parameters.get("post_logout_redirect_uri")
    if logout_uri is not None:
        if logout_uri not in client.logout_urls:
            return Shown(
                ShownCode.REDIRECT_MISMATCH, client.id, f"logout_uri {logout_uri!r} is not registered"
            )
        # Only OpenID's form has a state; Cognito ignores everything beside logout_uri.
        state = None if parameters.get("logout_uri") else parameters.get("state")
        return ToClient(append_query(logout_uri, {"state": state}) if state else logout_uri)
    redirect_uri = parameters.get("redirect_uri")
    if redirect_uri is None or parameters.get("response_type") is None:
        return Shown(ShownCode.LOGOUT_PARAMETERS, client.id)
    if redirect_uri not in client.callback_urls:
        return Shown(
            ShownCode.REDIRECT_MISMATCH, client.id, f"redirect_uri {redirect_uri!r} is not registered"
        )
    kept = [pair for pair in parameters.keep(KNOWN).pairs if pair[0] != "client_id"]
    return ToSignIn(urlencode([("client_id", client.id), *kept], quote_via=quote))


async def logout(request: Request) -> Response:
    """Serve the logout endpoint."""
    site = site_of(request)
    parameters = read_query(request.scope["query_string"])
    if isinstance(parameters, Shown):
        return refuse(site, parameters)
    if parameters.repeated(_ADDRESSES):
        return refuse(site, Shown(ShownCode.MALFORMED, detail="repeated parameter"))
    client_id = client_id_of(parameters)
    known = await site.core.client(client_id) if client_id else None
    decision = decide_logout(parameters, known[1] if known else None)
    response = _answer(site, decision, signed_out=known is not None)
    if known is not None:
        # Signed out in any case: somebody who asked to leave must not stay signed in because an address was
        # wrong.
        await end_session(site, known[0], request=request, response=response)
    return response


def _answer(site: Site, decision: ToClient | ToSignIn | Shown, *, signed_out: bool) -> Response:
    if isinstance(decision, Shown):
        return refuse(site, decision, signed_out=signed_out)
    if isinstance(decision, ToClient):
        return found(decision.location)
    return found(f"{site.path('/login')}?{decision.query}")


def client_id_of(parameters: Parameters) -> str | None:
    """Return the client that a sign-out is for: by name, or by the audience of the ID token it hints at."""
    return parameters.get("client_id") or _audience(parameters.text("id_token_hint"))


def _audience(token: str) -> str | None:
    """Read `aud` of an ID token without trusting it; expired tokens are welcome hints (OpenID)."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):  # nested too deeply: somebody's joke
        return None
    audience = claims.get("aud") if isinstance(claims, dict) else None
    return audience if isinstance(audience, str) else None
