"""What calling a function comes to: the event it answered, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp.signin.flows.triggers import TriggerRefused
from idp.triggers.names import Trigger

LONGEST_MESSAGE: Final = 1024


@dataclass(frozen=True, slots=True)
class Answered:
    """The function returned; whether that is an event is for `answers` to judge."""

    value: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """The function raised: its own words, which Cognito hands to the caller."""

    message: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Unreached:
    """Nothing came back: not to be reached, too slow, too long, no JSON. The text is for the log."""

    reason: str


Invocation = Answered | Failed | Unreached


def refuse(trigger: Trigger, invocation: Failed | Unreached) -> TriggerRefused:
    """Spell a failed call as the exception of the API (cognito.md 8.1)."""
    if isinstance(invocation, Failed):
        message = f"{trigger} failed with error {invocation.message[:LONGEST_MESSAGE]}."
        return TriggerRefused("UserLambdaValidationException", message)
    return TriggerRefused(
        "UnexpectedLambdaException", f"{trigger} invocation failed due to error: unexpected"
    )


UNRECOGNIZABLE: Final = TriggerRefused("InvalidLambdaResponseException", "Unrecognizable lambda output")


def read_failure(value: Mapping[str, Any]) -> Failed:
    """Read Lambda's error document."""
    message = value.get("errorMessage")
    kind = value.get("errorType")
    return Failed(message if isinstance(message, str) else "", kind if isinstance(kind, str) else "")
