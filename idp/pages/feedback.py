"""/feedback: where the links of a mail about a risky sign-in lead, to say whether it was oneself.

Opening a link shows a page and changes nothing: mail scanners open links. The page's form does, and is
taken from our own page in the same browser only. The token is all that it takes: whoever reads the mail need
not be signed in, nor know the client.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from idp.model import Pool
from idp.oauth.body import BodyProblem, read_form
from idp.pages import csrf
from idp.pages.errors import error_page
from idp.pages.local import client_address
from idp.pages.render import catalogue_for, render
from idp.pages.visit import own_origins, set_browser
from idp.protection.adaptive import INVALID, VALID
from idp.protection.feedback import open_feedback
from idp.protection.records import AuthEvent, ThreatMode
from idp.protection.settings import Limit
from idp.site import Site, site_of

log = logging.getLogger(__name__)
VALUES: Final = {"valid": VALID, "invalid": INVALID}


@dataclass(frozen=True, slots=True)
class Opened:
    """What a token opens."""

    pool: Pool
    event: AuthEvent
    token: str = field(repr=False)


Page = Callable[[Request], Awaitable[Response]]


async def feedback(request: Request) -> Response:
    """Serve the page."""
    site = site_of(request)
    browser = csrf.csrf_of(request).recognise(request.cookies.get(csrf.COOKIE))
    is_form = request.method == "POST"
    response = await (_submit(request, site) if is_form else _show(request, site, browser))
    if browser.is_new and not is_form:
        set_browser(site, browser, response)
    return response


async def _show(request: Request, site: Site, browser: csrf.Browser) -> Response:
    opened = await _open(site, request, request.query_params.get("token", ""))
    if opened is None:
        return _refuse(request)
    given, event = request.query_params.get("value"), opened.event
    context = {
        "title": "feedback.title",
        "brand": opened.pool.name,
        "facts": _facts(request, event),
        "token": opened.token,
        "csrf": browser.token,
        "chosen": given if given in VALUES else "valid",
    }
    return render(request, "feedback.html", context)


async def _submit(request: Request, site: Site) -> Response:
    if not csrf.is_own_page(request.headers, origins=own_origins(site, request)):
        log.warning("form from another site refused at %s", request.url.path)
        return error_page(request, "cross_site", status=403)
    form = await read_form(request)
    if isinstance(form, BodyProblem):
        return error_page(request, "invalid_request", status=400)
    if not csrf.csrf_of(request).accepts(request.cookies.get(csrf.COOKIE), form.get(csrf.FIELD)):
        return error_page(request, "cross_site", status=403)
    opened = await _open(site, request, form.get("token") or "")
    value = VALUES.get(form.get("value") or "")
    if opened is None or value is None:
        return _refuse(request)
    history, event = site.core.history, opened.event
    if not await history.rate(opened.pool, event.sub, event.id, value=value, provider="User"):
        return _refuse(request)
    log.info("feedback pool=%s sub=%s event=%s: %s", opened.pool.id, event.sub, event.id, value)
    said = "valid" if value == VALID else "invalid"
    done = {"title": f"feedback.done.{said}", "brand": opened.pool.name, "said": said}
    return render(request, "feedback_done.html", done)


async def _open(site: Site, request: Request, token: str) -> Opened | None:
    """Open a token; a wrong one counts as a guess."""
    limiter, address = site.core.limiter, client_address(request)
    if limiter.take(Limit.FAILURES, address):
        return None
    opened = await _find(site, token)
    if opened is not None:
        limiter.give_back(Limit.FAILURES, address)
    return opened


async def _find(site: Site, token: str) -> Opened | None:
    core = site.core
    claim = open_feedback(core.vault, token, now=core.clock.now())
    pool = await core.pool(claim.pool_id) if claim is not None else None
    if claim is None or pool is None or pool.threat_mode is ThreatMode.OFF:
        return None
    event = await core.history.find(pool, claim.sub, claim.event_id)
    return Opened(pool, event, token) if event is not None else None


def _facts(request: Request, event: AuthEvent) -> list[tuple[str, str]]:
    catalogue, context = catalogue_for(request), event.context
    place = ", ".join(context[name] for name in ("City", "Country") if name in context)
    told = {
        "time": datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "device": context.get("DeviceName", ""),
        "address": context.get("IpAddress", ""),
        "place": place,
    }
    return [(catalogue.text(f"feedback.{name}"), value) for name, value in told.items() if value]


def _refuse(request: Request) -> Response:
    return error_page(request, "feedback", status=400)
