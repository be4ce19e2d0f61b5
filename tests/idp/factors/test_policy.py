"""The decision table: pool settings, what the user has, what was proven -> what is asked for."""

import pytest

from idp.factors.policy import (
    Ask,
    Choose,
    Decision,
    Enough,
    Holdings,
    SetUp,
    Stuck,
    decide,
    find_conflicts,
    list_active,
    list_first_factors,
)
from idp.factors.records import Factor, FactorSettings, FirstFactor, Mfa

SMS, TOTP, EMAIL = Factor.SMS, Factor.TOTP, Factor.EMAIL
ALL = (SMS, TOTP, EMAIL)
OFF = FactorSettings(enabled=ALL)
OPTIONAL = FactorSettings(Mfa.OPTIONAL, ALL)
ON = FactorSettings(Mfa.ON, ALL)
ON_TOTP = FactorSettings(Mfa.ON, (TOTP,))
ON_EMAIL = FactorSettings(Mfa.ON, (EMAIL,))

NOTHING = Holdings()
REACHABLE = Holdings(email=True, phone_number=True)
WITH_TOTP = Holdings(has_totp=True, email=True, phone_number=True, enabled=(TOTP,))
TOTP_OFF = Holdings(has_totp=True)
TWO = Holdings(has_totp=True, phone_number=True, enabled=(SMS, TOTP))
PREFERS = Holdings(has_totp=True, phone_number=True, enabled=(SMS, TOTP), preferred=TOTP)
MAIL_CHOSEN = Holdings(email=True, enabled=(EMAIL,))
PREFERS_LOST = Holdings(email=True, enabled=(SMS, EMAIL), preferred=SMS)

TABLE: dict[str, tuple[FactorSettings, Holdings, tuple[str, ...], Decision]] = {
    "off, whatever the user has": (OFF, PREFERS, (), Enough()),
    "optional, nothing switched on": (OPTIONAL, REACHABLE, (), Enough()),
    "optional, a seed that was switched off": (OPTIONAL, TOTP_OFF, (), Enough()),
    "optional, one switched on": (OPTIONAL, WITH_TOTP, (), Ask(TOTP)),
    "optional, two and none preferred": (OPTIONAL, TWO, (), Choose((SMS, TOTP))),
    "optional, two and one preferred": (OPTIONAL, PREFERS, (), Ask(TOTP)),
    "optional, preferred one has no number any more": (OPTIONAL, PREFERS_LOST, (), Ask(EMAIL)),
    "optional, switched on but not by the pool": (
        FactorSettings(Mfa.OPTIONAL, (EMAIL,)),
        WITH_TOTP,
        (),
        Enough(),
    ),
    "on, a seed": (ON, WITH_TOTP, (), Ask(TOTP)),
    "on, a seed alone is enough, switched on or not": (ON_TOTP, TOTP_OFF, (), Ask(TOTP)),
    "on, what the user has anyway": (ON, REACHABLE, (), Choose((SMS, EMAIL))),
    "on, not the channel of recovery": (ON, REACHABLE, ("verified_email", "verified_phone_number"), Ask(SMS)),
    "on, the channel of recovery was chosen": (
        ON,
        MAIL_CHOSEN,
        ("verified_email", "verified_phone_number"),
        Ask(EMAIL),
    ),
    "on, nothing yet": (ON, NOTHING, (), SetUp((TOTP, EMAIL))),
    "on, only the channel of recovery": (ON, Holdings(email=True), ("verified_email",), SetUp((TOTP,))),
    "on, TOTP only and none": (ON_TOTP, REACHABLE, (), SetUp((TOTP,))),
    "on, SMS only and no number": (FactorSettings(Mfa.ON, (SMS,)), NOTHING, (), Stuck()),
    "on, mail only and it recovers": (ON_EMAIL, Holdings(email=True), ("verified_email",), Stuck()),
    "on, mail only and no address": (ON_EMAIL, NOTHING, (), SetUp((EMAIL,))),
}


@pytest.mark.parametrize(("settings", "holdings", "recovery", "expected"), TABLE.values(), ids=TABLE)
def test_what_follows_the_password(
    settings: FactorSettings, holdings: Holdings, recovery: tuple[str, ...], expected: Decision
) -> None:
    assert decide(settings, holdings, recovery=recovery) == expected


EVERY = tuple(FirstFactor)
FULL = Holdings(email=True, phone_number=True, passkeys=1)
FIRST: dict[str, tuple[FactorSettings, Holdings, set[str]]] = {
    "everything": (
        FactorSettings(first=EVERY),
        FULL,
        {"PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"},
    ),
    "only what the pool allows": (FactorSettings(), FULL, {"PASSWORD"}),
    "only what the user has": (
        FactorSettings(first=EVERY),
        Holdings(has_password=False, email=True),
        {"EMAIL_OTP"},
    ),
    "no single factor where two are required": (FactorSettings(Mfa.ON, ALL, EVERY), FULL, {"PASSWORD"}),
    "a passkey that counts twice": (
        FactorSettings(Mfa.ON, ALL, EVERY, passkey_counts_twice=True),
        FULL,
        {"PASSWORD", "WEB_AUTHN"},
    ),
    "the password only, for whoever has a second factor": (
        FactorSettings(Mfa.OPTIONAL, ALL, EVERY),
        Holdings(email=True, has_totp=True, passkeys=1, enabled=(TOTP,)),
        {"PASSWORD"},
    ),
    "a seed that is not switched on is no second factor": (
        FactorSettings(Mfa.OPTIONAL, ALL, EVERY),
        Holdings(email=True, has_totp=True, passkeys=1),
        {"PASSWORD", "EMAIL_OTP", "WEB_AUTHN"},
    ),
}


@pytest.mark.parametrize(("settings", "holdings", "expected"), FIRST.values(), ids=FIRST)
def test_how_a_sign_in_may_begin(settings: FactorSettings, holdings: Holdings, expected: set[str]) -> None:
    assert set(list_first_factors(settings, holdings, recovery=())) == expected


def test_a_chosen_factor_is_never_joined_by_weaker_ones() -> None:
    assert list_active(ON, WITH_TOTP, recovery=()) == (TOTP,)


CONFLICTS: dict[str, tuple[FactorSettings, tuple[str, ...], list[str]]] = {
    "none by default": (FactorSettings(), (), []),
    "MFA without factors": (FactorSettings(Mfa.OPTIONAL), (), ["EnabledMfas"]),
    "no password": (FactorSettings(first=(FirstFactor.WEB_AUTHN,)), (), ["AllowedFirstAuthFactors"]),
    "required MFA and codes": (FactorSettings(Mfa.ON, (TOTP,), EVERY), (), ["MfaConfiguration"]),
    "mail for both": (ON_EMAIL, ("verified_email",), ["EnabledMfas"]),
    "mail for both, but not alone": (ON_EMAIL, ("verified_email", "verified_phone_number"), []),
}


@pytest.mark.parametrize(("settings", "recovery", "expected"), CONFLICTS.values(), ids=CONFLICTS)
def test_settings_that_do_not_go_together(
    settings: FactorSettings, recovery: tuple[str, ...], expected: list[str]
) -> None:
    assert [conflict.where for conflict in find_conflicts(settings, recovery)] == expected
