"""Settings as forms: what a form holds goes into the members, and everything else stays as it was."""

from __future__ import annotations

from typing import Any

import pytest

from idp.console.settings import Kind, Setting, Unfit, assign, build_members, look_up, put, rows_of
from idp.oauth.parameters import Parameters
from idp.pages.i18n import catalogues

ENGLISH = catalogues()["en"]
POOL = {"UserPoolId": "us-east-1_Example01"}
LENGTH = Setting(("Policies", "PasswordPolicy", "MinimumLength"), Kind.NUMBER)
UPPER = Setting(("Policies", "PasswordPolicy", "RequireUppercase"), Kind.SWITCH)
VERIFIED = Setting(("AutoVerifiedAttributes",), Kind.CHOICES, ("email", "phone_number"))
PROTECTED = Setting(("DeletionProtection",), Kind.CHOICE, ("INACTIVE", "ACTIVE"))
DEVICES = Setting(("DeviceConfiguration",), Kind.PRESENCE)
ASKS = Setting(("DeviceConfiguration", "ChallengeRequiredOnNewDevice"), Kind.SWITCH)
RANKS = Setting(
    ("AccountRecoverySetting", "RecoveryMechanisms"), Kind.RANKS, ("", "verified_email admin_only")
)
URLS = Setting(("CallbackURLs",), Kind.LINES)
SPAN = Setting(("AccessTokenValidity",), Kind.SPAN, ("hours",), ("TokenValidityUnits", "AccessToken"))


def build(setting: Setting, described: dict[str, Any], **typed: str) -> dict[str, Any]:
    form = Parameters(tuple((name.replace("__", "."), value) for name, value in typed.items()))
    return build_members("UpdateUserPool", {**POOL, **described}, [setting], form)


@pytest.mark.parametrize(
    ("setting", "described", "typed", "expected"),
    [
        (LENGTH, {}, {LENGTH.name: "12"}, 12),
        (LENGTH, {"Policies": {"PasswordPolicy": {"MinimumLength": 9}}}, {LENGTH.name: " "}, None),
        (UPPER, {}, {UPPER.name: "1"}, True),
        (UPPER, {"Policies": {"PasswordPolicy": {"RequireUppercase": True}}}, {}, False),
        (UPPER, {}, {}, None),
        (VERIFIED, {VERIFIED.name: ["email"]}, {f"{VERIFIED.name}:phone_number": "1"}, ["phone_number"]),
        (VERIFIED, {"AutoVerifiedAttributes": ["email"]}, {}, None),
        (PROTECTED, {}, {PROTECTED.name: "ACTIVE"}, "ACTIVE"),
        (PROTECTED, {}, {PROTECTED.name: "INACTIVE"}, None),
        (PROTECTED, {"DeletionProtection": "ACTIVE"}, {PROTECTED.name: "INACTIVE"}, "INACTIVE"),
        (DEVICES, {"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": True}}, {}, None),
        (RANKS, {}, {RANKS.name: ""}, None),
    ],
)
def test_form_goes_into_the_members(
    setting: Setting, described: dict[str, Any], typed: dict[str, str], expected: object
) -> None:
    assert look_up(build(setting, described, **typed), setting.path) == expected


def test_what_the_form_does_not_hold_stays() -> None:
    tags = {"albacore:AdminGroup": "admins"}
    members = build(LENGTH, {"UserPoolTags": tags, "Policies": {"PasswordPolicy": {"RequireNumbers": True}}})
    assert members["UserPoolTags"] == tags
    assert members["Policies"]["PasswordPolicy"] == {"RequireNumbers": True}


@pytest.mark.parametrize(
    ("setting", "typed", "told"),
    [
        (LENGTH, {LENGTH.name: "many"}, "whole_number"),
        (LENGTH, {LENGTH.name: "-1"}, "whole_number"),
        (LENGTH, {LENGTH.name: "٣"}, "whole_number"),
        (LENGTH, {LENGTH.name: "5"}, "minimumLength"),
        (PROTECTED, {PROTECTED.name: "PERHAPS"}, "choose"),
        (PROTECTED, {}, "choose"),
        (RANKS, {RANKS.name: "nobody"}, "choose"),
    ],
)
def test_unfit_value_is_told_beside_its_setting(setting: Setting, typed: dict[str, str], told: str) -> None:
    with pytest.raises(Unfit) as refusal:
        build(setting, {}, **typed)
    assert told in refusal.value.errors[setting.name]


def test_refusal_is_found_by_the_member_that_it_names() -> None:
    unfit = assign("CallbackURLs[0]: `x` must use https; the moon is full", [URLS, SPAN])
    assert unfit.errors == {"CallbackURLs": "CallbackURLs[0]: `x` must use https"}
    assert unfit.others == ("the moon is full",)


def test_row_tells_the_value_in_words_and_as_the_file_spells_it() -> None:
    described = {"AccessTokenValidity": 120, "TokenValidityUnits": {"AccessToken": "minutes"}}
    [span, urls] = rows_of([SPAN, URLS], {**described, "CallbackURLs": ["a", "b"]}, ENGLISH)
    assert span.told == ("2 hours",)
    assert [option.value for option in span.options if option.chosen] == ["minutes"]
    assert (urls.value, urls.told, urls.key) == ("a\nb", ("a", "b"), "CallbackURLs")


def test_row_of_a_refused_form_keeps_what_was_typed() -> None:
    form = Parameters((("AccessTokenValidity", "9x"), ("AccessTokenValidity:unit", "days")))
    [row] = rows_of([SPAN], {}, ENGLISH, form=form, errors={SPAN.name: "console.set.whole_number"})
    assert (row.value, row.error) == ("9x", "Type a whole number.")


def test_empty_parents_go_with_their_last_member() -> None:
    assert put({"a": {"b": 1}, "c": 2}, ("a", "b"), None) == {"c": 2}
    assert put({}, ("a", "b"), 1) == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("Value '3' at 'x.y' failed: Member must have value greater than or equal to 6", "At least 6."),
        (
            "Value null at 'clientName' failed to satisfy constraint: Member must not be null",
            "This is needed.",
        ),
        ("CallbackURLs[0]: `x` must be absolute", "x must be absolute"),
        ("Policies.PasswordPolicy.MinimumLength: must be from 6 to 99", "must be from 6 to 99"),
        ("console.set.choose", "Choose one of these."),
    ],
)
def test_refusal_is_told_in_peoples_words(error: str, told: str) -> None:
    [row] = rows_of([URLS], {}, ENGLISH, errors={URLS.name: error})
    assert row.error == told
