"""The user pool as one ASGI application: the core, the endpoints and the pages put together.

Runs alone (`python -m idp`), mounted, or in the load balancer's process. `create_app` reads the
configuration; `prepare` opens the store and seeds it, called by hand or by the lifespan.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from idp.api import door
from idp.api.access import Gate
from idp.clock import Clock
from idp.config import parse_access, parse_functions, parse_guard, parse_pools, parse_sms, parse_smtp
from idp.console.routes import routes as console_routes
from idp.core import Core
from idp.headers import SecureHeaders
from idp.imports import upload
from idp.oauth import authorize_endpoint, discovery, logout, revoke, token, userinfo
from idp.oauth.answers import readable_by_any_origin
from idp.pages import (
    assets,
    change,
    codes,
    errors,
    feedback,
    home,
    inbox,
    login,
    looks,
    mfa,
    passkeys,
    recovery,
    signup,
)
from idp.pages.csrf import CsrfTokens
from idp.pages.visit import form_page
from idp.protection.limiter import Limiter
from idp.protection.notices import PAGE
from idp.site import Site
from idp.store.base import StoreUnavailable
from idp.throttle import Throttle
from idp.users.passwords import HashCost

T = TypeVar("T")


class _Application(Starlette):
    """Starlette with our headers outermost: its own middleware list ends inside the handler of failures."""

    def build_middleware_stack(self) -> ASGIApp:
        """Wrap everything, error pages included."""
        secure = str(self.state.public_url).startswith("https://")
        throttled = Throttle(super().build_middleware_stack(), self.state.limiter)
        return SecureHeaders(throttled, secure=secure)


_API_METHODS = ("POST", "OPTIONS")
_PAGES = {
    "/login": (login.show_login, login.submit_login),
    "/signup": (signup.show_signup, signup.submit_signup),
    "/confirm": (signup.show_confirm, signup.submit_confirm),
    "/resendcode": (signup.show_resend, signup.submit_resend),
    "/forgotPassword": (recovery.show_forgot, recovery.submit_forgot),
    "/confirmforgotPassword": (recovery.show_reset, recovery.submit_reset),
    "/changePassword": (change.show_change, change.submit_change),
    "/login/code": (codes.show_code_request, codes.submit_code_request),
    "/login/passkey": (passkeys.show_passkey, passkeys.submit_passkey),
    "/passkeys/add": (passkeys.show_add, passkeys.submit_add),
    "/mfa": (mfa.show_code, mfa.submit_code),
    "/mfa/resend": (mfa.show_code, mfa.submit_resend),
    "/mfa/choose": (mfa.show_choice, mfa.submit_choice),
    "/mfa/setup": (mfa.show_setup, mfa.submit_setup),
}


def create_app(
    document: Sequence[Any] | Mapping[str, Any],
    *,
    public_url: str,
    data_directory: Path,
    smtp: Mapping[str, Any] | None = None,
    sms: Mapping[str, Any] | None = None,
    access: Mapping[str, Any] | None = None,
    guard: Mapping[str, Any] | None = None,
    functions: Mapping[str, Any] | None = None,
    functions_folder: Path | None = None,
    issuer_overrides: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    database: str | None = None,
    hash_cost: HashCost | None = None,
) -> Starlette:
    """Make the application for the user pools of `document`; raises InvalidPools with every problem.

    `public_url` is how browsers reach it, a path included; `access` has the `AccessKeys` and `SignatureCheck`
    of the API, `guard` the `TrustedProxies` and `RateLimits`, `functions` the `Functions` and
    `LambdaEndpoint` of triggers, whose files count from `functions_folder` (default: the working directory);
    `database` and `hash_cost` are `Core.open`'s.
    """
    public_url = public_url.rstrip("/")
    limiter = Limiter(parse_guard(guard or {}), clock)
    app = _Application(
        routes=_under(Site.base_of(public_url), _routes()),
        exception_handlers={
            HTTPException: errors.answer_http_exception,
            StoreUnavailable: errors.answer_outage,
            Exception: errors.answer_failure,
        },
        lifespan=_lifespan,
    )
    app.state.open_core = partial(
        Core.open,
        parse_pools(document),
        public_url=public_url,
        data_directory=data_directory,
        smtp=None if smtp is None else parse_smtp(smtp),
        sms=None if sms is None else parse_sms(sms),
        functions=parse_functions(functions or {}, folder=functions_folder or Path()),
        issuer_overrides=issuer_overrides,
        clock=clock,
        database=database,
        hash_cost=hash_cost,
        limiter=limiter,
    )
    app.state.public_url = public_url
    app.state.limiter = limiter
    app.state.gate = Gate(parse_access(access or {}))
    app.state.core = None
    app.state.opening = asyncio.Lock()
    return app


async def prepare(app: Starlette) -> None:
    """Open the store in line with the configuration and start serving; a second call does nothing."""
    async with app.state.opening:
        if app.state.core is not None:
            return
        core: Core = await app.state.open_core()
        app.state.site = Site(core, app.state.public_url)
        app.state.csrf = CsrfTokens(core.vault.mac("csrf-key"), core.clock)
        app.state.core = core
        await core.management.import_runner.resume()
        app.state.gate.warn()


async def close(app: Starlette) -> None:
    """Close the store; a second call does nothing."""
    async with app.state.opening:
        core, app.state.core = app.state.core, None
        if core is not None:
            await core.close()


def provider_for(app: Starlette, user_pool: str, client: str) -> Mapping[str, str]:
    """Return what `authenticate-cognito` needs to know of a client, by name, id or ARN.

    Raises LookupError with a text that says what there is.
    """
    if app.state.core is None:
        raise LookupError("the user pool is not open yet")
    site: Site = app.state.site
    known = site.core.management.catalog.entries
    name = user_pool.rpartition("userpool/")[2]
    pool, clients = _pick(known, name, kind="user pool", of=lambda entry: (entry[0].id, entry[0].name))
    found = _pick(clients, client, kind=f"app client in user pool {pool.name}", of=lambda c: (c.id, c.name))
    if not found.is_confidential:
        raise LookupError(
            f"app client `{found.name}` has no secret: set GenerateSecret for the load balancer"
        )
    return {
        "issuer": site.core.issuer(pool),
        "authorization_endpoint": site.url("/oauth2/authorize"),
        "token_endpoint": site.url("/oauth2/token"),
        "user_info_endpoint": site.url("/oauth2/userInfo"),
        "jwks_uri": site.url(f"/{pool.id}/.well-known/jwks.json"),
        "client_id": found.id,
        "client_secret": found.secrets[0].reveal(),
    }


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    await prepare(app)
    try:
        yield
    finally:
        await close(app)


def _routes() -> list[BaseRoute]:
    """Lay out every path. Machine endpoints answer OPTIONS themselves; the rest know no other origin."""
    return [
        Route("/", home.show_home),
        Route("/", door.api, methods=_API_METHODS),
        Route("/oauth2/authorize", authorize_endpoint.authorize),
        _machine("/oauth2/token", token.token, "POST"),
        _machine("/oauth2/revoke", revoke.revoke, "POST"),
        _machine("/oauth2/userInfo", userinfo.user_info, "GET", "POST"),
        Route("/logout", logout.logout),
        Route("/error", errors.show_error),
        *(Route(path, form_page(*page), methods=["GET", "POST"]) for path, page in _PAGES.items()),
        Route(PAGE, feedback.feedback, methods=["GET", "POST"]),
        Route("/import/{pool}/{job}", upload.put_file, methods=["PUT"]),
        Route("/dev/inbox", inbox.show_inbox),
        Route("/look/{pool}/{name}", looks.serve_look),
        *console_routes(),
        Route("/static/{name}", assets.serve_asset),
        _machine("/{pool}/.well-known/openid-configuration", discovery.openid_configuration, "GET"),
        _machine("/{pool}/.well-known/jwks.json", discovery.jwks, "GET"),
    ]


def _machine(path: str, handler: Any, *methods: str) -> Route:
    return Route(path, readable_by_any_origin(handler), methods=[*methods, "OPTIONS"])


def _pick(entries: Sequence[T], name: str, *, kind: str, of: Callable[[T], tuple[str, str]]) -> T:
    """Return the entry with this id, or else with this name."""
    for part in range(2):
        for entry in entries:
            if of(entry)[part] == name:
                return entry
    there = ", ".join(f"{known} ({key})" for key, known in map(of, entries)) or "none"
    raise LookupError(f"there is no {kind} called `{name}`; there are: {there}")


def _under(base: str, routes: list[BaseRoute]) -> list[BaseRoute]:
    """Put everything under the path of the public URL; SDKs leave its final slash away."""
    if not base:
        return routes
    bare = [Route(base, home.show_home), Route(base, door.api, methods=_API_METHODS)]
    return [Mount(base, routes=routes), *bare]
