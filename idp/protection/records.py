"""What threat protection keeps: how a pool answers risks, and what happened at its doors, as frozen values.

Members of configurations and events keep the API's own names and shapes (cognito.md 9): they come in and go
out through it, validated by the service model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ThreatMode(StrEnum):
    """`UserPoolAddOns.AdvancedSecurityMode`."""

    OFF = "OFF"
    AUDIT = "AUDIT"
    """Judge and write down, but let everything pass."""
    ENFORCED = "ENFORCED"


class PasswordEvent(StrEnum):
    """Where a password is held against the lists: words of `EventFilter`."""

    SIGN_IN = "SIGN_IN"
    PASSWORD_CHANGE = "PASSWORD_CHANGE"  # noqa: S105
    SIGN_UP = "SIGN_UP"


@dataclass(frozen=True, slots=True)
class RiskConfiguration:
    """How a pool, or one of its clients, answers; a part that is empty was not set."""

    pool_id: str
    client_id: str
    """Empty: the pool's own."""
    updated_at: float
    compromised: Mapping[str, Any] = field(default_factory=dict)
    """CompromisedCredentialsRiskConfiguration."""
    takeover: Mapping[str, Any] = field(default_factory=dict)
    """AccountTakeoverRiskConfiguration."""
    exceptions: Mapping[str, Any] = field(default_factory=dict)
    """RiskExceptionConfiguration."""


@dataclass(frozen=True, slots=True)
class AuthEvent:
    """One event of a user's history (AuthEventType)."""

    pool_id: str
    id: str
    sub: str
    client_id: str
    at: float
    kind: str
    """EventType: SignIn, SignUp, ForgotPassword, PasswordChange, ResendCode."""
    response: str
    """EventResponse: Pass, Fail, InProgress."""
    risk: Mapping[str, Any] = field(default_factory=dict)
    """EventRisk."""
    challenges: tuple[Mapping[str, str], ...] = ()
    """ChallengeResponses."""
    context: Mapping[str, str] = field(default_factory=dict, repr=False)
    """EventContextData."""
    feedback: Mapping[str, Any] = field(default_factory=dict)
    """EventFeedback."""
