"""What comes next for a valid authorization request: back to the client, or the sign-in page.

Pure, and the one decider: the authorize endpoint and the pages both ask here (cognito.md 1.2 prompt, max_age
and acr_values).
"""

from __future__ import annotations

from enum import Enum

from idp.oauth.authorize import AuthorizeRequest
from idp.oauth.errors import Redirected
from idp.outcomes import SignedIn
from idp.signin.assurance import level_of


class Next(Enum):
    """The ways on that are no error."""

    GRANT = "grant"
    """The browser's session is enough: answer the client."""
    SIGN_IN = "/login"
    """Somebody has to sign in first, or to prove more."""


def next_step(request: AuthorizeRequest, session: SignedIn | None, *, now: float) -> Next | Redirected:
    """Decide the next step; `session` is the sign-in of the browser's live session."""
    if session is not None and is_fresh(request, session.auth_time, now=now) and is_enough(request, session):
        return Next.GRANT
    if "none" in request.prompt:
        return request.refuse("login_required")
    return Next.SIGN_IN


def is_fresh(request: AuthorizeRequest, auth_time: int, *, now: float) -> bool:
    """Whether a session is recent enough for `max_age`, and no new sign-in was asked for."""
    if "login" in request.prompt:
        return False
    return request.max_age is None or now - auth_time <= request.max_age


def is_enough(request: AuthorizeRequest, session: SignedIn) -> bool:
    """Whether a sign-in has a level that the request wants.

    The preferred one, as long as the user can still be asked for more; any, where no page may be shown.
    """
    if not request.levels:
        return True
    needed = min(request.levels) if "none" in request.prompt else request.levels[0]
    return level_of(session.amr) >= needed
