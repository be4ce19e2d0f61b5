"""The beginning of a sign-in: who it is about, what is said before anything was proved, and the first step
(cognito.md 4.8, steps 5 to 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from idp.model import User
from idp.outcomes import SignInReason, SignInRefused
from idp.signin.dispatch import decide_before_password, refuse
from idp.signin.flows.accounts import Account
from idp.signin.flows.caller import Caller, Door
from idp.signin.flows.choice_steps import ChoiceSteps
from idp.signin.flows.custom_steps import CustomSteps
from idp.signin.flows.desk import Desk, StepResult, trigger_refusal, trigger_turn
from idp.signin.flows.names import AuthFlow, ChallengeName
from idp.signin.flows.password_steps import PasswordSteps, begin_for
from idp.signin.flows.progress import Progress
from idp.signin.flows.reports import FLOWS_WITH_PASSWORD
from idp.signin.flows.triggers import TriggerRefused


@dataclass(frozen=True, slots=True)
class Beginning:
    """Begins sign-ins; the caller holds the account's turn."""

    desk: Desk
    passwords: PasswordSteps
    choice: ChoiceSteps
    custom: CustomSteps

    async def begin(
        self, caller: Caller, flow: AuthFlow, typed: str, parameters: Mapping[str, str]
    ) -> StepResult:
        """Look the account up, and take the first step of the flow."""
        account = await self.desk.accounts.find(caller.pool, typed)
        password = parameters.get("PASSWORD", "")
        if account.user is None and flow in FLOWS_WITH_PASSWORD and password:
            migrated = await self._migrate(caller, typed, password)
            if isinstance(migrated, SignInRefused):
                return migrated
            account = await self.desk.accounts.find(caller.pool, typed) if migrated else account
        is_custom = flow is AuthFlow.CUSTOM_AUTH
        if refusal := await self._find_early_refusal(caller, account, typed, is_custom=is_custom):
            return refusal
        progress = begin_for(
            self.desk, caller, flow, account, typed=typed, device_key=parameters.get("DEVICE_KEY")
        )
        return await self._first_step(caller, progress, account, parameters)

    async def _first_step(
        self, caller: Caller, progress: Progress, account: Account, parameters: Mapping[str, str]
    ) -> StepResult:
        if progress.flow is AuthFlow.CUSTOM_AUTH:
            return await self.custom.start(caller, progress, account.user, parameters)
        if progress.flow is AuthFlow.USER_AUTH:
            return await self.choice.offer(caller, progress, account, parameters)
        if progress.flow is AuthFlow.USER_SRP_AUTH:
            return await self.passwords.open_srp(caller, progress, account.user, parameters.get("SRP_A", ""))
        if not parameters.get("PASSWORD") and caller.door is Door.ADMIN:
            return self.desk.challenge(caller, progress, ChallengeName.ADMIN_NO_SRP_AUTH, user=account.user)
        return await self.passwords.check_plain(caller, progress, account, parameters.get("PASSWORD", ""))

    async def _find_early_refusal(
        self, caller: Caller, account: Account, typed: str, *, is_custom: bool
    ) -> SignInRefused | None:
        """Say what is said before anything was proved (cognito.md 4.8, steps 5 to 9)."""
        hide, user = caller.hides_existence, account.user
        if user is None and not hide:
            return refuse(SignInReason.UNKNOWN_USER)
        name = user.username if user else typed
        turn = trigger_turn(caller, user=user, username=name, is_start=True)
        refused = await self.desk.triggers.pre_authentication(turn)
        if refused is not None:
            return trigger_refusal(refused)
        if early := decide_before_password(user, hide_existence=hide):
            return refuse(early)
        is_locked = account.is_locked(self.desk.clock.now()) and not is_custom
        return refuse(SignInReason.LOCKED) if is_locked else None

    async def _migrate(self, caller: Caller, typed: str, password: str) -> User | SignInRefused | None:
        turn = trigger_turn(caller, user=None, username=typed, is_start=True)
        migrated = await self.desk.triggers.migrate_user(turn, password)
        return trigger_refusal(migrated) if isinstance(migrated, TriggerRefused) else migrated
