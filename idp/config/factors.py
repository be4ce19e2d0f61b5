"""A pool's second factors, passkeys and first factors, in CloudFormation's properties.

`MfaConfiguration`, `EnabledMfas`, `Policies.SignInPolicy`, `WebAuthn*`, and the texts of codes
(cognito.md 3.7, 6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from idp.config.reader import Reader
from idp.factors.app_origins import SHAPE as SHAPE_OF_APP
from idp.factors.app_origins import is_app_origin
from idp.factors.policy import find_conflicts
from idp.factors.records import Factor, FactorSettings, FirstFactor, Mfa

W = TypeVar("W")
RELYING_PARTY: Final = r"[a-z0-9]([a-z0-9.-]{0,125}[a-z0-9])?"
MULTI_FACTOR: Final = "MULTI_FACTOR_WITH_USER_VERIFICATION"
SHAPE: Final = "a text with `{####}` where the code goes"
CODE_GAP: Final = r"(?s).*\{####\}.*"


def read_factors(reader: Reader, sign_in: Reader, recovery: tuple[str, ...]) -> FactorSettings:
    """Read the settings; `sign_in` is the SignInPolicy, `recovery` the pool's recovery channels."""
    first = _words(FirstFactor, sign_in.choices("AllowedFirstAuthFactors", [*FirstFactor]))
    sign_in.finish()
    relying_party = reader.text(
        "WebAuthnRelyingPartyID", pattern=RELYING_PARTY, longest=127, shape="a host name in lower case"
    )
    kind = reader.choice("WebAuthnFactorConfiguration", ("SINGLE_FACTOR", MULTI_FACTOR), "SINGLE_FACTOR")
    settings = FactorSettings(
        mfa=Mfa(reader.choice("MfaConfiguration", [*Mfa], Mfa.OFF)),
        enabled=_words(Factor, reader.choices("EnabledMfas", [*Factor])),
        first=first or (FirstFactor.PASSWORD,),
        relying_party_id=relying_party,
        user_verification=reader.choice("WebAuthnUserVerification", ("preferred", "required"), "preferred"),
        passkey_counts_twice=kind == MULTI_FACTOR,
        app_origins=_read_app_origins(reader),
        sms_message=reader.text("SmsAuthenticationMessage", pattern=CODE_GAP, longest=140, shape=SHAPE),
        email_subject=reader.text(
            "EmailAuthenticationSubject", pattern=r"[^\r\n]+", longest=140, shape="one line"
        ),
        email_message=reader.text(
            "EmailAuthenticationMessage", pattern=CODE_GAP, longest=20_000, shape=SHAPE
        ),
    )
    for conflict in find_conflicts(settings, recovery):
        reader.report(_PLACES[conflict.where], "Conflict", conflict.message)
    return settings


def _read_app_origins(reader: Reader) -> tuple[str, ...]:
    origins = reader.texts("WebAuthnAppOrigins")
    for index, origin in enumerate(origins):
        if not is_app_origin(origin):
            reader.report(("WebAuthnAppOrigins", index), "InvalidValue", f"must be {SHAPE_OF_APP}")
    return origins


_PLACES: Final = {
    "MfaConfiguration": ("MfaConfiguration",),
    "EnabledMfas": ("EnabledMfas",),
    "AllowedFirstAuthFactors": ("Policies", "SignInPolicy", "AllowedFirstAuthFactors"),
}


def _words(kind: Callable[[str], W], words: Iterable[str]) -> tuple[W, ...]:
    return tuple(kind(word) for word in words)
