"""Authentication levels: what reaches them, what they are called, what is asked for (cognito.md 2.5)."""

import pytest

from idp.model import Pool
from idp.signin.assurance import (
    acr_of,
    demand,
    find_reachable,
    level_of,
    may_begin,
    read_levels,
    spell_amr,
)
from idp.signin.flows.factors import Wanted
from idp.signin.flows.names import ChallengeName as C

POOL = Pool("local_000000001", "staff")
NAMED = Pool("local_000000001", "staff", kept={"AcrConfiguration": {"Level4": {"AcrValue": "urn:gold"}}})
APP, SMS, MAIL = C.SOFTWARE_TOKEN_MFA, C.SMS_MFA, C.EMAIL_OTP


@pytest.mark.parametrize(
    ("amr", "level"),
    [
        ((), 0),
        (("fed",), 0),
        (("pwd",), 1),
        (("email_otp",), 2),
        (("sms",), 2),
        (("pwd", "sms", "mfa"), 3),
        (("pwd", "email_otp", "mfa"), 3),
        (("swk",), 3),
        (("hwk",), 3),
        (("hwk", "otp", "mfa"), 3),
        (("pwd", "otp", "mfa"), 4),
        (("email_otp", "otp", "mfa"), 2),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else str(value),
)
def test_what_was_proved_has_a_level(amr: tuple[str, ...], level: int) -> None:
    assert level_of(amr) == level


def test_the_pool_names_levels_and_unknown_words_are_ignored() -> None:
    assert acr_of(POOL, ("pwd", "otp")) == "urn:cognito:loa:4"
    assert acr_of(NAMED, ("pwd", "otp")) == "urn:gold"
    assert acr_of(NAMED, ()) is None
    assert read_levels(NAMED, "urn:gold other urn:cognito:loa:1 urn:gold urn:cognito:loa:4") == (4, 1)


def test_several_factors_are_said_once() -> None:
    assert spell_amr(("pwd",)) == ("pwd",)
    assert spell_amr(("pwd", "otp", "mfa", "otp")) == ("pwd", "otp", "mfa")


def test_the_preferred_level_that_is_within_reach_counts() -> None:
    assert find_reachable((4, 3), [("pwd",), ("pwd", "sms")]) == 3
    assert find_reachable((4,), [("pwd",), ("swk",)]) is None
    assert find_reachable((4,), []) is None


@pytest.mark.parametrize(
    ("name", "targets", "may"),
    [
        (C.EMAIL_OTP, (), True),
        (C.EMAIL_OTP, (3,), False),
        (C.EMAIL_OTP, (4, 2), True),
        (C.WEB_AUTHN, (4,), False),
        (C.PASSWORD_SRP, (4,), True),
    ],
)
def test_a_first_factor_that_leads_nowhere_is_not_offered(
    name: C, targets: tuple[int, ...], may: bool
) -> None:
    assert may_begin(name, targets) is may


@pytest.mark.parametrize(
    ("targets", "amr", "held", "wanted", "decided"),
    [
        ((1,), ("pwd",), (APP,), Wanted(), (True, Wanted())),
        ((1,), ("pwd",), (APP,), Wanted(ask=(APP,)), (True, Wanted(ask=(APP,)))),
        ((4,), ("pwd",), (SMS, APP), Wanted(ask=(SMS,)), (False, Wanted(ask=(APP,)))),
        ((3,), ("pwd",), (SMS, APP), Wanted(ask=(SMS,)), (False, Wanted(ask=(SMS,)))),
        ((3,), ("pwd",), (SMS, APP), Wanted(), (False, Wanted(ask=(SMS, APP)))),
        ((4, 3), ("pwd",), (SMS,), Wanted(), (False, Wanted(ask=(SMS,)))),
        ((4, 1), ("pwd",), (), Wanted(), (True, Wanted())),
        ((4,), ("pwd",), (), Wanted(set_up=(APP, MAIL)), (False, Wanted(set_up=(APP,)))),
        ((4,), ("pwd",), (SMS,), Wanted(), (False, Wanted(is_short=True))),
        ((3,), ("email_otp",), (APP,), Wanted(), (False, Wanted(is_short=True))),
        ((4,), ("pwd", "sms"), (SMS, APP), Wanted(), (False, Wanted(ask=(APP,)))),
    ],
    ids=[
        "reached",
        "reached, and the pool wants more",
        "the preferred factor is too weak",
        "the preferred factor will do",
        "choose",
        "fall back to what there is",
        "fall back to what is proved",
        "set up",
        "out of reach",
        "a code first leads no further",
        "a third factor",
    ],
)
def test_what_is_asked_for_to_reach_a_level(
    targets: tuple[int, ...],
    amr: tuple[str, ...],
    held: tuple[C, ...],
    wanted: Wanted,
    decided: tuple[bool, Wanted],
) -> None:
    assert demand(targets, amr, held=held, wanted=wanted) == decided
