"""What a sign-in comes to, as a table."""

from dataclasses import replace

import pytest

from idp.model import User, UserStatus
from idp.outcomes import SignInReason
from idp.signin.dispatch import (
    REASON_TEXTS,
    DeviceStanding,
    Proved,
    Step,
    decide_before_password,
    decide_next,
    refuse,
)
from idp.signin.flows.factors import Wanted
from idp.signin.flows.names import AuthFlow, ChallengeName

NOW = 1_000_000.0


def user(status: UserStatus = UserStatus.CONFIRMED, **members: object) -> User:
    return User("pool", "sub", "ann", status, NOW, NOW, **members)  # type: ignore[arg-type]


NEEDS = Wanted(ask=(ChallengeName.SOFTWARE_TOKEN_MFA,))
TWO = Wanted(ask=(ChallengeName.SOFTWARE_TOKEN_MFA, ChallengeName.SMS_MFA))
SETUP = Wanted(set_up=(ChallengeName.SOFTWARE_TOKEN_MFA,))
STUCK = Wanted(is_impossible=True)
D, R, F = DeviceStanding, SignInReason, AuthFlow
PWD, OTP = Proved(by_password=True), Proved(by_password=False, is_second_done=True)
RISKY = Proved(is_risky=True)
TEMPORARY = user(UserStatus.FORCE_CHANGE_PASSWORD, temporary_until=NOW + 1)
ENDED = user(UserStatus.FORCE_CHANGE_PASSWORD, temporary_until=NOW)

NEXT: dict[str, tuple[dict[str, object], object]] = {
    "confirmed": ({}, Step.SIGNED_IN),
    "disabled": ({"user": user(enabled=False)}, R.INCORRECT),
    "disabled and unconfirmed": ({"user": user(UserStatus.UNCONFIRMED, enabled=False)}, R.INCORRECT),
    "unconfirmed": ({"user": user(UserStatus.UNCONFIRMED)}, R.NOT_CONFIRMED),
    "reset": ({"user": user(UserStatus.RESET_REQUIRED)}, R.RESET_REQUIRED),
    "external": ({"user": user(UserStatus.EXTERNAL_PROVIDER)}, R.INCORRECT),
    "temporary": ({"user": TEMPORARY}, Step.NEW_PASSWORD),
    "temporary, ended": ({"user": ENDED}, R.TEMPORARY_EXPIRED),
    "temporary comes before a factor": ({"user": TEMPORARY, "wanted": NEEDS}, Step.NEW_PASSWORD),
    "a code needs no temporary password": ({"user": ENDED, "proved": OTP}, Step.SIGNED_IN),
    "one factor": ({"wanted": NEEDS}, Step.ASK),
    "several factors": ({"wanted": TWO}, Step.SELECT),
    "none yet": ({"wanted": SETUP}, Step.SET_UP),
    "none possible": ({"wanted": STUCK}, R.FACTOR_IMPOSSIBLE),
    "factor done": ({"wanted": NEEDS, "proved": Proved(is_second_done=True)}, Step.SIGNED_IN),
    "unknown device": ({"device": D.UNKNOWN}, R.DEVICE_UNKNOWN),
    "unknown device before a factor": ({"device": D.UNKNOWN, "wanted": NEEDS}, R.DEVICE_UNKNOWN),
    "pending device": ({"device": D.PENDING}, Step.SIGNED_IN),
    "known device": ({"device": D.KNOWN}, Step.DEVICE),
    "known device does not spare a factor": ({"device": D.KNOWN, "wanted": NEEDS}, Step.ASK),
    "trusted device instead of a factor": ({"device": D.TRUSTED, "wanted": NEEDS}, Step.DEVICE),
    "trusted device instead of a dead end": ({"device": D.TRUSTED, "wanted": STUCK}, Step.DEVICE),
    "trusted device at a risk": ({"device": D.TRUSTED, "wanted": NEEDS, "proved": RISKY}, Step.ASK),
    "custom, defined, at a risk": (
        {
            "flow": F.CUSTOM_AUTH,
            "proved": replace(RISKY, by_password=False, by_trigger=True),
            "wanted": NEEDS,
        },
        Step.ASK,
    ),
    "at a risk, factor done": (
        {"wanted": NEEDS, "proved": replace(RISKY, is_second_done=True)},
        Step.SIGNED_IN,
    ),
    "custom": ({"flow": F.CUSTOM_AUTH, "proved": Proved(by_password=False)}, Step.DEFINE),
    "custom, password": ({"flow": F.CUSTOM_AUTH, "wanted": NEEDS}, Step.ASK),
    "custom, defined": (
        {"flow": F.CUSTOM_AUTH, "proved": Proved(by_password=False, by_trigger=True), "wanted": NEEDS},
        Step.SIGNED_IN,
    ),
    "custom, defined, device": (
        {"flow": F.CUSTOM_AUTH, "proved": Proved(False, False, True), "device": D.KNOWN},
        Step.DEVICE,
    ),
    "custom, defined, unconfirmed": (
        {"flow": F.CUSTOM_AUTH, "user": user(UserStatus.UNCONFIRMED), "proved": Proved(False, False, True)},
        R.NOT_CONFIRMED,
    ),
}


@pytest.mark.parametrize(("case", "expected"), NEXT.values(), ids=NEXT)
def test_what_follows_a_proof(case: dict[str, object], expected: object) -> None:
    given = {"flow": F.USER_SRP_AUTH, "proved": PWD, "wanted": Wanted(), "device": D.NONE, **case}
    who = given.pop("user", user())
    assert decide_next(who, now=NOW, **given) is expected  # type: ignore[arg-type]


@pytest.mark.parametrize("who", [None, user(), user(enabled=False), user(UserStatus.RESET_REQUIRED)])
def test_nothing_is_said_before_the_password_where_existence_is_hidden(who: User | None) -> None:
    assert decide_before_password(who, hide_existence=True) is None


def test_the_truth_before_the_password() -> None:
    found = [
        decide_before_password(who, hide_existence=False)
        for who in (None, user(enabled=False), user(UserStatus.RESET_REQUIRED), user())
    ]
    assert found == [SignInReason.UNKNOWN_USER, SignInReason.DISABLED, SignInReason.RESET_REQUIRED, None]


def test_every_reason_with_a_fixed_text_says_it() -> None:
    without = {
        SignInReason.PASSWORD_UNFIT,
        SignInReason.ATTRIBUTES_UNFIT,
        SignInReason.PARAMETER_MISSING,
        SignInReason.PARAMETER_UNFIT,
        SignInReason.UNSUPPORTED,
        SignInReason.TRIGGER_REFUSED,
    }
    assert set(REASON_TEXTS) == set(SignInReason) - without
    assert refuse(SignInReason.INCORRECT).message == "Incorrect username or password."
