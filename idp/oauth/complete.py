"""The end of a sign-in: a code, or tokens of the implicit grant, for the client (cognito.md 1.2)."""

from __future__ import annotations

import logging

from idp.console.client import pool_of_console
from idp.model import Client, Pool
from idp.oauth.authorize import AuthorizeRequest
from idp.oauth.errors import Redirected
from idp.oauth.redirects import append_fragment, append_query, error_location
from idp.outcomes import GrantRefused, SignedIn
from idp.site import Site

log = logging.getLogger(__name__)


async def complete(
    site: Site, pool: Pool, client: Client, *, request: AuthorizeRequest, signed_in: SignedIn
) -> str:
    """Return the Location that answers `request` for the user who signed in."""
    if pool_of_console(client.id) is not None:
        # The console lives on the browser's session and gets no code: there is none to steal.
        return append_query(request.redirect_uri, {"state": request.state})
    try:
        answer = await _grant(site, pool, client, request=request, signed_in=signed_in)
    except Exception:
        # cognito.md 1.3: the client is told, so that it can try again; a person could only be stuck here.
        log.exception("issuing for client %s failed", client.id)
        answer = request.refuse("server_error")
    return error_location(answer) if isinstance(answer, Redirected) else answer


async def _grant(
    site: Site, pool: Pool, client: Client, *, request: AuthorizeRequest, signed_in: SignedIn
) -> str | Redirected:
    code = await site.core.tokens.create_code(
        pool,
        client,
        user=signed_in.user,
        redirect_uri=request.redirect_uri,
        scopes=request.scopes,
        nonce=request.nonce,
        code_challenge=None if request.in_fragment else request.code_challenge,
        auth_time=signed_in.auth_time,
        amr=signed_in.amr,
    )
    if not request.in_fragment:
        return append_query(request.redirect_uri, {"code": code, "state": request.state})
    # The implicit grant is a code redeemed on the spot; its refresh token never leaves this function.
    tokens = await site.core.tokens.redeem_code(
        pool, client, code=code, redirect_uri=request.redirect_uri, code_verifier=None
    )
    if isinstance(tokens, GrantRefused):
        return request.refuse("server_error")
    members = {
        "id_token": tokens.id_token,
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": str(tokens.expires_in),
        "state": request.state,
    }
    return append_fragment(request.redirect_uri, members)
