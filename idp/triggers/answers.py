"""Reads what functions answer: the whole event must come back, with a `response` of the right shape. Pure.

Anything else is InvalidLambdaResponseException: a function that forgets to return must not pass for one
that had nothing to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp.signin.flows.triggers import Created, Defined

LONGEST_TEXT: Final = 20_000
MOST_PARAMETERS: Final = 50


class Unrecognizable(ValueError):  # noqa: N818 - the service's own word
    """The answer has not the shape of an event of this trigger."""


@dataclass(frozen=True, slots=True)
class SignUpVerdict:
    """PreSignUp."""

    confirm: bool = False
    verify_email: bool = False
    verify_phone: bool = False


@dataclass(frozen=True, slots=True)
class Migrated:
    """UserMigration: a user of another directory."""

    attributes: Mapping[str, str] = field(repr=False)
    confirmed: bool = False
    """finalUserStatus CONFIRMED; otherwise RESET_REQUIRED."""
    invites: bool = True
    """messageAction is not SUPPRESS."""
    force_alias: bool = False


@dataclass(frozen=True, slots=True)
class MessageTexts:
    """CustomMessage: what replaces the pool's own texts."""

    sms: str | None = None
    email: str | None = None
    subject: str | None = None


def read_response(value: Any) -> Mapping[str, Any]:
    """Return the `response` of an answered event; raises Unrecognizable."""
    response = value.get("response") if isinstance(value, dict) else None
    if not isinstance(response, dict):
        raise Unrecognizable
    return response


def read_sign_up(response: Mapping[str, Any]) -> SignUpVerdict:
    """Read PreSignUp."""
    return SignUpVerdict(
        confirm=_flag(response, "autoConfirmUser"),
        verify_email=_flag(response, "autoVerifyEmail"),
        verify_phone=_flag(response, "autoVerifyPhone"),
    )


def read_defined(response: Mapping[str, Any]) -> Defined:
    """Read DefineAuthChallenge: failing wins over tokens, and tokens over a challenge."""
    challenge = response.get("challengeName")
    if challenge is not None and not isinstance(challenge, str):
        raise Unrecognizable
    defined = Defined(
        challenge, issue_tokens=_flag(response, "issueTokens"), fail=_flag(response, "failAuthentication")
    )
    if not (defined.challenge or defined.issue_tokens or defined.fail):
        raise Unrecognizable
    return defined


def read_created(response: Mapping[str, Any]) -> Created:
    """Read CreateAuthChallenge."""
    metadata = response.get("challengeMetadata")
    if metadata is not None and not isinstance(metadata, str):
        raise Unrecognizable
    return Created(
        public=_texts(response, "publicChallengeParameters"),
        private=_texts(response, "privateChallengeParameters"),
        metadata=metadata,
    )


def read_verified(response: Mapping[str, Any]) -> bool:
    """Read VerifyAuthChallengeResponse."""
    return _flag(response, "answerCorrect")


def read_migrated(response: Mapping[str, Any]) -> Migrated:
    """Read UserMigration; without `userAttributes` the answer is unrecognizable."""
    status, action = response.get("finalUserStatus"), response.get("messageAction")
    if not isinstance(response.get("userAttributes"), dict):
        raise Unrecognizable
    if status not in (None, "CONFIRMED", "RESET_REQUIRED") or action not in (None, "SUPPRESS", "RESEND"):
        raise Unrecognizable
    return Migrated(
        _texts(response, "userAttributes"),
        confirmed=status == "CONFIRMED",
        invites=action != "SUPPRESS",
        force_alias=_flag(response, "forceAliasCreation"),
    )


def read_message(response: Mapping[str, Any], *, needs: tuple[str, ...]) -> MessageTexts:
    """Read CustomMessage; a text must keep every gap in `needs` (the code, for an invitation the name)."""
    texts = MessageTexts(
        sms=_text(response, "smsMessage"),
        email=_text(response, "emailMessage"),
        subject=_text(response, "emailSubject"),
    )
    for body in (texts.sms, texts.email):
        if body is not None and any(gap not in body for gap in needs):
            raise Unrecognizable
    if texts.subject is not None and not texts.subject.isprintable():
        raise Unrecognizable  # a line break would begin a header of its own
    return texts


def _flag(response: Mapping[str, Any], name: str) -> bool:
    value = response.get(name)
    if value is not None and not isinstance(value, bool):
        raise Unrecognizable
    return bool(value)


def _text(response: Mapping[str, Any], name: str) -> str | None:
    value = response.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise Unrecognizable
    return value


def _texts(response: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return a mapping of texts; numbers and booleans are spelled as texts, as Cognito does."""
    values = response.get(name)
    if values is None:
        return {}
    if not isinstance(values, dict) or len(values) > MOST_PARAMETERS:
        raise Unrecognizable
    return {str(key): _spell(value) for key, value in values.items() if value is not None}


def _spell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise Unrecognizable
    return value
