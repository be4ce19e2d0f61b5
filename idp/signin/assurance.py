"""Authentication levels: what `acr` says of `amr`, and what it takes to reach a level (cognito.md 2.5).

Pure. Four levels are fixed, their names are the pool's (AcrConfiguration): 1 a password, 2 a single mailed
or texted code, 3 a passkey or a password with such a code, 4 a password with an authenticator app. Which
levels a request wants is a list in its own order; words that name none are ignored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from idp.model import Pool
from idp.signin.flows.factors import Wanted
from idp.signin.flows.names import ChallengeName

ACR_CONFIGURATION: Final = "AcrConfiguration"
LEVELS: Final = (1, 2, 3, 4)
SEVERAL: Final = "mfa"
"""The word of `amr` for two factors or more; it adds nothing to a level."""
_CODES: Final = frozenset({"sms", "email_otp"})
_PASSKEYS: Final = frozenset({"swk", "hwk"})
AMR_OF: Final[Mapping[ChallengeName, str]] = {
    ChallengeName.SMS_MFA: "sms",
    ChallengeName.SMS_OTP: "sms",
    ChallengeName.EMAIL_OTP: "email_otp",
    ChallengeName.SOFTWARE_TOKEN_MFA: "otp",
    ChallengeName.WEB_AUTHN: "swk",
    ChallengeName.PASSWORD: "pwd",
    ChallengeName.PASSWORD_SRP: "pwd",
}
_HIGHEST: Final[Mapping[str, int]] = {"pwd": 4, "sms": 2, "email_otp": 2, "swk": 3, "hwk": 3}
"""How far a sign-in can come that begins like this."""


def level_of(amr: Collection[str]) -> int:
    """Return the level of what was used; 0 where nothing is known of it."""
    words = frozenset(amr)
    if {"pwd", "otp"} <= words:
        return 4
    if words & _PASSKEYS or ("pwd" in words and words & _CODES):
        return 3
    return 2 if words & _CODES else int("pwd" in words)


def spell_amr(used: Sequence[str]) -> tuple[str, ...]:
    """Return the `amr` claim of factors in the order they were used."""
    words = tuple(dict.fromkeys(word for word in used if word != SEVERAL))
    return (*words, SEVERAL) if len(words) > 1 else words


def names_of(pool: Pool) -> dict[int, str]:
    """Return what a pool calls the levels, its own names laid over the defaults."""
    given: Mapping[str, Any] = pool.kept.get(ACR_CONFIGURATION) or {}
    return {level: given.get(f"Level{level}", {}).get("AcrValue", _default(level)) for level in LEVELS}


def _default(level: int) -> str:
    return f"urn:cognito:loa:{level}"


def acr_of(pool: Pool, amr: Collection[str]) -> str | None:
    """Return the `acr` claim, or None where nothing is known of the sign-in."""
    return names_of(pool).get(level_of(amr))


def read_levels(pool: Pool, names: str) -> tuple[int, ...]:
    """Return the levels that a list of names wants, in its order."""
    known = {name: level for level, name in names_of(pool).items()}
    return tuple(dict.fromkeys(known[name] for name in names.split() if name in known))


def find_reachable(targets: Iterable[int], ways: Iterable[Collection[str]]) -> int | None:
    """Return the first wanted level that one of these ways (words of `amr`) reaches."""
    best = max((level_of(way) for way in ways), default=0)
    return next((level for level in targets if level <= best), None)


def may_begin(name: ChallengeName, targets: Collection[int]) -> bool:
    """Whether a first factor can lead to one of the wanted levels at all."""
    return not targets or _HIGHEST[AMR_OF[name]] >= min(targets)


def is_creditable(amr: Collection[str]) -> bool:
    """Whether one more factor can raise a sign-in of these: only one that began with the password."""
    return "pwd" in amr


def demand(
    targets: Iterable[int], amr: tuple[str, ...], *, held: Collection[ChallengeName], wanted: Wanted
) -> tuple[bool, Wanted]:
    """Say whether the best wanted level is reached, and what to ask for: the pool's own wish, or more.

    `held` are the second factors this user has. Levels are tried in the request's order.
    """
    for level in targets:
        if level_of(amr) >= level:
            return True, wanted
        ways = tuple(name for name in held if level_of((*amr, AMR_OF[name])) >= level)
        if ways:
            return False, Wanted(ask=tuple(name for name in wanted.ask if name in ways) or ways)
        setups = tuple(name for name in wanted.set_up if level_of((*amr, AMR_OF[name])) >= level)
        if setups:
            return False, replace(wanted, set_up=setups)
    return False, Wanted(is_short=True)
