"""The triggers by their keys in `LambdaConfig`, and the sources an event names (cognito.md 8.2)."""

from __future__ import annotations

from enum import StrEnum


class Trigger(StrEnum):
    """A place where a pool calls a function."""

    PRE_SIGN_UP = "PreSignUp"
    POST_CONFIRMATION = "PostConfirmation"
    PRE_AUTHENTICATION = "PreAuthentication"
    POST_AUTHENTICATION = "PostAuthentication"
    DEFINE_AUTH_CHALLENGE = "DefineAuthChallenge"
    CREATE_AUTH_CHALLENGE = "CreateAuthChallenge"
    VERIFY_AUTH_CHALLENGE_RESPONSE = "VerifyAuthChallengeResponse"
    PRE_TOKEN_GENERATION = "PreTokenGeneration"  # noqa: S105
    USER_MIGRATION = "UserMigration"
    CUSTOM_MESSAGE = "CustomMessage"
    CUSTOM_EMAIL_SENDER = "CustomEmailSender"
    CUSTOM_SMS_SENDER = "CustomSMSSender"
    INBOUND_FEDERATION = "InboundFederation"

    @property
    def prefix(self) -> str:
        """What `triggerSource` begins with."""
        return "TokenGeneration" if self is Trigger.PRE_TOKEN_GENERATION else self.value

    def source(self, occasion: str) -> str:
        """Return the `triggerSource` of an occasion, e.g. `PreSignUp_SignUp`."""
        return f"{self.prefix}_{occasion}"


class EventVersion(StrEnum):
    """`LambdaVersion` of a trigger that has several."""

    V1_0 = "V1_0"
    V2_0 = "V2_0"
    V3_0 = "V3_0"

    @property
    def number(self) -> str:
        """What the event says in `version`."""
        return self.value[1]


VERSIONED = frozenset({Trigger.CUSTOM_EMAIL_SENDER, Trigger.CUSTOM_SMS_SENDER, Trigger.INBOUND_FEDERATION})
"""Triggers that `LambdaConfig` spells as `{LambdaVersion, LambdaArn}`."""
