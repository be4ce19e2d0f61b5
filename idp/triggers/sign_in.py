"""The triggers of sign-in, behind the seam of the flows (cognito.md 4.7, 8.3)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from idp.model import User
from idp.signin.flows.triggers import Created, Defined, Round, TriggerRefused, TriggerTurn
from idp.triggers import answers, events
from idp.triggers.calling import Calling
from idp.triggers.events import Occasion
from idp.triggers.migration import Migration
from idp.triggers.names import Trigger

log = logging.getLogger("idp.triggers")
AUTHENTICATION = "Authentication"


@dataclass(slots=True)
class SignInTriggers:
    """Calls the triggers of sign-in."""

    calling: Calling
    migration: Migration

    async def migrate_user(self, turn: TriggerTurn, password: str) -> User | TriggerRefused | None:
        """Create a user nobody knows from another directory that does."""
        return await self.migration.at_sign_in(turn, password)

    async def pre_authentication(self, turn: TriggerTurn) -> TriggerRefused | None:
        """Call PreAuthentication."""
        occasion = _occasion(turn, Trigger.PRE_AUTHENTICATION)
        return await self.calling.tell(
            turn.pool,
            occasion.trigger,
            lambda: events.pre_authentication(occasion, turn.user, validation_data=turn.validation_data),
        )

    async def post_authentication(self, turn: TriggerTurn) -> TriggerRefused | None:
        """Call PostAuthentication."""
        occasion, user = _occasion(turn, Trigger.POST_AUTHENTICATION), turn.user
        if user is None:
            return None
        return await self.calling.tell(
            turn.pool,
            occasion.trigger,
            lambda: events.post_authentication(
                occasion, user, new_device=turn.new_device, metadata=turn.metadata
            ),
        )

    async def define_challenge(
        self, turn: TriggerTurn, rounds: tuple[Round, ...]
    ) -> Defined | TriggerRefused | None:
        """Call DefineAuthChallenge."""
        occasion = _occasion(turn, Trigger.DEFINE_AUTH_CHALLENGE)
        return await self.calling.call(
            turn.pool,
            occasion.trigger,
            lambda: events.define_challenge(occasion, turn.user, rounds=rounds, metadata=turn.metadata),
            answers.read_defined,
        )

    async def create_challenge(
        self, turn: TriggerTurn, name: str, rounds: tuple[Round, ...]
    ) -> Created | TriggerRefused | None:
        """Call CreateAuthChallenge."""
        occasion = _occasion(turn, Trigger.CREATE_AUTH_CHALLENGE)
        return await self.calling.call(
            turn.pool,
            occasion.trigger,
            lambda: events.create_challenge(
                occasion, turn.user, name=name, rounds=rounds, metadata=turn.metadata
            ),
            answers.read_created,
        )

    async def verify_challenge(
        self, turn: TriggerTurn, answer: str, private: Mapping[str, str]
    ) -> bool | TriggerRefused | None:
        """Call VerifyAuthChallengeResponse."""
        occasion = _occasion(turn, Trigger.VERIFY_AUTH_CHALLENGE_RESPONSE)
        return await self.calling.call(
            turn.pool,
            occasion.trigger,
            lambda: events.verify_challenge(
                occasion, turn.user, answer=answer, private=private, metadata=turn.metadata
            ),
            answers.read_verified,
        )


def _occasion(turn: TriggerTurn, trigger: Trigger) -> Occasion:
    return Occasion(trigger, AUTHENTICATION, turn.pool, turn.username, turn.client)
