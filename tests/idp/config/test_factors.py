"""MFA, first factors and passkeys in the file: what is read, and every mistake with its place."""

import pytest

from idp.config import InvalidPools, parse_pools
from idp.factors.records import Factor, FactorSettings, FirstFactor, Mfa
from tests.support.pools import pool_document

APP = "android:apk-key-hash:" + "A" * 43


def parse(**members: object) -> FactorSettings:
    return parse_pools([pool_document(**members)]).pools[0].pool.factors  # type: ignore[arg-type]


def test_the_defaults_are_cognitos() -> None:
    assert parse() == FactorSettings(Mfa.OFF, (), (FirstFactor.PASSWORD,))


def test_reads_every_property() -> None:
    settings = parse(
        MfaConfiguration="OPTIONAL",
        EnabledMfas=["SOFTWARE_TOKEN_MFA", "SMS_MFA", "EMAIL_OTP"],
        Policies={"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "WEB_AUTHN"]}},
        WebAuthnRelyingPartyID="example.com",
        WebAuthnUserVerification="required",
        WebAuthnAppOrigins=[APP],
        WebAuthnFactorConfiguration="MULTI_FACTOR_WITH_USER_VERIFICATION",
        SmsAuthenticationMessage="Your code: {####}",
        EmailAuthenticationSubject="Sign-in code",
        EmailAuthenticationMessage="<b>{####}</b>",
    )
    assert settings == FactorSettings(
        mfa=Mfa.OPTIONAL,
        enabled=(Factor.TOTP, Factor.SMS, Factor.EMAIL),
        first=(FirstFactor.PASSWORD, FirstFactor.EMAIL_OTP, FirstFactor.WEB_AUTHN),
        relying_party_id="example.com",
        user_verification="required",
        app_origins=(APP,),
        passkey_counts_twice=True,
        sms_message="Your code: {####}",
        email_subject="Sign-in code",
        email_message="<b>{####}</b>",
    )


ALLOWED = ("Policies", "SignInPolicy", "AllowedFirstAuthFactors")
MISTAKES = {
    **{
        f"an app's origin that {what}": (
            {"WebAuthnAppOrigins": [APP, origin]},
            ("WebAuthnAppOrigins", 1),
            "InvalidValue",
        )
        for what, origin in {
            "is a page's": "https://example.com",
            "is short": APP[:-1],
            "is long": f"{APP}A",
            "is padded": f"{APP}=",
            "is standard base64": f"{APP[:-1]}+",
            "has bits to spare": f"{APP[:-1]}B",
            "is in hex": "android:apk-key-hash:" + "0" * 64,
            "is of the old hash": "android:apk-key-hash-sha1:" + "A" * 27,
            "has a line more": f"{APP[:-1]}A\n",
        }.items()
    },
    "no factor for MFA": ({"MfaConfiguration": "ON"}, ("EnabledMfas",), "Conflict"),
    "unknown factor": ({"EnabledMfas": ["TOTP"]}, ("EnabledMfas", 0), "InvalidValue"),
    "no password": (
        {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["WEB_AUTHN"]}}},
        ALLOWED,
        "Conflict",
    ),
    "required MFA and a code first": (
        {
            "MfaConfiguration": "ON",
            "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
            "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}},
        },
        ("MfaConfiguration",),
        "Conflict",
    ),
    "unknown key of the sign-in policy": (
        {"Policies": {"SignInPolicy": {"AllowedFirstFactors": []}}},
        ("Policies", "SignInPolicy", "AllowedFirstFactors"),
        "UnknownKey",
    ),
    "relying party with a scheme": (
        {"WebAuthnRelyingPartyID": "https://example.com"},
        ("WebAuthnRelyingPartyID",),
        "InvalidValue",
    ),
    "a text without a place for the code": (
        {"SmsAuthenticationMessage": "Hello there"},
        ("SmsAuthenticationMessage",),
        "InvalidValue",
    ),
}


@pytest.mark.parametrize(("members", "where", "code"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(members: dict[str, object], where: tuple[str | int, ...], code: str) -> None:
    with pytest.raises(InvalidPools) as caught:
        parse(**members)
    assert [(problem.where, problem.code) for problem in caught.value.problems] == [((0, *where), code)]
