"""When a browser's session is enough, and when its user has to sign in (cognito.md 1.2)."""

from dataclasses import replace

import pytest

from idp.model import User, UserStatus
from idp.oauth.authorize import AuthorizeRequest
from idp.oauth.errors import Redirected
from idp.oauth.flow import Next, next_step
from idp.outcomes import SignedIn

NOW = 10_000.0
REQUEST = AuthorizeRequest("app", "https://app.example/cb", "code", ("openid",), state="s")
USER = User("local_one", "sub", "ann", UserStatus.CONFIRMED, 0.0, 0.0)
SIGNED_IN = SignedIn(USER, 9_900, ("pwd",))


def test_session_answers_the_client_at_once() -> None:
    assert next_step(REQUEST, SIGNED_IN, now=NOW) is Next.GRANT


def test_no_session_leads_to_the_sign_in_page() -> None:
    assert next_step(REQUEST, None, now=NOW) is Next.SIGN_IN


def test_prompt_login_asks_again_in_spite_of_a_session() -> None:
    assert next_step(replace(REQUEST, prompt=frozenset({"login"})), SIGNED_IN, now=NOW) is Next.SIGN_IN


@pytest.mark.parametrize(
    ("max_age", "enough"), [(99, False), (100, True), (0, False)], ids=["older", "exactly", "zero"]
)
def test_max_age_is_held_against_the_interactive_sign_in(max_age: int, enough: bool) -> None:
    step = next_step(replace(REQUEST, max_age=max_age), SIGNED_IN, now=NOW)
    assert (step is Next.GRANT) is enough


@pytest.mark.parametrize("max_age", [None, 5], ids=["no session", "session too old"])
def test_prompt_none_never_shows_a_page(max_age: int | None) -> None:
    request = replace(REQUEST, prompt=frozenset({"none"}), max_age=max_age)
    step = next_step(request, SIGNED_IN if max_age else None, now=NOW)
    assert step == Redirected(REQUEST.redirect_uri, "login_required", None, "s")


def test_prompt_none_with_a_session_is_silent() -> None:
    assert next_step(replace(REQUEST, prompt=frozenset({"none"})), SIGNED_IN, now=NOW) is Next.GRANT


@pytest.mark.parametrize(
    ("levels", "amr", "prompt", "enough"),
    [
        ((), (), "", True),
        ((4,), ("pwd",), "", False),
        ((4,), ("pwd", "otp", "mfa"), "", True),
        ((4, 1), ("pwd",), "", False),
        ((1, 4), ("pwd",), "", True),
        ((4, 1), ("pwd",), "none", True),
        ((1,), (), "", False),
    ],
    ids=["none asked", "too low", "reached", "preferred first", "enough at once", "silent", "unknown"],
)
def test_a_session_must_have_the_level_that_is_asked_for(
    levels: tuple[int, ...], amr: tuple[str, ...], prompt: str, enough: bool
) -> None:
    request = replace(REQUEST, levels=levels, prompt=frozenset(prompt.split()))
    step = next_step(request, replace(SIGNED_IN, amr=amr), now=NOW)
    assert (step is Next.GRANT) is enough


def test_prompt_none_and_too_low_a_level_answers_the_client() -> None:
    request = replace(REQUEST, levels=(3,), prompt=frozenset({"none"}))
    assert next_step(request, SIGNED_IN, now=NOW) == Redirected(
        REQUEST.redirect_uri, "login_required", None, "s"
    )
