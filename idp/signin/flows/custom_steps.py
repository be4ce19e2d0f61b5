"""CUSTOM_AUTH: the pool's triggers define what is asked and judge it (cognito.md 4.7).

Define says what comes next, Create makes the question, Verify judges the answer. A password may be one of
the rounds (CHALLENGE_NAME=SRP_A). Nothing here counts wrong answers: how often one may guess is the
triggers' business, who see every round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from idp import texts
from idp.model import User
from idp.outcomes import SignInReason, SignInRefused
from idp.signin.flows.caller import Caller
from idp.signin.flows.desk import (
    Desk,
    Proof,
    StepResult,
    incorrect,
    lambda_unrecognizable,
    missing,
    trigger_refusal,
    trigger_turn,
)
from idp.signin.flows.names import ChallengeName
from idp.signin.flows.password_steps import PasswordSteps
from idp.signin.flows.progress import Progress
from idp.signin.flows.triggers import Created, Defined, Round, TriggerRefused

MOST_ROUNDS: Final = 20
SRP_A: Final = "SRP_A"
UNCONFIGURED: Final = SignInRefused(SignInReason.UNSUPPORTED, texts.CUSTOM_UNCONFIGURED)


@dataclass(slots=True)
class CustomSteps:
    """The steps of a custom flow."""

    desk: Desk
    passwords: PasswordSteps

    async def start(
        self, caller: Caller, progress: Progress, user: User | None, parameters: Mapping[str, str]
    ) -> StepResult:
        """Begin, with SRP where the client says so."""
        if parameters.get("CHALLENGE_NAME") != SRP_A:
            return await self.define(caller, progress, user, is_start=True)
        begun = replace(progress, rounds=(Round(SRP_A, result=True),))
        return await self.define(caller, begun, user, client_text=parameters.get(SRP_A, ""), is_start=True)

    async def define(
        self,
        caller: Caller,
        progress: Progress,
        user: User | None,
        *,
        client_text: str = "",
        is_start: bool = False,
    ) -> StepResult:
        """Let Define say what comes next."""
        if len(progress.rounds) >= MOST_ROUNDS:
            return incorrect()
        turn = trigger_turn(caller, user=user, username=progress.username, is_start=is_start)
        defined = await self.desk.triggers.define_challenge(turn, progress.rounds)
        if not isinstance(defined, Defined):
            return trigger_refusal(defined) if isinstance(defined, TriggerRefused) else UNCONFIGURED
        if defined.fail:
            return incorrect()
        if defined.issue_tokens:
            return Proof(replace(progress, is_defined=True), user) if user is not None else incorrect()
        if defined.challenge == ChallengeName.PASSWORD_VERIFIER:
            return await self.passwords.open_srp(caller, progress, user, client_text)
        if defined.challenge == ChallengeName.CUSTOM_CHALLENGE:
            return await self._create(caller, progress, user)
        return lambda_unrecognizable()

    async def answer(
        self, caller: Caller, progress: Progress, user: User | None, responses: Mapping[str, str]
    ) -> StepResult:
        """Let Verify judge the answer, then Define go on."""
        answer = responses.get("ANSWER")
        if answer is None:
            return missing("ANSWER")
        private = dict(progress.state)
        metadata = private.pop(_METADATA, None)
        turn = trigger_turn(caller, user=user, username=progress.username)
        judged = await self.desk.triggers.verify_challenge(turn, answer, private)
        if not isinstance(judged, bool):
            return trigger_refusal(judged) if isinstance(judged, TriggerRefused) else UNCONFIGURED
        entry = Round(ChallengeName.CUSTOM_CHALLENGE, result=judged and user is not None, metadata=metadata)
        return await self.define(caller, replace(progress, rounds=(*progress.rounds, entry), state={}), user)

    async def _create(self, caller: Caller, progress: Progress, user: User | None) -> StepResult:
        turn = trigger_turn(caller, user=user, username=progress.username)
        name = ChallengeName.CUSTOM_CHALLENGE
        created = await self.desk.triggers.create_challenge(turn, name, progress.rounds)
        if not isinstance(created, Created):
            return trigger_refusal(created) if isinstance(created, TriggerRefused) else UNCONFIGURED
        state = dict(created.private)
        if created.metadata is not None:
            state[_METADATA] = created.metadata
        return self.desk.challenge(caller, progress, name, user=user, parameters=created.public, state=state)


_METADATA: Final = "\x00metadata"
"""Where the round's metadata travels among the private parameters: no trigger can name one so."""
