"""SetUserMFAPreference as a table, and in the store."""

from dataclasses import replace

import pytest

from idp.factors.policy import Holdings
from idp.factors.preferences import Wish, apply_wishes
from idp.factors.records import Factor, FactorSettings, Mfa, MfaPreference
from idp.outcomes import UserReason
from idp.texts import Text
from tests.support.pools import Scene

SMS, TOTP, EMAIL = Factor.SMS, Factor.TOTP, Factor.EMAIL
SETTINGS = FactorSettings(Mfa.OPTIONAL, (SMS, TOTP, EMAIL))
FULL = Holdings(has_totp=True, email=True, phone_number=True)
ON, OFF, FIRST = Wish(enabled=True), Wish(enabled=False), Wish(True, True)

Found = tuple[tuple[Factor, ...], Factor | None] | str
TABLE: dict[str, tuple[Holdings, tuple[Factor, ...], Factor | None, dict[Factor, Wish], Found]] = {
    "switch on": (FULL, (), None, {TOTP: ON}, ((TOTP,), None)),
    "switch on and prefer": (FULL, (), None, {TOTP: FIRST}, ((TOTP,), TOTP)),
    "prefer another": (FULL, (SMS, TOTP), SMS, {TOTP: Wish(preferred=True)}, ((SMS, TOTP), TOTP)),
    "switch the preferred one off": (FULL, (SMS, TOTP), SMS, {SMS: OFF}, ((TOTP,), None)),
    "prefer none": (FULL, (SMS,), SMS, {SMS: Wish(preferred=False)}, ((SMS,), None)),
    "swap": (FULL, (SMS,), SMS, {SMS: OFF, TOTP: FIRST}, ((TOTP,), TOTP)),
    "nothing": (FULL, (SMS,), SMS, {}, ((SMS,), SMS)),
    "no app": (Holdings(), (), None, {TOTP: ON}, "software-token-unverified"),
    "no number": (Holdings(), (), None, {SMS: ON}, "factor-no-delivery"),
    "no address": (Holdings(), (), None, {EMAIL: ON}, "factor-no-delivery"),
    "two first": (FULL, (), None, {TOTP: FIRST, SMS: FIRST}, "factor-one-preferred"),
    "first, but off": (FULL, (), None, {TOTP: Wish(False, True)}, "factor-preferred-off"),
}


@pytest.mark.parametrize(
    ("holdings", "enabled", "preferred", "wishes", "expected"), TABLE.values(), ids=TABLE
)
def test_what_becomes_of_wishes(
    holdings: Holdings,
    enabled: tuple[Factor, ...],
    preferred: Factor | None,
    wishes: dict[Factor, Wish],
    expected: Found,
) -> None:
    present = MfaPreference("pool", "sub", enabled, preferred)
    changed = apply_wishes(SETTINGS, holdings, present, wishes)
    found: Found = changed.key if isinstance(changed, Text) else (changed.enabled, changed.preferred)
    assert found == expected


def test_a_factor_that_the_pool_does_not_offer() -> None:
    settings = replace(SETTINGS, enabled=(TOTP,))
    refused = apply_wishes(settings, FULL, MfaPreference("pool", "sub"), {SMS: ON})
    assert isinstance(refused, Text)
    assert refused.english == "SMS_MFA is not enabled for the user pool."


async def test_where_mfa_is_required_only_an_administrator_switches_the_last_one_off(scene: Scene) -> None:
    user = await scene.add(phone_number="+12025550123")
    pool = replace(scene.pool, factors=replace(scene.pool.factors, mfa=Mfa.ON))
    preferences = scene.core.factors.preferences
    assert await preferences.wish(pool, user, {SMS: FIRST}) is None
    refused = await preferences.wish(pool, user, {SMS: OFF})
    assert refused is not None
    assert refused.reason is UserReason.INVALID_PARAMETER
    assert await preferences.wish(pool, user, {SMS: OFF}, by_administrator=True) is None
    assert (await preferences.of(pool, user)).enabled == ()


async def test_a_preference_tells_only_what_still_can_be_used(scene: Scene) -> None:
    user = await scene.add(phone_number="+12025550123")
    preferences = scene.core.factors.preferences
    assert await preferences.wish(scene.pool, user, {SMS: FIRST, EMAIL: ON}) is None
    numberless = replace(user, attributes={"email": "ann@example.com"})
    found = await preferences.of(scene.pool, numberless)
    assert (found.enabled, found.preferred) == ((EMAIL,), None)
