"""What comes next for a valid authorization request: straight back to the client, or the sign-in page.

Pure, and the one decider: the authorize endpoint and the pages both ask here (cognito.md 1.2 prompt and
max_age).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from idp.model import SsoSession
from idp.oauth.authorize import AuthorizeRequest
from idp.oauth.errors import Redirected


class Page(Enum):
    """A page that a browser has to visit before the client can be answered."""

    SIGN_IN = "/login"


@dataclass(frozen=True, slots=True)
class Grant:
    """The browser's session is enough: answer the client for this session's user."""

    session: SsoSession


def next_step(
    request: AuthorizeRequest, session: SsoSession | None, *, now: float
) -> Grant | Page | Redirected:
    """Decide the next step; `session` is the browser's live session of the client's pool, if any."""
    if session is not None and is_fresh(request, session, now=now):
        return Grant(session)
    if "none" in request.prompt:
        return request.refuse("login_required")
    return Page.SIGN_IN


def is_fresh(request: AuthorizeRequest, session: SsoSession, *, now: float) -> bool:
    """Whether `session` is recent enough for `max_age`, and no new sign-in was asked for."""
    if "login" in request.prompt:
        return False
    return request.max_age is None or now - session.auth_time <= request.max_age
