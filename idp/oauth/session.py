"""The `cognito` cookie: a browser's sign-in sessions, at most one for each pool (cognito.md 1.0).

The cookie holds opaque tokens, the core knows what they mean. Several pools on one host share the cookie,
so that signing in to one does not sign out of another. A sign-in always makes a new token: a cookie that
somebody planted before is never the one that becomes signed in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from idp.model import Client, Pool, User
from idp.outcomes import SignedIn
from idp.signin.session_settings import kept_seconds, may_reuse
from idp.site import Site

COOKIE = "cognito"
_SEPARATOR = "~"
_MAX_TOKENS = 8


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that a cookie opened, and whose it is."""

    token: str = field(repr=False)
    user: User
    auth_time: int
    amr: tuple[str, ...] = ()

    @property
    def signed_in(self) -> SignedIn:
        """The sign-in that the session is about."""
        return SignedIn(self.user, self.auth_time, self.amr)


def split_tokens(cookie: str | None) -> tuple[str, ...]:
    """Return the tokens of a cookie value, newest first."""
    return tuple(token for token in (cookie or "").split(_SEPARATOR)[:_MAX_TOKENS] if token)


async def find_session(
    site: Site, pool: Pool, request: Request, *, client: Client | None = None
) -> LiveSession | None:
    """Return the browser's session of this pool, if `client` may reuse it; None: as any may, for an hour."""
    live = await _find_any(site, pool, request)
    now = site.core.clock.now()
    return live if live is not None and may_reuse(pool, client, live.auth_time, now=now) else None


async def _find_any(site: Site, pool: Pool, request: Request) -> LiveSession | None:
    """Return the browser's live session of this pool, whoever may still reuse it."""
    for token in split_tokens(request.cookies.get(COOKIE)):
        found = await site.core.sessions.lookup(pool, token)
        if found is not None:
            return LiveSession(token, *found)
    return None


async def keep_session(site: Site, pool: Pool, token: str, *, request: Request, response: Response) -> None:
    """Put the session that an interactive sign-in opened into the browser, in place of the pool's last."""
    former = await _find_any(site, pool, request)
    held = split_tokens(request.cookies.get(COOKIE))
    others = [other for other in held if former is None or other != former.token]
    _write(site, response, [token, *others][:_MAX_TOKENS])


async def end_session(site: Site, pool: Pool, *, request: Request, response: Response) -> None:
    """End the browser's session of this pool, in the store and in the cookie."""
    former = await _find_any(site, pool, request)
    if former is None:
        return
    await site.core.sessions.end(former.token)
    held = split_tokens(request.cookies.get(COOKIE))
    _write(site, response, [token for token in held if token != former.token])


def _write(site: Site, response: Response, tokens: list[str]) -> None:
    # As long as the longest of the sessions that may be in it: the store knows when each of them ends.
    lifetime = max((kept_seconds(pool) for pool, _ in site.core.management.catalog.entries), default=0)
    # Host-only (no Domain). Lax: an app's redirect to /oauth2/authorize is a cross-site navigation.
    response.set_cookie(
        COOKIE,
        _SEPARATOR.join(tokens),
        max_age=lifetime if tokens else 0,
        path="/",
        secure=site.is_secure,
        httponly=True,
        samesite="lax",
    )
