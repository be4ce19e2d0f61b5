"""The one place that decides what a sign-in comes to (check order: cognito.md 4.8). Pure.

Where existence is hidden (hosted pages, PreventUserExistenceErrors ENABLED), nothing but "incorrect" is
said before the password was right, and a disabled user is never told apart. Otherwise Cognito's order
holds: disabled and reset-required are told before the password is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from idp import texts
from idp.model import User, UserStatus
from idp.outcomes import SignInReason, SignInRefused
from idp.signin.flows.factors import Wanted
from idp.signin.flows.names import AuthFlow
from idp.texts import Text


class Step(Enum):
    """What follows after something was proved."""

    NEW_PASSWORD = auto()
    DEVICE = auto()
    ASK = auto()
    SELECT = auto()
    SET_UP = auto()
    DEFINE = auto()
    """A custom flow's trigger decides."""
    SIGNED_IN = auto()


class DeviceStanding(Enum):
    """What the DEVICE_KEY of a sign-in is worth."""

    NONE = auto()
    """None was given, or the pool tracks no devices, or it has proved itself by now."""
    UNKNOWN = auto()
    PENDING = auto()
    """The user's, not confirmed yet: there is nothing it could prove itself with."""
    KNOWN = auto()
    """Confirmed: it has to prove itself."""
    TRUSTED = auto()
    """Confirmed and remembered, in a pool that asks new devices only for a second factor."""


REASON_TEXTS: Final[Mapping[SignInReason, Text]] = {
    SignInReason.INCORRECT: texts.INCORRECT,
    SignInReason.NOT_CONFIRMED: texts.NOT_CONFIRMED,
    SignInReason.RESET_REQUIRED: texts.RESET_REQUIRED,
    SignInReason.PASSWORD_REUSED: texts.PASSWORD_REUSED,
    SignInReason.LOCKED: texts.ATTEMPTS_EXCEEDED,
    SignInReason.DISABLED: texts.USER_DISABLED,
    SignInReason.UNKNOWN_USER: texts.USER_UNKNOWN,
    SignInReason.TEMPORARY_EXPIRED: texts.TEMPORARY_EXPIRED,
    SignInReason.SESSION_INVALID: texts.SESSION_INVALID,
    SignInReason.SESSION_EXPIRED: texts.SESSION_EXPIRED,
    SignInReason.CODE_MISMATCH: texts.FACTOR_CODE_MISMATCH,
    SignInReason.CODE_EXPIRED: texts.CODE_EXPIRED,
    SignInReason.FACTOR_UNAVAILABLE: texts.FACTOR_UNAVAILABLE,
    SignInReason.SOFTWARE_TOKEN_UNAVAILABLE: texts.SOFTWARE_TOKEN_UNAVAILABLE,
    SignInReason.FACTOR_IMPOSSIBLE: texts.FACTOR_IMPOSSIBLE,
    SignInReason.LEVEL_UNREACHABLE: texts.LEVEL_UNREACHABLE,
    SignInReason.LEVEL_REACHED: texts.LEVEL_REACHED,
    SignInReason.DEVICE_UNKNOWN: texts.DEVICE_UNKNOWN,
    SignInReason.DELIVERY_FAILED: texts.DELIVERY_FAILED,
    SignInReason.LIMIT_EXCEEDED: texts.LIMIT_EXCEEDED,
    SignInReason.ADDRESS_BLOCKED: texts.ADDRESS_BLOCKED,
    SignInReason.RISK_BLOCKED: texts.RISK_BLOCKED,
    SignInReason.BUSY: texts.TOO_MANY_REQUESTS,
}


@dataclass(frozen=True, slots=True)
class Proved:
    """What was proved so far, as far as the next step depends on it."""

    by_password: bool = True
    is_second_done: bool = False
    by_trigger: bool = False
    """A custom flow's trigger said that tokens are to be issued."""
    is_risky: bool = False
    """What is wanted is wanted because of a risk: neither a device nor a trigger stands in for it."""


def refuse(reason: SignInReason, username: str | None = None) -> SignInRefused:
    """Build a refusal with the reason's own text."""
    return SignInRefused(reason, REASON_TEXTS[reason], username)


def decide_before_password(user: User | None, *, hide_existence: bool) -> SignInReason | None:
    """Return what is said without looking at the password; nothing where existence is hidden."""
    if hide_existence:
        return None
    if user is None:
        return SignInReason.UNKNOWN_USER
    if not user.enabled:
        return SignInReason.DISABLED
    return SignInReason.RESET_REQUIRED if user.status is UserStatus.RESET_REQUIRED else None


def decide_next(
    user: User, *, flow: AuthFlow, proved: Proved, wanted: Wanted, device: DeviceStanding, now: float
) -> Step | SignInReason:
    """Return what follows, once the first factor was right: the account, the device, the second factor."""
    if reason := find_bar(user, by_password=proved.by_password, now=now):
        return reason
    if user.status is UserStatus.FORCE_CHANGE_PASSWORD and proved.by_password:
        return Step.NEW_PASSWORD
    if device is DeviceStanding.UNKNOWN:
        return SignInReason.DEVICE_UNKNOWN
    is_custom = flow is AuthFlow.CUSTOM_AUTH
    # A custom flow is as strong as its triggers make it; a password in it asks for what a password asks for.
    is_asked = proved.by_password or not is_custom
    is_trusted = device is DeviceStanding.TRUSTED
    needs_second = not proved.is_second_done and (proved.is_risky or (is_asked and not is_trusted))
    if needs_second and (step := _second(wanted)):
        return step
    if is_custom and not proved.by_trigger:
        return Step.DEFINE
    if device in (DeviceStanding.KNOWN, DeviceStanding.TRUSTED):
        return Step.DEVICE
    return Step.SIGNED_IN


def _second(wanted: Wanted) -> Step | SignInReason | None:
    if wanted.is_short:
        return SignInReason.LEVEL_UNREACHABLE
    if wanted.is_impossible:
        return SignInReason.FACTOR_IMPOSSIBLE
    if wanted.ask:
        return Step.ASK if len(wanted.ask) == 1 else Step.SELECT
    return Step.SET_UP if wanted.set_up else None


def find_bar(user: User, *, by_password: bool, now: float) -> SignInReason | None:
    """Say what keeps an account from signing in whatever was proved, or None.

    A temporary password expires; who proved something else than that password does not need it.
    """
    if not user.enabled:
        return SignInReason.INCORRECT
    if user.status is UserStatus.FORCE_CHANGE_PASSWORD:
        return SignInReason.TEMPORARY_EXPIRED if by_password and is_temporary_expired(user, now) else None
    return _BARRED.get(user.status)


def is_temporary_expired(user: User, now: float) -> bool:
    """Whether a temporary password has run out."""
    return user.temporary_until is not None and now >= user.temporary_until


_BARRED: Final[Mapping[UserStatus, SignInReason]] = {
    UserStatus.UNCONFIRMED: SignInReason.NOT_CONFIRMED,
    UserStatus.RESET_REQUIRED: SignInReason.RESET_REQUIRED,
    UserStatus.EXTERNAL_PROVIDER: SignInReason.INCORRECT,
}
