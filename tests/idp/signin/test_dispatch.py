"""The decision after name and password, as a table."""

import pytest

from idp.model import User, UserStatus
from idp.outcomes import SignInReason
from idp.signin.dispatch import REASON_TEXTS, Step, decide_after_password, decide_before_password, refuse

NOW = 1_000_000.0


def user(status: UserStatus = UserStatus.CONFIRMED, **members: object) -> User:
    return User("pool", "sub", "ann", status, NOW, NOW, **members)  # type: ignore[arg-type]


AFTER = {
    "confirmed": (user(), True, Step.SIGNED_IN),
    "wrong password": (user(), False, SignInReason.INCORRECT),
    "unknown": (None, False, SignInReason.INCORRECT),
    "disabled": (user(enabled=False), True, SignInReason.INCORRECT),
    "disabled and unconfirmed": (user(UserStatus.UNCONFIRMED, enabled=False), True, SignInReason.INCORRECT),
    "unconfirmed": (user(UserStatus.UNCONFIRMED), True, SignInReason.NOT_CONFIRMED),
    "unconfirmed, wrong": (user(UserStatus.UNCONFIRMED), False, SignInReason.INCORRECT),
    "reset": (user(UserStatus.RESET_REQUIRED), True, SignInReason.RESET_REQUIRED),
    "temporary": (user(UserStatus.FORCE_CHANGE_PASSWORD, temporary_until=NOW + 1), True, Step.NEW_PASSWORD),
    "temporary, ended": (
        user(UserStatus.FORCE_CHANGE_PASSWORD, temporary_until=NOW),
        True,
        SignInReason.TEMPORARY_EXPIRED,
    ),
    "external": (user(UserStatus.EXTERNAL_PROVIDER), True, SignInReason.INCORRECT),
}


@pytest.mark.parametrize(("who", "is_right", "expected"), AFTER.values(), ids=AFTER)
def test_after_the_password(who: User | None, is_right: bool, expected: object) -> None:
    assert decide_after_password(who, is_right=is_right, now=NOW) is expected


@pytest.mark.parametrize("who", [None, user(), user(enabled=False), user(UserStatus.RESET_REQUIRED)])
def test_nothing_is_said_before_the_password_where_existence_is_hidden(who: User | None) -> None:
    assert decide_before_password(who, hide_existence=True) is None


def test_the_truth_before_the_password() -> None:
    found = [
        decide_before_password(who, hide_existence=False)
        for who in (None, user(enabled=False), user(UserStatus.RESET_REQUIRED), user())
    ]
    assert found == [SignInReason.UNKNOWN_USER, SignInReason.DISABLED, SignInReason.RESET_REQUIRED, None]


def test_every_status_leads_somewhere() -> None:
    for status in UserStatus:
        assert decide_after_password(user(status), is_right=True, now=NOW) is not None


def test_every_reason_with_a_fixed_text_says_it() -> None:
    without = {SignInReason.PASSWORD_UNFIT, SignInReason.ATTRIBUTES_UNFIT, SignInReason.TRIGGER_REFUSED}
    assert set(REASON_TEXTS) == set(SignInReason) - without
    assert refuse(SignInReason.INCORRECT).message == "Incorrect username or password."
