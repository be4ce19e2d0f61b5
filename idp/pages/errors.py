"""The page for what cannot be served: `/error`, and the answers to unknown paths, wrong methods and failures.

Texts come from a closed list; of the request, nothing is repeated.
"""

from __future__ import annotations

import logging
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from idp.oauth.answers import json_error
from idp.oauth.errors import OAuthError, ShownCode
from idp.oauth.session import COOKIE
from idp.pages.local import is_local
from idp.pages.looks import dress
from idp.pages.render import RETRY_SECONDS, catalogue_for, render
from idp.site import site_of

log = logging.getLogger(__name__)
_MACHINE_PATHS = ("/oauth2/token", "/oauth2/revoke", "/oauth2/userInfo")
_WORDS = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 500: "server_error"}


def error_page(request: Request, word: str, *, status: int, **context: Any) -> Response:
    """Render the error page for a word of the catalogue (`error.<word>` and its hint)."""
    catalogue = catalogue_for(request)
    texts = {"message": catalogue.text(f"error.{word}"), "hint": catalogue.text(f"error.{word}_hint")}
    defaults = {"title": "error.title", "reference": None, "urls": ()}
    return render(request, "error.html", defaults | texts | context, status=status)


async def show_error(request: Request) -> Response:
    """Serve `/error?error=&client_id=`; a developer on this machine also sees what is registered.

    `signed_out` says that a sign-out came before, which is told as far as this browser's cookies bear it out.
    """
    code = ShownCode.read(request.query_params.get("error"))
    urls: tuple[str, ...] = ()
    client_id = request.query_params.get("client_id")
    site = site_of(request)
    known = await site.core.client(client_id) if client_id else None
    if known is not None:
        dress(request, site, *known)
        if code is ShownCode.REDIRECT_MISMATCH and is_local(request, site):
            urls = (*known[1].callback_urls, *known[1].logout_urls)
    # Only where it is true: the link could be anybody's.
    is_out = "signed_out" in request.query_params and COOKIE not in request.cookies
    notice = catalogue_for(request).text("logout.done") if is_out else None
    return error_page(request, code.value, status=400, urls=urls, notice=notice)


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Answer 404, 405 and the like: a page for people, JSON for machines."""
    assert isinstance(error, HTTPException)
    if is_machine_path(request):
        response = json_error(OAuthError("invalid_request", status=error.status_code))
    else:
        response = error_page(
            request, _WORDS.get(error.status_code, "invalid_request"), status=error.status_code
        )
    response.headers.update(error.headers or {})
    return response


async def answer_outage(request: Request, error: Exception) -> Response:
    """Answer while the store does not: 503, and one line in the log that says why."""
    reference = request.scope.get("idp.request_id")
    log.error("request %s was not served: %s", reference, error)
    if is_machine_path(request):
        unavailable = OAuthError("temporarily_unavailable", status=503)
        return json_error(unavailable, {"retry-after": RETRY_SECONDS})
    return error_page(request, "server_error", status=503, reference=reference)


async def answer_failure(request: Request, error: Exception) -> Response:
    """Answer an unexpected failure; the reference is the request id, under which the log has the rest."""
    if is_machine_path(request):
        return json_error(OAuthError("server_error", status=500))
    reference = request.scope.get("idp.request_id")
    return error_page(request, "server_error", status=500, reference=reference)


def is_machine_path(request: Request) -> bool:
    """Whether programs ask here, which want JSON."""
    path = request.url.path.removeprefix(site_of(request).base)
    return path.startswith(_MACHINE_PATHS) or "/.well-known/" in path
