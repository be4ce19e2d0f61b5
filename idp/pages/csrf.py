"""Forms are accepted only from our own pages in the same browser.

Two independent checks. The browser's own word (`Sec-Fetch-Site`, `Origin`), which no page can forge, and a
signed double-submit token: the `XSRF-TOKEN` cookie and the `_csrf` field (Cognito's names) must both carry
a valid signature and the same browser id. The id, not the whole text, is compared, so that a cookie renewed
in one tab does not spoil the form that waits in another.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from itsdangerous import BadSignature, SignatureExpired, TimestampSigner
from starlette.requests import Request

from idp.clock import Clock

COOKIE = "XSRF-TOKEN"
FIELD = "_csrf"
LIFETIME_SECONDS = 24 * 3600
_RENEW_SECONDS = LIFETIME_SECONDS // 2
_ALLOWED_SITES = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser, known by a random id in its cookie; `token` is the signed id for cookie and forms."""

    id: str = field(repr=False)
    token: str = field(repr=False)
    is_new: bool
    """The cookie has to be set: there was none, or it is about to expire."""


class CsrfTokens:
    """Makes and checks the tokens under one key."""

    def __init__(self, key: str, clock: Clock) -> None:
        self._signer = _ClockedSigner(key, clock)

    def recognise(self, cookie: str | None) -> Browser:
        """Return the browser that `cookie` names, or a new one."""
        opened = self._open(cookie)
        if opened is None:
            return self._issue(secrets.token_urlsafe(18))
        browser_id, age = opened
        if age > _RENEW_SECONDS:
            return self._issue(browser_id)
        return Browser(browser_id, cookie or "", is_new=False)

    def accepts(self, cookie: str | None, field_value: str | None) -> bool:
        """Whether a form with `field_value` was made for the browser that sends `cookie`."""
        ours, theirs = self._open(cookie), self._open(field_value)
        return ours is not None and theirs is not None and secrets.compare_digest(ours[0], theirs[0])

    def _issue(self, browser_id: str) -> Browser:
        return Browser(browser_id, self._signer.sign(browser_id).decode(), is_new=True)

    def _open(self, token: str | None) -> tuple[str, int] | None:
        try:
            value, signed_at = self._signer.unsign(
                token or "", max_age=LIFETIME_SECONDS, return_timestamp=True
            )
        except (BadSignature, SignatureExpired, UnicodeError):
            return None
        return value.decode("ascii"), self._signer.get_timestamp() - int(signed_at.timestamp())


class _ClockedSigner(TimestampSigner):
    """itsdangerous' signer on our clock, with SHA-256 (its default digest is SHA-1)."""

    def __init__(self, key: str, clock: Clock) -> None:
        super().__init__(key, salt="idp.pages.csrf", digest_method=hashlib.sha256)
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock.now())


def is_own_page(headers: Mapping[str, str], *, origins: Collection[str]) -> bool:
    """Whether the browser says that the form came from one of `origins`, or is too old to say anything.

    `Origin: null` (a sandboxed frame, a cross-site redirect) is foreign. A client that sends neither header
    is no browser of the last years, or a script: there the double-submit token decides alone.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _ALLOWED_SITES
    origin = headers.get("origin")
    return origin is None or origin in origins


def csrf_of(request: Request) -> CsrfTokens:
    """Return the tokens of the app that serves this request."""
    tokens = request.app.state.csrf
    assert isinstance(tokens, CsrfTokens)
    return tokens
