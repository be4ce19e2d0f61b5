"""GET /oauth2/authorize: back to the client, on to the sign-in page, or an error (cognito.md 1.1-1.3)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from idp.console.client import admin_group, console_client, entrance, pool_of_console
from idp.model import Client, Pool
from idp.oauth.answers import found
from idp.oauth.authorize import AuthorizeRequest, check_authorize, read_query
from idp.oauth.complete import complete
from idp.oauth.errors import Redirected, Shown, ShownCode
from idp.oauth.flow import Next, next_step
from idp.oauth.parameters import Parameters
from idp.oauth.redirects import error_location
from idp.oauth.session import find_session
from idp.signin.assurance import read_levels
from idp.site import Site, site_of

log = logging.getLogger(__name__)

Known = tuple[Pool, Client, AuthorizeRequest]


async def authorize(request: Request) -> Response:
    """Serve the authorization endpoint."""
    site = site_of(request)
    known = await recognise(site, request)
    if isinstance(known, Shown | Redirected):
        return refuse(site, known)
    pool, client, asked = known
    session = await find_session(site, pool, request, client=client)
    step = next_step(asked, session.signed_in if session else None, now=site.core.clock.now())
    if isinstance(step, Redirected):
        return refuse(site, step)
    if session is None or step is Next.SIGN_IN:
        return found(f"{site.path(Next.SIGN_IN.value)}?{asked.query}")
    return found(await complete(site, pool, client, request=asked, signed_in=session.signed_in))


async def recognise(
    site: Site, request: Request, *, defaults: Mapping[str, str] | None = None
) -> Known | Shown | Redirected:
    """Read and judge the authorization request in a query string; the pages call this at every step.

    `defaults` stand in for what a page's own address need not name.
    """
    parameters = read_query(request.scope["query_string"])
    if isinstance(parameters, Shown):
        return parameters
    missing = {name: value for name, value in (defaults or {}).items() if parameters.get(name) is None}
    parameters = Parameters((*parameters.pairs, *missing.items()))
    client_id = parameters.get("client_id")
    known = await _find_client(site, client_id) if client_id else None
    asked = check_authorize(parameters, known[1] if known else None)
    if known is not None and isinstance(asked, AuthorizeRequest):
        asked = replace(asked, levels=read_levels(known[0], parameters.text("acr_values")))
    if known is None or not isinstance(asked, AuthorizeRequest):
        return asked if not isinstance(asked, AuthorizeRequest) else Shown(ShownCode.CLIENT_UNKNOWN)
    return (*known, asked)


async def _find_client(site: Site, client_id: str) -> tuple[Pool, Client] | None:
    """Find an app client, or the console of a pool, which no other endpoint knows as a client."""
    pool_id = pool_of_console(client_id)
    if pool_id is None:
        return await site.core.client(client_id)
    pool = await site.core.pool(pool_id)
    if pool is None or admin_group(pool) is None:
        return None
    # Nobody becomes an administrator by signing up: an account is made by one.
    return replace(pool, admin_create_only=True), console_client(pool, site.url(entrance(pool)))


def refuse(site: Site, error: Shown | Redirected, *, signed_out: bool = False) -> Response:
    """Answer an authorization error: to the client, or to the person on the error page.

    `signed_out`: the page also tells that the session has ended.
    """
    if isinstance(error, Redirected):
        return found(error_location(error))
    log.warning(
        "authorization request refused: %s (client %.64r): %.300s",
        error.code.value,
        error.client_id,
        error.detail,
    )
    query = {"error": error.code.value} | ({"client_id": error.client_id} if error.client_id else {})
    query |= {"signed_out": "1"} if signed_out else {}
    return found(f"{site.path('/error')}?{urlencode(query)}")
