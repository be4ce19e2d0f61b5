"""One request to the console: who asks, of which pool, and the form they post.

`page` is the shared frame of every address below `/admin/POOL`. It looks the pool, the browser's session, its
age and the membership of the admin group up anew each time, so that whoever is disabled, signed out or taken
out of the group is outside with the next click; a POST also has to come from our own page and carry the
token of this very session. No page can forget a check.

What cannot be undone, hands out a secret or opens somebody's account wants a recent sign-in on top: whoever
finds an open console does not get far.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from idp.console.client import admin_group, console_client, entrance
from idp.console.upload import Sent, read_upload
from idp.core import Core
from idp.model import Pool, User
from idp.oauth.answers import found, see_other
from idp.oauth.body import BodyProblem, read_form
from idp.oauth.parameters import Parameters
from idp.oauth.session import LiveSession, find_session
from idp.pages import csrf
from idp.pages.errors import error_page
from idp.pages.fields import translate
from idp.pages.i18n import Catalogue
from idp.pages.local import client_address
from idp.pages.render import catalogue_for, render
from idp.pages.visit import own_origins
from idp.seal import SealBroken
from idp.site import Site, site_of
from idp.texts import Text

log = logging.getLogger(__name__)
FLASH_COOKIE: Final = "console-flash"
FLASH_SECONDS: Final = 60
SIGN_IN_SECONDS: Final = 600
"""How long a sign-in may take whose end is to find its flash."""
RECENT_SECONDS: Final = 300
"""How old a sign-in may be where a form for a dangerous act is shown."""
FILLING_SECONDS: Final = 300
"""How much older where that form comes back: it has to be filled in."""
SECTIONS: Final = ("users", "groups", "clients", "import", "settings")
LONGEST_RETURN: Final = 2000


@dataclass(frozen=True, slots=True)
class Flash:
    """What the last action came to, told once on the next page."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a page of the console works with."""

    request: Request
    site: Site
    pool: Pool
    group: str
    """The pool's admin group."""
    live: LiveSession
    catalogue: Catalogue
    form: Parameters = field(default_factory=Parameters)
    file: UploadFile | None = None
    """What came with the form."""
    problems: tuple[str, ...] = ()

    @property
    def admin(self) -> User:
        """Who is at work."""
        return self.live.user

    @property
    def core(self) -> Core:
        """The core that does what is asked."""
        return self.site.core

    @property
    def has_others(self) -> bool:
        """Whether another pool of this server has a console, too."""
        pools = (pool for pool, _ in self.core.management.catalog.entries)
        return any(admin_group(pool) for pool in pools if pool.id != self.pool.id)

    @property
    def age(self) -> float:
        """How many seconds ago the administrator signed in."""
        return self.core.clock.now() - self.live.auth_time

    @property
    def is_recent(self) -> bool:
        """Whether the sign-in is young enough for a dangerous act; a form's sending may take a while."""
        filling = FILLING_SECONDS if self.request.method == "POST" else 0
        return self.age <= RECENT_SECONDS + filling

    def say(self, key: str, **values: object) -> str:
        """Return a text of the page's language."""
        return self.catalogue.text(key, **values)

    def path(self, path: str, **query: str | None) -> str:
        """Return the address of a page of this pool's console."""
        given = {name: value for name, value in query.items() if value}
        return self.site.path(f"/admin/{self.pool.id}{path}") + (f"?{urlencode(given)}" if given else "")

    def refused(self, text: Text | str) -> Desk:
        """Return this desk with a refusal to tell."""
        told = text if isinstance(text, str) else translate(text, self.catalogue)
        return replace(self, problems=(told,))

    def record(self, action: str, *, target: str = "", **details: str) -> None:
        """Write the audit line of an action: who did what to whom, in ids; values are nobody's business."""
        told = "".join(f" {name}={value!r}" for name, value in sorted(details.items()))
        log.info(
            "console: pool=%s admin=%s address=%r action=%s target=%r%s",
            self.pool.id,
            self.admin.sub,
            client_address(self.request),
            action,
            target,
            told,
        )

    def done(self, path: str, key: str, values: Mapping[str, str] | None = None, **query: str) -> Response:
        """Go on to a page that tells what was done."""
        response = see_other(self.path(path, **query))
        self._keep_flash(response, Flash(key, values or {}))
        return response

    def step_up(self, path: str, **query: str) -> Response:
        """Ask for a new sign-in before a dangerous act; nothing was done, and it leads back to the form."""
        response = see_other(self.renewal(path, **query))
        flash = Flash("console.step_up", {"minutes": str(RECENT_SECONDS // 60)})
        self._keep_flash(response, flash, seconds=SIGN_IN_SECONDS)
        return response

    def renewal(self, path: str, **query: str | None) -> str:
        """Return the address of a new sign-in that leads back to a page."""
        wanted = self.path(path, **query).removeprefix(self.site.base)
        return _sign_in_address(self.site, self.pool, wanted, prompt="login")

    def render(self, template: str, title: str, *, here: str, **context: Any) -> Response:
        """Render a page; `here` is the part of the console that it belongs to."""
        flash = self._read_flash()
        defaults = {
            "title": title,
            "brand": self.pool.name,
            "here": here,
            "sections": SECTIONS,
            "url": self.path,
            "csrf": csrf_token(self.site, self.pool, self.live),
            "pool": self.pool,
            "has_others": self.has_others,
            "admin": self.admin.email or self.admin.username,
            "is_recent": self.age <= RECENT_SECONDS,
            "renewal": self.renewal,
            "problems": self.problems,
            "flash": flash and self.say(flash.key, **flash.values),
        }
        status = 400 if self.problems else 200
        response = render(self.request, f"console/{template}", defaults | context, status=status)
        if FLASH_COOKIE in self.request.cookies:
            self._set_flash(response, "")
        return response

    def missing(self, title: str, *, here: str) -> Response:
        """Say that what the address names is not there (any more)."""
        response = self.render("missing.html", title, here=here)
        response.status_code = 404
        return response

    @property
    def _flash_purpose(self) -> str:
        return f"console-flash:{self.pool.id}:{self.admin.sub}"

    def _read_flash(self) -> Flash | None:
        sealed = self.request.cookies.get(FLASH_COOKIE)
        try:
            return Flash(*json.loads(self.core.vault.open_text(sealed or "", purpose=self._flash_purpose)))
        except SealBroken:
            return None

    def _keep_flash(self, response: Response, flash: Flash, *, seconds: int = FLASH_SECONDS) -> None:
        told = json.dumps([flash.key, dict(flash.values)])
        sealed = self.core.vault.seal_text(told, purpose=self._flash_purpose)
        self._set_flash(response, sealed, seconds=seconds)

    def _set_flash(self, response: Response, value: str, *, seconds: int = 0) -> None:
        response.set_cookie(
            FLASH_COOKIE,
            value,
            max_age=seconds,
            path=self.site.path("/admin"),
            secure=self.site.is_secure,
            httponly=True,
            samesite="strict",
        )


Handler = Callable[[Desk], Awaitable[Response]]
Back = Callable[[Desk], str]


@dataclass(frozen=True, slots=True)
class _Post:
    """What is done with a form."""

    submit: Handler
    recent: Back | None
    upload: int | None


def page(
    path: str,
    show: Handler | None = None,
    submit: Handler | None = None,
    *,
    recent: Back | None = None,
    upload: int | None = None,
) -> Route:
    """Make the route of a page: `show` for GET, `submit` for an accepted POST.

    With `recent`, both want a recent sign-in; it names the path to lead back to after a new one. With
    `upload`, the form is one with a file and has at most so many bytes.
    """

    async def endpoint(request: Request) -> Response:
        desk = await enter(request)
        if isinstance(desk, Response):
            return desk
        if request.method == "POST" and submit is not None:
            return await _submit(desk, _Post(submit, recent, upload))
        assert show is not None
        if recent is not None and not desk.is_recent:
            return found(_sign_in_address(desk.site, desk.pool, _wanted(desk.site, request), prompt="login"))
        return await show(desk)

    methods = [*(["GET"] if show else []), *(["POST"] if submit else [])]
    return Route("/admin/{pool}" + path, endpoint, methods=methods)


async def enter(request: Request) -> Desk | Response:
    """Let an administrator of the pool in; anybody else is sent to sign in, or told why not."""
    site = site_of(request)
    pool = await site.core.pool(request.path_params["pool"])
    if pool is None:
        raise HTTPException(404)
    group = admin_group(pool)
    if group is None:
        return error_page(request, "console_off", status=404)
    live = await find_session(site, pool, request)
    if live is None or site.core.clock.now() - live.auth_time > pool.admin_session_minutes * 60:
        return ask_to_sign_in(site, pool, request)
    async with site.core.store.reading() as records:
        groups = await records.groups.of(pool.id, live.user.sub)
    desk = Desk(request, site, pool, group, live, catalogue_for(request))
    if group not in {each.name for each in groups}:
        log.warning("console: pool=%s user=%s is no administrator", pool.id, live.user.sub)
        return _turn_away(desk)
    return desk


def ask_to_sign_in(site: Site, pool: Pool, request: Request) -> Response:
    """Send a browser to the pool's sign-in page, and back to where it wanted to go."""
    answer = see_other if request.method == "POST" else found
    return answer(_sign_in_address(site, pool, _wanted(site, request)))


def _wanted(site: Site, request: Request) -> str:
    """Return the page that a request is for, to come back to; a form's address is no page."""
    if request.method != "GET":
        return ""
    query = f"?{request.url.query}" if request.url.query else ""
    return request.url.path.removeprefix(site.base) + query


def _sign_in_address(site: Site, pool: Pool, wanted: str, **more: str) -> str:
    state = site.core.vault.seal_text(wanted[:LONGEST_RETURN], purpose=_return_purpose(pool))
    query = {
        "client_id": console_client(pool).id,
        "redirect_uri": site.url(entrance(pool)),
        "response_type": "code",
        "max_age": str(pool.admin_session_minutes * 60),
        "state": state,
        **more,
    }
    return f"{site.path('/oauth2/authorize')}?{urlencode(query)}"


async def come_back(desk: Desk) -> Response:
    """Lead on to the page that was asked for before the sign-in, as far as it is one of this console."""
    home = desk.path("/users")
    try:
        state = desk.request.query_params.get("state") or ""
        wanted = desk.core.vault.open_text(state, purpose=_return_purpose(desk.pool))
    except SealBroken:
        return found(home)
    # Sealed by us, and still held against the console's own addresses: no other page is led to.
    inside = f"/admin/{desk.pool.id}/"
    is_inside = wanted.startswith(inside) and not wanted.startswith(entrance(desk.pool))
    return found(desk.site.path(wanted) if is_inside else home)


def csrf_token(site: Site, pool: Pool, live: LiveSession) -> str:
    """Return what forms of this session carry; another session's, the same person's included, is refused."""
    return site.core.vault.mac("console-csrf", pool.id, live.token)


async def _submit(desk: Desk, post: _Post) -> Response:
    request, site = desk.request, desk.site
    if not csrf.is_own_page(request.headers, origins=own_origins(site, request)):
        log.warning("console: form from another site refused at pool %s", desk.pool.id)
        return error_page(request, "cross_site", status=403)
    if post.upload is not None and post.recent is not None and not desk.is_recent:
        return desk.step_up(post.recent(desk))  # unread: a file takes its time
    sent = await _read(request, post.upload)
    if isinstance(sent, BodyProblem):
        too_large = sent is BodyProblem.TOO_LARGE
        return error_page(
            request, "too_large" if too_large else "invalid_request", status=413 if too_large else 400
        )
    try:
        return await _take(desk, post, sent)
    finally:
        await sent.close()


async def _take(desk: Desk, post: _Post, sent: Sent) -> Response:
    expected = csrf_token(desk.site, desk.pool, desk.live)
    if not hmac.compare_digest(expected.encode(), sent.form.text(csrf.FIELD).encode()):
        log.warning("console: form without this session's token refused at pool %s", desk.pool.id)
        return error_page(desk.request, "console_expired", status=403)
    desk = replace(desk, form=sent.form, file=sent.file)
    if post.recent is not None and not desk.is_recent:
        return desk.step_up(post.recent(desk))
    return await post.submit(desk)


async def _read(request: Request, upload: int | None) -> Sent | BodyProblem:
    if upload is not None:
        return await read_upload(request, upload)
    form = await read_form(request)
    return form if isinstance(form, BodyProblem) else Sent(form)


def _turn_away(desk: Desk) -> Response:
    again = _sign_in_address(desk.site, desk.pool, _wanted(desk.site, desk.request), prompt="login")
    response = desk.render("denied.html", "console.denied", here="", again=again)
    response.status_code = 403
    return response


def _return_purpose(pool: Pool) -> str:
    return f"console-return:{pool.id}"
