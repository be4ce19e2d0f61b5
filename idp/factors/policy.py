"""Which factors a user can use and which is asked for: the decision table of cognito.md 6 and 4.6. Pure.

A code that goes to the channel by which the password is recovered is no second factor: whoever reads that
mailbox would have both. So a channel that the pool recovers passwords by is not taken as a factor by itself,
and one that the user chose as a factor is not used for recovery (cognito.md 5.6).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from idp.factors.records import Factor, FactorSettings, FirstFactor, Mfa

CHANNEL_OF: Final = {Factor.SMS: "phone_number", Factor.EMAIL: "email"}
RECOVERY_OF: Final = {"phone_number": "verified_phone_number", "email": "verified_email"}
ORDER: Final = (Factor.SMS, Factor.TOTP, Factor.EMAIL)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a user has that factors can be made of."""

    has_totp: bool = False
    """A seed was verified."""
    email: bool = False
    phone_number: bool = False
    has_password: bool = True
    passkeys: int = 0
    enabled: tuple[Factor, ...] = ()
    """Switched on by the user, an administrator, or by setting TOTP up."""
    preferred: Factor | None = None


@dataclass(frozen=True, slots=True)
class Enough:
    """No second factor is wanted."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One factor is asked for."""

    factor: Factor


@dataclass(frozen=True, slots=True)
class Choose:
    """The user chooses one of several factors."""

    factors: tuple[Factor, ...]


@dataclass(frozen=True, slots=True)
class SetUp:
    """A second factor is required and there is none: the user sets one up."""

    factors: tuple[Factor, ...]


@dataclass(frozen=True, slots=True)
class Stuck:
    """A second factor is required, and none can be had: an administrator has to help."""


Decision = Enough | Ask | Choose | SetUp | Stuck


def decide(settings: FactorSettings, holdings: Holdings, *, recovery: tuple[str, ...]) -> Decision:
    """Decide what follows a right first factor that is not enough alone."""
    if settings.mfa is Mfa.OFF:
        return Enough()
    active = list_active(settings, holdings, recovery=recovery)
    if holdings.preferred in active and holdings.preferred is not None:
        return Ask(holdings.preferred)
    if active:
        return Ask(active[0]) if len(active) == 1 else Choose(active)
    if settings.mfa is Mfa.OPTIONAL:
        return Enough()
    setups = list_setups(settings, holdings, recovery=recovery)
    return SetUp(setups) if setups else Stuck()


def list_active(
    settings: FactorSettings, holdings: Holdings, *, recovery: tuple[str, ...]
) -> tuple[Factor, ...]:
    """List the second factors that a sign-in of this user may ask for.

    What the user switched on; in a pool that requires MFA and where nothing is switched on, what they have
    anyway. A switched-on factor is never joined by others: SMS would undermine a TOTP that was chosen.
    """
    if settings.mfa is Mfa.OFF:
        return ()
    possible = tuple(factor for factor in ORDER if is_possible(settings, holdings, factor))
    chosen = tuple(factor for factor in possible if factor in holdings.enabled)
    if chosen or settings.mfa is Mfa.OPTIONAL:
        return chosen
    primary = recovery[0] if recovery else None
    return tuple(factor for factor in possible if RECOVERY_OF.get(CHANNEL_OF.get(factor, ""), "") != primary)


def list_at_hand(
    settings: FactorSettings, holdings: Holdings, *, recovery: tuple[str, ...]
) -> tuple[Factor, ...]:
    """List the second factors that a risky sign-in may ask for: as if the pool required one.

    Nothing is set up on the way: whoever is here may be the thief.
    """
    if settings.mfa is Mfa.OFF:
        return ()
    active = list_active(replace(settings, mfa=Mfa.ON), holdings, recovery=recovery)
    return (holdings.preferred,) if holdings.preferred in active and holdings.preferred else active


def is_possible(settings: FactorSettings, holdings: Holdings, factor: Factor) -> bool:
    """Whether the pool allows a factor and the user has what it needs."""
    has = {
        Factor.SMS: holdings.phone_number,
        Factor.TOTP: holdings.has_totp,
        Factor.EMAIL: holdings.email,
    }
    return factor in settings.enabled and has[factor]


def list_setups(
    settings: FactorSettings, holdings: Holdings, *, recovery: tuple[str, ...]
) -> tuple[Factor, ...]:
    """List the factors that a user without any could set up in the middle of a sign-in.

    TOTP; or a mail address where there is none. Never a channel on record: its factor would be there.
    """
    wanted = [Factor.TOTP] if Factor.TOTP in settings.enabled else []
    if Factor.EMAIL in settings.enabled and not holdings.email and "verified_email" not in recovery[:1]:
        wanted.append(Factor.EMAIL)
    return tuple(wanted)


def list_first_factors(
    settings: FactorSettings, holdings: Holdings, *, recovery: tuple[str, ...]
) -> tuple[FirstFactor, ...]:
    """List the ways in which this user may begin a sign-in (cognito.md 4.6).

    Whoever has, or has to have, a second factor begins with the password: a code or a passkey alone would
    pass it by. A passkey that counts as two factors is enough for everybody.
    """
    alone = isinstance(decide(settings, holdings, recovery=recovery), Enough)
    has = {
        FirstFactor.PASSWORD: holdings.has_password,
        FirstFactor.EMAIL_OTP: holdings.email and alone,
        FirstFactor.SMS_OTP: holdings.phone_number and alone,
        FirstFactor.WEB_AUTHN: holdings.passkeys > 0 and (alone or settings.passkey_counts_twice),
    }
    return tuple(factor for factor in settings.first if has[factor])


def offers_passkeys(settings: FactorSettings) -> bool:
    """Whether a passkey can begin a sign-in in this pool."""
    return settings.offers_passkeys and (settings.mfa is not Mfa.ON or settings.passkey_counts_twice)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Settings that do not go together; `where` is the property to change."""

    where: str
    message: str


def find_conflicts(settings: FactorSettings, recovery: Collection[str]) -> Iterator[Conflict]:
    """Find settings that do not go together (cognito.md 6; the texts serve the file and the API)."""
    if settings.mfa is not Mfa.OFF and not settings.enabled:
        yield Conflict("EnabledMfas", f"MfaConfiguration {settings.mfa} needs at least one of EnabledMfas")
    if FirstFactor.PASSWORD not in settings.first:
        yield Conflict("AllowedFirstAuthFactors", "must contain `PASSWORD`")
    codes = {FirstFactor.EMAIL_OTP, FirstFactor.SMS_OTP}.intersection(settings.first)
    if settings.mfa is Mfa.ON and codes:
        words = " and ".join(f"`{word}`" for word in sorted(codes))
        yield Conflict("MfaConfiguration", f"`ON` does not go with {words} as a first factor")
    if (
        settings.mfa is not Mfa.OFF
        and Factor.EMAIL in settings.enabled
        and set(recovery) == {"verified_email"}
    ):
        message = "`EMAIL_OTP` needs another way to recover the password than `verified_email` alone"
        yield Conflict("EnabledMfas", message)
