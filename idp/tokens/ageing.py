"""When codes, refresh tokens and families still open something. Pure; times are Unix seconds."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from idp.model import AuthorizationCode, Client, Family, RefreshToken, User

CODE_SECONDS: Final = 300
"""An authorization code lives five minutes (cognito.md 11)."""


class CodeState(Enum):
    """What a code is worth."""

    GOOD = auto()
    REUSED = auto()
    """Used before: somebody else has it too, so what it gave is taken back (RFC 6749 4.1.2)."""
    EXPIRED = auto()


class RefreshState(Enum):
    """What a refresh token is worth."""

    GOOD = auto()
    REUSED = auto()
    """Rotated out and past its grace: stolen, or replayed; the family ends (RFC 9700 4.14.2)."""
    REVOKED = auto()
    ENDED = auto()


def judge_code(code: AuthorizationCode, now: float) -> CodeState:
    """Judge an authorization code."""
    if code.redeemed_at is not None:
        return CodeState.REUSED
    return CodeState.GOOD if now < code.expires_at else CodeState.EXPIRED


def judge_refresh(token: RefreshToken, family: Family, client: Client, now: float) -> RefreshState:
    """Judge a refresh token within its family, under the client's rotation."""
    if family.revoked_at is not None:
        return RefreshState.REVOKED
    if now >= min(family.expires_at, token.expires_at):
        return RefreshState.ENDED
    if token.superseded_at is not None:
        # Another node's clock may be ahead of ours: superseded "later" than now is superseded all the same.
        age = max(0.0, now - token.superseded_at)
        if age >= client.rotation.grace_seconds:
            return RefreshState.REUSED
    return RefreshState.GOOD


def is_alive(family: Family, now: float) -> bool:
    """Whether a family was neither revoked nor has run out."""
    return family.revoked_at is None and now < family.expires_at


def may_hold_tokens(user: User | None) -> bool:
    """Whether a user may get and use tokens now."""
    return user is not None and user.enabled
