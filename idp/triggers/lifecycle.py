"""The triggers around accounts: PreSignUp and PostConfirmation (cognito.md 8.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from idp import texts
from idp.model import Pool, User
from idp.outcomes import UserReason, UserRefused
from idp.signin.flows.triggers import TriggerRefused
from idp.triggers import answers, events
from idp.triggers.answers import SignUpVerdict
from idp.triggers.calling import Calling
from idp.triggers.events import Occasion
from idp.triggers.names import Trigger
from idp.triggers.origin import origin


class SignUpOccasion(StrEnum):
    """Who creates a user."""

    SIGN_UP = "SignUp"
    ADMIN = "AdminCreateUser"


class ConfirmationOccasion(StrEnum):
    """What was confirmed."""

    SIGN_UP = "ConfirmSignUp"
    FORGOT_PASSWORD = "ConfirmForgotPassword"  # noqa: S105


@dataclass(slots=True)
class LifecycleTriggers:
    """Calls the triggers around accounts."""

    calling: Calling

    async def pre_sign_up(
        self, pool: Pool, occasion: SignUpOccasion, *, username: str, attributes: Mapping[str, str]
    ) -> SignUpVerdict | UserRefused:
        """Ask whether somebody may become a user, and how far confirmed."""
        told = origin()
        client = told.client if occasion is SignUpOccasion.SIGN_UP else None
        about = Occasion(Trigger.PRE_SIGN_UP, occasion, pool, username, client)
        verdict = await self.calling.call(
            pool,
            about.trigger,
            lambda: events.pre_sign_up(
                about, attributes, validation_data=told.validation_data, metadata=told.metadata
            ),
            answers.read_sign_up,
        )
        if isinstance(verdict, TriggerRefused):
            return refuse_user(verdict)
        return SignUpVerdict() if verdict is None else verdict

    async def post_confirmation(
        self, pool: Pool, occasion: ConfirmationOccasion, user: User
    ) -> UserRefused | None:
        """Tell that a user is confirmed; a failure is reported though the user stays confirmed."""
        told = origin()
        about = Occasion(Trigger.POST_CONFIRMATION, occasion, pool, user.username, told.client)
        refused = await self.calling.tell(
            pool, about.trigger, lambda: events.post_confirmation(about, user, metadata=told.metadata)
        )
        return None if refused is None else refuse_user(refused)


def refuse_user(refused: TriggerRefused) -> UserRefused:
    """Turn a trigger's refusal into one of a user operation."""
    text = texts.TRIGGER_REFUSED.filled(message=refused.message)
    return UserRefused(UserReason.TRIGGER_REFUSED, text, refused.code)
