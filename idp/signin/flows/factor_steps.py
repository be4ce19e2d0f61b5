"""Asking for factors beyond the password, and judging the answers (cognito.md 4.4, 4.6, 4.9).

Wrong codes lock by the schedule of wrong passwords, on counters of their own. A wrong answer leaves the
session good; the right one spends it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from idp.model import User
from idp.outcomes import SignInReason, SignInRefused
from idp.signin.dispatch import Step, refuse
from idp.signin.flows.accounts import FACTORS
from idp.signin.flows.caller import Caller
from idp.signin.flows.desk import Desk, Proof, StepResult, factor_turn, missing
from idp.signin.flows.factors import Asked, Passed, Wanted
from idp.signin.flows.names import ChallengeName
from idp.signin.flows.progress import Progress

C = ChallengeName
SERVED: Final = frozenset({C.SMS_MFA, C.SOFTWARE_TOKEN_MFA, C.EMAIL_OTP, C.SMS_OTP, C.WEB_AUTHN, C.MFA_SETUP})
"""The challenges that factors answer."""
_COUNTED: Final = frozenset({SignInReason.CODE_MISMATCH, SignInReason.CODE_EXPIRED, SignInReason.INCORRECT})


@dataclass(slots=True)
class FactorSteps:
    """The steps that deal with factors."""

    desk: Desk

    async def put_second(
        self, caller: Caller, progress: Progress, user: User, *, step: Step, wanted: Wanted
    ) -> StepResult:
        """Ask for the second factor, let the user choose one, or let them set one up."""
        if step is Step.ASK:
            return await self.ask(caller, progress, user, wanted.ask[0], is_first=False)
        names = wanted.ask if step is Step.SELECT else wanted.set_up
        key = "MFAS_CAN_CHOOSE" if step is Step.SELECT else "MFAS_CAN_SETUP"
        name = C.SELECT_MFA_TYPE if step is Step.SELECT else C.MFA_SETUP
        return self.desk.challenge(
            caller,
            replace(progress, choices=names),
            name,
            user=user,
            parameters={key: json.dumps([str(entry) for entry in names])},
        )

    async def ask(
        self, caller: Caller, progress: Progress, user: User | None, name: ChallengeName, *, is_first: bool
    ) -> StepResult:
        """Ask for one factor."""
        asked = await self.desk.factors.start(factor_turn(caller, progress, user, is_first=is_first), name)
        return self._put(caller, progress, user, asked) if isinstance(asked, Asked) else asked

    async def ask_again(self, caller: Caller, progress: Progress, user: User | None) -> StepResult:
        """Ask once more for what this sign-in waits for."""
        turn = factor_turn(caller, progress, user, is_first=not progress.amr)
        asked = await self.desk.factors.ask_again(turn, progress.challenge, state=progress.state)
        return self._put(caller, progress, user, asked) if isinstance(asked, Asked) else asked

    async def choose_second(
        self, caller: Caller, progress: Progress, user: User, responses: Mapping[str, str]
    ) -> StepResult:
        """Judge the answer to SELECT_MFA_TYPE."""
        answer = responses.get("ANSWER")
        if not answer:
            return missing("ANSWER")
        if answer not in progress.choices:
            return refuse(SignInReason.FACTOR_UNAVAILABLE)
        return await self.ask(caller, progress, user, ChallengeName(answer), is_first=False)

    async def check(self, caller: Caller, progress: Progress, responses: Mapping[str, str]) -> StepResult:
        """Judge the answer to a factor's challenge; the caller holds the account's turn."""
        account = await self.desk.accounts.recall(progress, counters=FACTORS)
        if account.is_locked(self.desk.clock.now()):
            return refuse(SignInReason.LOCKED)
        is_first = not progress.amr
        judged = await self.desk.factors.check(
            factor_turn(caller, progress, account.user, is_first=is_first),
            progress.challenge,
            answer=responses,
            state=progress.state,
        )
        if isinstance(judged, SignInRefused):
            if judged.reason in _COUNTED:
                await self.desk.accounts.count_failure(caller.pool, account.subject)
            return judged
        if isinstance(judged, Asked):
            return self._put(caller, progress, account.user, judged)
        if account.failures is not None:
            await self.desk.accounts.forgive(caller.pool, account.subject)
        return Proof(_with(progress, judged, is_first=is_first), judged.user)

    def _put(self, caller: Caller, progress: Progress, user: User | None, asked: Asked) -> StepResult:
        return self.desk.challenge(
            caller,
            replace(progress, choices=()),
            asked.name,
            user=user,
            parameters=asked.parameters,
            state=asked.state,
        )


def _with(progress: Progress, passed: Passed, *, is_first: bool) -> Progress:
    """Add a right factor: as the second one, or as a first one that may be enough alone.

    A code as the first factor rules a second one out; a passkey does where the pool says so.
    """
    enough = not is_first or passed.is_multi_factor or progress.challenge is not C.WEB_AUTHN
    return progress.proved(*passed.amr, second_done=enough)
