"""The one place that decides what a password sign-in comes to (check order: cognito.md 4.8). Pure.

Where existence is hidden (hosted pages, PreventUserExistenceErrors ENABLED), nothing but "incorrect" is
said before the password was right, and a disabled user is never told apart. Otherwise Cognito's order
holds: disabled and reset-required are told before the password is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from idp import texts
from idp.model import User, UserStatus
from idp.outcomes import SignInReason, SignInRefused
from idp.texts import Text


class Step(Enum):
    """What follows after the password."""

    SIGNED_IN = auto()
    NEW_PASSWORD = auto()


REASON_TEXTS: Final[Mapping[SignInReason, Text]] = {
    SignInReason.INCORRECT: texts.INCORRECT,
    SignInReason.NOT_CONFIRMED: texts.NOT_CONFIRMED,
    SignInReason.RESET_REQUIRED: texts.RESET_REQUIRED,
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
    SignInReason.DELIVERY_FAILED: texts.DELIVERY_FAILED,
    SignInReason.LIMIT_EXCEEDED: texts.LIMIT_EXCEEDED,
    SignInReason.BUSY: texts.TOO_MANY_REQUESTS,
}


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


def decide_after_password(user: User | None, *, is_right: bool, now: float) -> Step | SignInReason:
    """Return the next step, or why there is none, once the password was checked."""
    if user is None or not is_right or not user.enabled:
        return SignInReason.INCORRECT
    if user.status is UserStatus.FORCE_CHANGE_PASSWORD and is_temporary_expired(user, now):
        return SignInReason.TEMPORARY_EXPIRED
    return _BY_STATUS[user.status]


def is_temporary_expired(user: User, now: float) -> bool:
    """Whether a temporary password has run out."""
    return user.temporary_until is not None and now >= user.temporary_until


_BY_STATUS: Final[Mapping[UserStatus, Step | SignInReason]] = {
    UserStatus.CONFIRMED: Step.SIGNED_IN,
    UserStatus.UNCONFIRMED: SignInReason.NOT_CONFIRMED,
    UserStatus.FORCE_CHANGE_PASSWORD: Step.NEW_PASSWORD,
    UserStatus.RESET_REQUIRED: SignInReason.RESET_REQUIRED,
    UserStatus.EXTERNAL_PROVIDER: SignInReason.INCORRECT,
}
