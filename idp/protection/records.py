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


class RiskLevel(StrEnum):
    """How much a sign-in looks like an account takeover (EventRisk.RiskLevel)."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"


class EventAction(StrEnum):
    """What is done about a level of risk (AccountTakeoverActionType.EventAction)."""

    NO_ACTION = "NO_ACTION"
    MFA_IF_CONFIGURED = "MFA_IF_CONFIGURED"
    MFA_REQUIRED = "MFA_REQUIRED"
    BLOCK = "BLOCK"


class RiskDecision(StrEnum):
    """What was done about it (EventRisk.RiskDecision)."""

    NO_RISK = "NoRisk"
    """Nothing, whatever the level."""
    ACCOUNT_TAKEOVER = "AccountTakeover"
    """A second factor was asked for, or the user was told."""
    BLOCK = "Block"


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
    origin: str = "api"
    """`config` where the configuration file declares it."""


@dataclass(frozen=True, slots=True)
class AuthEvent:
    """One event of a user's history (AuthEventType): a sign-in, from its first step to its last."""

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
    traits: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What later events are compared with (`idp.protection.origins`); shown to nobody."""
