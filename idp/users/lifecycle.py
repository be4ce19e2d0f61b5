"""The user's status machine as a table: what may happen in which status, and where it leads (cognito.md 5.3).
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from idp.model import UserStatus

U, C, F = UserStatus.UNCONFIRMED, UserStatus.CONFIRMED, UserStatus.FORCE_CHANGE_PASSWORD
R, E = UserStatus.RESET_REQUIRED, UserStatus.EXTERNAL_PROVIDER


class Event(StrEnum):
    """What happens to a user."""

    CONFIRM = "confirm"
    """The sign-up code was right, or an administrator confirmed."""
    SET_PERMANENT = "set-permanent-password"
    SET_TEMPORARY = "set-temporary-password"
    RESET = "reset-password"
    CHOOSE_PASSWORD = "choose-password"  # noqa: S105
    """A temporary password was replaced at sign-in."""
    RECOVER = "recover"
    """The forgot-password code was right."""


TRANSITIONS: Final[Mapping[Event, Mapping[UserStatus, UserStatus]]] = {
    Event.CONFIRM: {U: C},
    Event.SET_PERMANENT: {U: C, C: C, F: C, R: C, E: C},
    Event.SET_TEMPORARY: {U: F, C: F, F: F, R: F},
    Event.RESET: {C: R, R: R},
    Event.CHOOSE_PASSWORD: {F: C},
    Event.RECOVER: {C: C, R: C},
}


def advance(status: UserStatus, event: Event) -> UserStatus | None:
    """Return the status after an event, or None where it cannot happen."""
    return TRANSITIONS[event].get(status)


def can(status: UserStatus, event: Event) -> bool:
    """Whether an event can happen in this status."""
    return status in TRANSITIONS[event]
