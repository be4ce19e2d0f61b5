"""The dispatcher of every sign-in, whichever door it comes through (cognito.md 4).

`start` and `answer` take turns and hand on: `beginning` and `openings` look accounts and sessions up, the
step that is due comes back with a challenge, a refusal or a proof, and `proofs` sees to what follows one.
What may be said and what costs what is in the steps; nothing here knows a factor.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from idp.clock import Clock
from idp.model import Client, Pool, User
from idp.outcomes import Challenged, SignInOutcome, SignInReason, SignInRefused, Trace
from idp.pace import rest_until
from idp.protection.limiter import Limiter
from idp.protection.origins import NOWHERE, Origin, describe_origin
from idp.protection.records import RiskDecision
from idp.seal import Vault
from idp.signin.beginning import Beginning
from idp.signin.dispatch import refuse
from idp.signin.flows.accounts import FACTORS, Account, Accounts
from idp.signin.flows.caller import Caller, Door
from idp.signin.flows.choice_steps import ChoiceSteps
from idp.signin.flows.custom_steps import CustomSteps
from idp.signin.flows.desk import Desk, Proof, StepResult, trigger_refusal, trigger_turn
from idp.signin.flows.device_steps import DeviceSteps
from idp.signin.flows.factor_steps import SERVED, FactorSteps
from idp.signin.flows.factors import Factors
from idp.signin.flows.names import AuthFlow, ChallengeName
from idp.signin.flows.password_steps import PASSWORD, PasswordSteps, begin_for
from idp.signin.flows.progress import DECISION, Progress
from idp.signin.flows.reports import happening_of, log_step, opening
from idp.signin.flows.risk_steps import RiskSteps
from idp.signin.flows.triggers import Triggers
from idp.signin.openings import BY_BLOCK, Openings
from idp.signin.proofs import Proofs
from idp.signin.setups import Setups
from idp.signin.sign_up import SignUpSessions
from idp.store.base import Store
from idp.users.credentials import Passwords

log = logging.getLogger(__name__)
C = ChallengeName
Answer = Callable[[Caller, Progress, Account, Mapping[str, str]], Awaitable[StepResult]]


class SignIn:
    """Signs users in."""

    def __init__(self, store: Store, clock: Clock, vault: Vault, passwords: Passwords) -> None:
        self.accounts = Accounts(store, clock, vault)
        self._limiter = Limiter(clock=clock)
        self._desk = Desk(store, clock, vault, passwords, self.accounts)
        self._passwords = PasswordSteps(self._desk)
        self._factors = FactorSteps(self._desk)
        self._choice = ChoiceSteps(self._desk, self._passwords, self._factors)
        self._custom = CustomSteps(self._desk, self._passwords)
        self._devices = DeviceSteps(self._desk)
        self.sign_ups = SignUpSessions(self._desk)
        self.setups = Setups(self._desk)
        self._beginning = Beginning(self._desk, self._passwords, self._choice, self._custom)
        self._openings = Openings(self._desk, self._devices)
        self._proofs = Proofs(
            self._desk, self._passwords, self._factors, self._custom, self._devices, RiskSteps(self._desk)
        )
        self._answers: Mapping[ChallengeName, Answer] = {
            C.PASSWORD: self._choice.answer_password,
            C.PASSWORD_SRP: self._choice.answer_srp,
            C.ADMIN_NO_SRP_AUTH: self._choice.answer_password,
            C.SELECT_CHALLENGE: self._choice.choose,
            C.PASSWORD_VERIFIER: self._passwords.verify_srp,
            C.NEW_PASSWORD_REQUIRED: self._of_somebody(self._passwords.replace_password),
            C.SELECT_MFA_TYPE: self._of_somebody(self._factors.choose_second),
            C.CUSTOM_CHALLENGE: self._answer_custom,
            C.DEVICE_SRP_AUTH: self._of_somebody(self._devices.open_srp),
            C.DEVICE_PASSWORD_VERIFIER: self._devices.verify_srp,
            **dict.fromkeys(SERVED, self._answer_factor),
        }

    def use(
        self,
        *,
        factors: Factors | None = None,
        triggers: Triggers | None = None,
        limiter: Limiter | None = None,
    ) -> None:
        """Put what stands behind the seams in place."""
        self._limiter = limiter or self._limiter
        self._desk.factors = factors or self._desk.factors
        self._desk.triggers = triggers or self._desk.triggers

    async def with_password(
        self,
        pool: Pool,
        client: Client,
        *,
        username: str,
        password: str,
        address: str,
        hide_existence: bool = True,
        origin: Origin | None = None,
    ) -> SignInOutcome:
        """Check a name and a password as the hosted pages do; `address` is the peer's, for the log."""
        origin = origin or describe_origin(address)
        caller = Caller(pool, client, address, Door.HOSTED, origin, truthful=not hide_existence)
        parameters = {"USERNAME": username, "PASSWORD": password}
        return await self.start(caller, AuthFlow.USER_PASSWORD_AUTH, parameters)

    async def answer_new_password(
        self,
        pool: Pool,
        client: Client,
        *,
        session: str,
        new_password: str,
        attributes: Mapping[str, str] | None = None,
        address: str = "",
        origin: Origin = NOWHERE,
    ) -> SignInOutcome:
        """Replace a temporary password and go on, for the hosted pages."""
        named = {f"userAttributes.{name}": value for name, value in (attributes or {}).items()}
        responses = {"NEW_PASSWORD": new_password, **named}
        caller = Caller(pool, client, address, origin=origin)
        return await self.answer(caller, C.NEW_PASSWORD_REQUIRED, session=session, responses=responses)

    async def start(self, caller: Caller, flow: AuthFlow, parameters: Mapping[str, str]) -> SignInOutcome:
        """Begin a sign-in with AuthParameters; that client and door may use the flow is checked before."""
        started = asyncio.get_running_loop().time()
        typed = parameters.get("USERNAME", "")
        subject = await self.accounts.subject_of(caller.pool, typed)
        if barred := await self._find_barred(caller, subject):
            return barred
        if self._limiter.take_for_account(caller.pool.id, subject):  # before they queue for their turn
            return refuse(SignInReason.BUSY)
        async with self.accounts.take_turn(caller.pool, subject):
            result = await self._beginning.begin(caller, flow, typed, parameters)
            outcome = await self._proofs.go_on(caller, result)
        self._record(caller, opening(flow), subject=subject, outcome=outcome)
        if _is_cheap(outcome):
            await rest_until(started)
        return outcome

    async def answer(
        self,
        caller: Caller,
        challenge: ChallengeName,
        *,
        session: str | None,
        responses: Mapping[str, str],
    ) -> SignInOutcome:
        """Judge ChallengeResponses; `session` may be missing where the responses carry a secret block."""
        started = asyncio.get_running_loop().time()
        progress = await self._openings.open(caller, challenge, session, responses)
        if isinstance(progress, SignInRefused):
            return progress
        if barred := await self._find_barred(caller, progress.subject):
            return barred
        progress = _with_device(progress, responses)
        if self._limiter.take_for_account(caller.pool.id, progress.subject):
            return refuse(SignInReason.BUSY)
        async with self.accounts.take_turn(caller.pool, progress.subject):
            outcome = await self._answer(caller, progress, responses)
        if _is_cheap(outcome):
            await rest_until(started)
        self._record(caller, challenge, subject=progress.subject, outcome=outcome, progress=progress)
        return outcome

    async def ask_again(self, caller: Caller, challenge: ChallengeName, *, session: str) -> SignInOutcome:
        """Ask once more for a factor that this session waits for: a new code, and a new session."""
        progress = await self._openings.open(caller, challenge, session, {})
        if isinstance(progress, SignInRefused):
            return progress
        if barred := await self._find_barred(caller, progress.subject):
            return barred
        async with self.accounts.take_turn(caller.pool, progress.subject):
            account = await self.accounts.recall(progress)
            if progress.sub is not None and (account.user is None or not account.user.enabled):
                return refuse(SignInReason.SESSION_INVALID)
            result = await self._factors.ask_again(caller, progress, account.user)
            return await self._proofs.go_on(caller, result)

    async def begin_proven(
        self, caller: Caller, user: User, *, amr: tuple[str, ...], is_enough: bool
    ) -> SignInOutcome:
        """Begin where something was proved without a challenge, and go on as after any first factor.

        A confirmation in the browser that had chosen the password; a passkey that named its user.
        `is_enough`: no second factor is to be asked for.
        """
        account = Account(user, user.sub, None)
        if barred := await self._find_barred(caller, account.subject):
            return barred
        begun = begin_for(
            self._desk, caller, AuthFlow.USER_AUTH, account, typed=user.username, device_key=None
        )
        async with self.accounts.take_turn(caller.pool, account.subject):
            turn = trigger_turn(caller, user=user, username=user.username, is_start=True)
            refused = await self._desk.triggers.pre_authentication(turn)
            proof = Proof(begun.proved(*amr, second_done=is_enough), user)
            outcome = trigger_refusal(refused) if refused else await self._proofs.go_on(caller, proof)
        self._record(caller, None, subject=account.subject, outcome=outcome, progress=begun)
        return outcome

    async def after_confirmation(self, caller: Caller, user: User) -> SignInOutcome:
        """Go on from the code of a sign-up, in the browser that had chosen the password.

        The code was a second factor for once, as in Cognito (cognito.md 6); but who has none yet, where one
        is required, sets one up first.
        """
        wanted = await self._desk.factors.wanted(caller.pool, caller.client, user)
        return await self.begin_proven(caller, user, amr=(PASSWORD,), is_enough=bool(wanted.ask))

    async def start_confirmed(
        self, caller: Caller, session: str, parameters: Mapping[str, str]
    ) -> SignInOutcome:
        """Begin USER_AUTH with the session of a confirmation."""
        progress = await self._openings.open(caller, C.SELECT_CHALLENGE, session, parameters)
        if isinstance(progress, SignInRefused):
            return progress
        if barred := await self._find_barred(caller, progress.subject):
            return barred
        async with self.accounts.take_turn(caller.pool, progress.subject):
            outcome = await self._start_confirmed(caller, progress, parameters)
        self._record(caller, None, subject=progress.subject, outcome=outcome, progress=progress)
        return outcome

    async def _start_confirmed(
        self, caller: Caller, progress: Progress, parameters: Mapping[str, str]
    ) -> SignInOutcome:
        account = await self.accounts.recall(progress)
        is_right = progress.amr and await self._openings.is_named(caller, progress, parameters)
        if account.user is None or not is_right or not await self.accounts.spend(progress):
            return refuse(SignInReason.SESSION_INVALID)
        proof = Proof(replace(progress, targets=caller.targets), account.user)
        return await self._proofs.go_on(caller, proof)

    async def _find_barred(self, caller: Caller, subject: str) -> SignInRefused | None:
        """Refuse whoever comes from a blocked address, whatever they would answer and to whom."""
        threats, addresses = self._desk.passwords.threats, (caller.address, caller.origin.address)
        if not await threats.bars(caller.pool, caller.client, *addresses):
            return None
        trace = Trace(str(uuid.uuid4()), {DECISION: RiskDecision.BLOCK.value})
        barred = replace(refuse(SignInReason.ADDRESS_BLOCKED), trace=trace)
        self._record(caller, None, subject=subject, outcome=barred)
        return barred

    def _record(
        self,
        caller: Caller,
        challenge: ChallengeName | None,
        *,
        subject: str,
        outcome: SignInOutcome,
        progress: Progress | None = None,
    ) -> None:
        """Tell the log, and the account's history where the pool keeps one."""
        log_step(log, caller, subject=subject, outcome=outcome)
        begun = progress.trace if progress else Trace(str(uuid.uuid4()))
        happening = happening_of(caller, challenge, outcome, outcome.trace if outcome.trace.event else begun)
        self._desk.passwords.history.note(caller.pool, caller.client, subject, happening)

    async def _answer(
        self, caller: Caller, progress: Progress, responses: Mapping[str, str]
    ) -> SignInOutcome:
        # A device stands in for a second factor: a right password must not forgive its failures either.
        is_device = progress.challenge is C.DEVICE_PASSWORD_VERIFIER
        account = await self.accounts.recall(progress, counters=FACTORS if is_device else "")
        is_gone = progress.sub is not None and (account.user is None or not account.user.enabled)
        if is_gone and progress.challenge not in BY_BLOCK:  # those come out wrong, at the same cost
            return refuse(SignInReason.SESSION_INVALID)
        if not await self._openings.is_named(caller, progress, responses):
            return refuse(SignInReason.SESSION_INVALID)
        if progress.challenge in BY_BLOCK and account.is_locked(self._desk.clock.now()):
            return refuse(SignInReason.LOCKED)
        # A trigger's question may be answered once: it counts the rounds, and would not see a second answer.
        is_once = progress.challenge is C.CUSTOM_CHALLENGE
        if is_once and not await self.accounts.spend(progress):
            return refuse(SignInReason.SESSION_INVALID)
        result = await self._answers[progress.challenge](caller, progress, account, responses)
        outcome = await self._proofs.go_on(caller, result)
        if is_once or (isinstance(outcome, SignInRefused) and not _is_spending(outcome)):
            return outcome
        # Right once is right once: of two answers at a time, on whatever nodes, one finds it spent.
        if not await self.accounts.spend(progress):
            return refuse(SignInReason.SESSION_INVALID)
        return outcome

    async def _answer_factor(
        self, caller: Caller, progress: Progress, account: Account, responses: Mapping[str, str]
    ) -> StepResult:
        return await self._factors.check(caller, progress, responses)

    async def _answer_custom(
        self, caller: Caller, progress: Progress, account: Account, responses: Mapping[str, str]
    ) -> StepResult:
        return await self._custom.answer(caller, progress, account.user, responses)

    @staticmethod
    def _of_somebody(
        step: Callable[[Caller, Progress, User, Mapping[str, str]], Awaitable[StepResult]],
    ) -> Answer:
        """Make an answer of a step that only somebody who is there ever comes to."""

        async def answer(
            caller: Caller, progress: Progress, account: Account, responses: Mapping[str, str]
        ) -> StepResult:
            if account.user is None:
                return refuse(SignInReason.SESSION_INVALID)
            return await step(caller, progress, account.user, responses)

        return answer


def _is_cheap(outcome: SignInOutcome) -> bool:
    """Whether no password was hashed, so that the time could tell whether anybody has the name.

    Whoever likes may ask again at once, and without end.
    """
    if isinstance(outcome, Challenged):
        return outcome.name is not C.NEW_PASSWORD_REQUIRED
    return isinstance(outcome, SignInRefused) and outcome.reason is SignInReason.LOCKED


def _with_device(progress: Progress, responses: Mapping[str, str]) -> Progress:
    """Take the device that an answer names, until it has to prove itself.

    A client whose device is not known tries the answer again without it: what it named at first is no more.
    """
    if progress.challenge in (C.DEVICE_SRP_AUTH, C.DEVICE_PASSWORD_VERIFIER):
        return progress
    default = None if progress.challenge is C.PASSWORD_VERIFIER else progress.device_key
    return replace(progress, device_key=responses.get("DEVICE_KEY") or default)


def _is_spending(refused: SignInRefused) -> bool:
    """Whether a refusal ends the session: it follows from a right answer that cannot become useful."""
    return refused.username is not None and refused.reason is not SignInReason.DEVICE_UNKNOWN
