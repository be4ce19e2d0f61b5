"""USER_AUTH: the user, or the app for them, chooses the first factor (cognito.md 4.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from idp.model import User
from idp.outcomes import SignInReason
from idp.signin.assurance import may_begin
from idp.signin.dispatch import refuse
from idp.signin.flows.accounts import Account
from idp.signin.flows.caller import Caller
from idp.signin.flows.desk import Desk, StepResult, missing, unfit
from idp.signin.flows.factor_steps import FactorSteps
from idp.signin.flows.names import ChallengeName
from idp.signin.flows.password_steps import PasswordSteps, begin_for
from idp.signin.flows.progress import Progress

BY_PASSWORD: Final = (ChallengeName.PASSWORD_SRP, ChallengeName.PASSWORD)


@dataclass(slots=True)
class ChoiceSteps:
    """The steps of choosing."""

    desk: Desk
    passwords: PasswordSteps
    factors: FactorSteps

    async def offer(
        self, caller: Caller, progress: Progress, account: Account, parameters: Mapping[str, str]
    ) -> StepResult:
        """Go for the preferred challenge if the user can answer it, or offer all that they can."""
        usable = await self._list_usable(caller, progress.targets, account.user)
        preferred = parameters.get("PREFERRED_CHALLENGE")
        if preferred is not None and preferred in usable:
            return await self._go(caller, progress, account, ChallengeName(preferred), parameters)
        hides = account.user is not None and caller.hides_existence
        as_nobody = await self._list_usable(caller, progress.targets, None)
        if preferred is not None and hides and preferred in as_nobody:
            # A disabled user, or one who has to begin with the password, is asked as nobody would be.
            nobody = self.desk.accounts.nobody(caller.pool, progress.typed)
            begun = begin_for(
                self.desk,
                caller,
                progress.flow,
                nobody,
                typed=progress.typed,
                device_key=progress.device_key,
            )
            return await self._go(caller, begun, nobody, ChallengeName(preferred), parameters)
        if progress.targets and not usable:
            if not caller.hides_existence:
                return refuse(SignInReason.LEVEL_UNREACHABLE, progress.username)
            usable = as_nobody
        return self.desk.challenge(
            caller, replace(progress, choices=usable), ChallengeName.SELECT_CHALLENGE, user=account.user
        )

    async def choose(
        self, caller: Caller, progress: Progress, account: Account, responses: Mapping[str, str]
    ) -> StepResult:
        """Judge the answer to SELECT_CHALLENGE."""
        answer = responses.get("ANSWER")
        if not answer:
            return missing("ANSWER")
        if answer not in progress.choices:
            return unfit("ANSWER")
        return await self._go(caller, progress, account, ChallengeName(answer), responses)

    async def answer_password(
        self, caller: Caller, progress: Progress, account: Account, responses: Mapping[str, str]
    ) -> StepResult:
        """Judge the answer to PASSWORD."""
        password = responses.get("PASSWORD")
        if not password:
            return missing("PASSWORD")
        if account.is_locked(self.desk.clock.now()):
            return refuse(SignInReason.LOCKED)
        return await self.passwords.check_plain(caller, progress, account, password)

    async def answer_srp(
        self, caller: Caller, progress: Progress, account: Account, responses: Mapping[str, str]
    ) -> StepResult:
        """Judge the answer to PASSWORD_SRP: it opens the exchange."""
        if account.is_locked(self.desk.clock.now()):
            return refuse(SignInReason.LOCKED)
        return await self.passwords.open_srp(caller, progress, account.user, responses.get("SRP_A", ""))

    async def _go(
        self,
        caller: Caller,
        progress: Progress,
        account: Account,
        name: ChallengeName,
        given: Mapping[str, str],
    ) -> StepResult:
        begun = replace(progress, choices=())
        if name is ChallengeName.PASSWORD and given.get("PASSWORD"):
            return await self.answer_password(caller, begun, account, given)
        if name is ChallengeName.PASSWORD_SRP and given.get("SRP_A"):
            return await self.answer_srp(caller, begun, account, given)
        if name in BY_PASSWORD:
            return self.desk.challenge(caller, begun, name, user=account.user)
        return await self.factors.ask(caller, begun, account.user, name, is_first=True)

    async def _list_usable(
        self, caller: Caller, targets: tuple[int, ...], user: User | None
    ) -> tuple[ChallengeName, ...]:
        """List what a user can begin with; for nobody, what an ordinary user could.

        What second factors somebody has shows in none of it: where a level needs one, that is seen later.
        """
        others = await self.desk.factors.first_factors(caller.pool, caller.client, user)
        has_password = user is None or user.password_hash is not None
        names = (*(BY_PASSWORD if has_password else ()), *others)
        return tuple(name for name in names if may_begin(name, targets))
