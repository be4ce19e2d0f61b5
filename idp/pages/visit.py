"""One request to a hosted page: the authorization request, the browser, and the form it posts.

`serve` is the shared frame of every page with a form: it judges the authorization request anew, refuses
foreign forms, reads the body within limits, and only then calls the page. So no page can forget a check,
and a page that was open for too long comes back filled with a fresh token instead of an error.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from idp.model import Client, Pool
from idp.oauth.authorize import KNOWN, AuthorizeRequest
from idp.oauth.authorize_endpoint import recognise, refuse
from idp.oauth.body import BodyProblem, read_form
from idp.oauth.errors import Redirected, Shown
from idp.oauth.parameters import Parameters, parse_parameters
from idp.oauth.redirects import error_location
from idp.pages import csrf
from idp.pages.device import keep_device
from idp.pages.errors import error_page
from idp.pages.fields import translate
from idp.pages.i18n import Catalogue
from idp.pages.leave import leave
from idp.pages.local import client_address, is_local
from idp.pages.looks import dress
from idp.pages.render import catalogue_for, render
from idp.pages.steps import Step, StepBinding, StepKind, open_step, seal_step
from idp.protection.settings import Limit
from idp.site import Site, site_of
from idp.texts import TOO_MANY_REQUESTS, Text
from idp.triggers.origin import note_client

log = logging.getLogger(__name__)
_REFUSED: Final = "idp.refused"
_SENDS: Final = frozenset({"/signup", "/resendcode", "/forgotPassword", "/login/code", "/mfa/resend"})
"""Forms that send a message to somebody."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page works with."""

    request: Request
    site: Site
    pool: Pool
    client: Client
    asked: AuthorizeRequest
    browser: csrf.Browser
    catalogue: Catalogue
    form: Parameters = field(default_factory=Parameters)
    problems: tuple[str, ...] = ()
    """What to tell above the form, in the page's language."""
    status: int = 200

    def say(self, key: str, **values: object) -> str:
        """Return a text of the page's language."""
        return self.catalogue.text(key, **values)

    def with_problems(self, problems: Sequence[str], *, status: int = 200) -> Visit:
        """Return this visit with things to tell."""
        return replace(self, problems=tuple(problems), status=status)

    def refused(self, text: Text) -> Visit:
        """Return this visit with a refusal of the services to tell; 503 where it is the server's doing."""
        status = 503 if text.key == TOO_MANY_REQUESTS.key else 200
        self.request.scope[_REFUSED] = True
        return self.with_problems([translate(text, self.catalogue)], status=status)

    def link(self, path: str, *, step: str | None = None) -> str:
        """Return the address of a page for the same authorization request."""
        query = self.asked.query + (f"&{urlencode({'step': step})}" if step else "")
        return f"{self.site.path(path)}?{query}"

    def link_then(self, path: str) -> str:
        """Return the address of a page that a sign-in was only the way to: none is asked for again."""
        parameters = parse_parameters(self.asked.query) or Parameters()
        asked = parameters.keep(KNOWN - {"then", "prompt", "max_age", "acr_values"}).encode()
        return f"{self.site.path(path)}?{asked}"

    def seal(self, step: Step, kind: StepKind) -> str:
        """Seal a step for this browser and client."""
        core = self.site.core
        return seal_step(core.vault, step, kind, binding=self._binding, now=core.clock.now())

    def open(self, kind: StepKind) -> tuple[str, Step] | None:
        """Return the step that the form or the address carries, if it is of this kind and ours."""
        sealed = self.form.get("step") or self.request.query_params.get("step")
        core = self.site.core
        step = open_step(core.vault, sealed, kind, binding=self._binding, now=core.clock.now())
        return None if step is None or sealed is None else (sealed, step)

    def render(self, template: str, title: str, **context: Any) -> Response:
        """Render a page with a form."""
        urls = (self.asked.redirect_uri, *self.client.callback_urls, *self.client.logout_urls)
        defaults = {
            "title": title,
            "client": self.client.name,
            "csrf": self.browser.token,
            "link": self.link,
            "problems": self.problems,
            "inbox": self.site.core.outbox.is_inbox and is_local(self.request, self.site),
        }
        return render(self.request, template, defaults | context, status=self.status, form_targets=urls)

    @property
    def _binding(self) -> StepBinding:
        return StepBinding(self.pool.id, self.client.id, self.browser.id)


Show = Callable[[Visit], Awaitable[Response]]


# /passkeys/add is linked to by apps, with client_id and redirect_uri alone (cognito.md 1.1).
_DEFAULTS = {"/passkeys/add": {"response_type": "code"}}


def _own_path(site: Site, request: Request) -> str:
    return request.url.path.removeprefix(site.base)


def form_page(show: Show, submit: Show) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of a page: `show` for GET, `submit` for an accepted POST."""

    async def endpoint(request: Request) -> Response:
        site = site_of(request)
        known = await recognise(site, request, defaults=_DEFAULTS.get(_own_path(site, request)))
        if isinstance(known, Redirected) and request.method == "POST":
            return leave(request, error_location(known))
        if isinstance(known, Shown | Redirected):
            return refuse(site, known)
        dress(request, site, known[0], known[1])
        note_client(known[1])
        browser = csrf.csrf_of(request).recognise(request.cookies.get(csrf.COOKIE))
        visit = Visit(request, site, *known, browser, catalogue_for(request))
        response = await (_count(visit, show, submit) if request.method == "POST" else show(visit))
        if browser.is_new:
            set_browser(site, browser, response)
        keep_device(site, visit.pool, request, response)
        return response

    return endpoint


async def _count(visit: Visit, show: Show, submit: Show) -> Response:
    """Count a form by the sender's address: what sends a message, and what the services refuse."""
    request, limiter = visit.request, visit.site.core.limiter
    address = client_address(request)
    sends = request.url.path.removeprefix(visit.site.base) in _SENDS
    wait = limiter.take(Limit.MESSAGES, address) if sends else 0.0
    wait = wait or limiter.take(Limit.FAILURES, address)
    if wait:
        response = error_page(request, "too_many", status=429)
        response.headers["retry-after"] = str(math.ceil(wait))
        return response
    try:
        return await _submit(visit, show, submit)
    finally:
        if not request.scope.get(_REFUSED):
            limiter.give_back(Limit.FAILURES, address)


async def _submit(visit: Visit, show: Show, submit: Show) -> Response:
    request, site = visit.request, visit.site
    if not csrf.is_own_page(request.headers, origins=own_origins(site, request)):
        log.warning("form from another site refused at %s", request.url.path)
        return error_page(request, "cross_site", status=403)
    form = await read_form(request)
    if isinstance(form, BodyProblem):
        too_large = form is BodyProblem.TOO_LARGE
        return error_page(
            request, "too_large" if too_large else "invalid_request", status=413 if too_large else 400
        )
    visit = replace(visit, form=form)
    if not csrf.csrf_of(request).accepts(request.cookies.get(csrf.COOKIE), form.get(csrf.FIELD)):
        return await show(visit.with_problems([visit.say("problem.page_expired")], status=403))
    return await submit(visit)


def own_origins(site: Site, request: Request) -> set[str]:
    """Return the origins that our own forms may come from."""
    # The Host header is the browser's own account of where the form went, so a page reached by another name
    # of this server (localhost for 127.0.0.1) still works; a foreign page cannot choose it.
    host = request.headers.get("host", "")
    return {site.origin, f"http://{host}", f"https://{host}"}


def set_browser(site: Site, browser: csrf.Browser, response: Response) -> None:
    """Let the browser keep the id that its forms are known by."""
    response.set_cookie(
        csrf.COOKIE, browser.token, path="/", secure=site.is_secure, httponly=True, samesite="lax"
    )
