"""What comes next for a valid authorization request: back to the client, or the sign-in page.

Pure, and the one decider: the authorize endpoint and the pages both ask here (cognito.md 1.2 prompt and
max_age).
"""

from __future__ import annotations

from enum import Enum

from idp.oauth.authorize import AuthorizeRequest
from idp.oauth.errors import Redirected


class Next(Enum):
    """The ways on that are no error."""

    GRANT = "grant"
    """The browser's session is enough: answer the client."""
    SIGN_IN = "/login"
    """Somebody has to sign in first."""


def next_step(request: AuthorizeRequest, auth_time: int | None, *, now: float) -> Next | Redirected:
    """Decide the next step; `auth_time` is the sign-in of the browser's live session, None without one."""
    if auth_time is not None and is_fresh(request, auth_time, now=now):
        return Next.GRANT
    if "none" in request.prompt:
        return request.refuse("login_required")
    return Next.SIGN_IN


def is_fresh(request: AuthorizeRequest, auth_time: int, *, now: float) -> bool:
    """Whether a session is recent enough for `max_age`, and no new sign-in was asked for."""
    if "login" in request.prompt:
        return False
    return request.max_age is None or now - auth_time <= request.max_age
