"""What follows a proof: the account, the risk, the device, the second factor and the level that is wanted, or
the end of the sign-in. `dispatch` decides, the steps ask.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from idp.model import User
from idp.outcomes import SignedIn, SignInOutcome, SignInReason, SignInRefused
from idp.protection.records import RiskDecision
from idp.signin.assurance import demand, spell_amr
from idp.signin.dispatch import DeviceStanding, Proved, Step, decide_next, find_bar, refuse
from idp.signin.flows.caller import Caller
from idp.signin.flows.custom_steps import CustomSteps
from idp.signin.flows.desk import Desk, Proof, StepResult, trigger_refusal, trigger_turn
from idp.signin.flows.device_steps import DeviceSteps
from idp.signin.flows.factor_steps import SERVED, FactorSteps
from idp.signin.flows.factors import Wanted
from idp.signin.flows.names import AuthFlow, ChallengeName
from idp.signin.flows.password_steps import PASSWORD, PasswordSteps
from idp.signin.flows.progress import DECISION, Progress
from idp.signin.flows.risk_steps import RiskSteps
from idp.signin.flows.triggers import Round


@dataclass(frozen=True, slots=True)
class Proofs:
    """Follows proofs."""

    desk: Desk
    passwords: PasswordSteps
    factors: FactorSteps
    custom: CustomSteps
    devices: DeviceSteps
    risk: RiskSteps

    async def go_on(self, caller: Caller, result: StepResult) -> SignInOutcome:
        """Follow proofs until something is asked, refused or done."""
        while isinstance(result, Proof):
            after = await self._follow(caller, result)
            if isinstance(after, SignedIn):
                return after
            result = after
        return result

    async def _follow(self, caller: Caller, proof: Proof) -> StepResult | SignedIn:
        progress, user, now = _note_round(proof), proof.user, self.desk.clock.now()
        by_password = PASSWORD in progress.amr
        device = await self.devices.judge(caller, progress, user)
        if device is not DeviceStanding.UNKNOWN and not find_bar(user, by_password=by_password, now=now):
            progress = await self.risk.weigh(caller, progress, user, device=device)
        if progress.risk.get(DECISION) == RiskDecision.BLOCK:
            return _traced(refuse(SignInReason.RISK_BLOCKED, user.username), progress)
        demanded = await self.risk.find_demand(caller, progress, user)
        needs_wanted = not progress.is_second_done and device is not DeviceStanding.TRUSTED
        wanted = demanded or (
            await self.desk.factors.wanted(caller.pool, caller.client, user) if needs_wanted else Wanted()
        )
        proved = Proved(
            by_password, progress.is_second_done, progress.is_defined, is_risky=demanded is not None
        )
        if progress.targets:
            held = await self.desk.factors.held(caller.pool, user)
            reached, wanted = demand(progress.targets, progress.amr, held=held, wanted=wanted)
            if not reached:  # neither what was proved nor a device stands in for what is missing
                proved = replace(proved, is_second_done=False)
                device = DeviceStanding.KNOWN if device is DeviceStanding.TRUSTED else device
        step = decide_next(user, flow=progress.flow, proved=proved, wanted=wanted, device=device, now=now)
        if isinstance(step, SignInReason):
            return _traced(refuse(step, user.username), progress)
        if step is Step.SIGNED_IN:
            return await self._finish(caller, progress, user)
        if step is Step.NEW_PASSWORD:
            return self.passwords.ask_new_password(caller, progress, user)
        if step is Step.DEVICE:
            return await self.devices.put(caller, progress, user)
        if step is Step.DEFINE:
            return await self.custom.define(caller, progress, user)
        return await self.factors.put_second(caller, progress, user, step=step, wanted=wanted)

    async def _finish(self, caller: Caller, progress: Progress, user: User) -> SignedIn | SignInRefused:
        turn = trigger_turn(caller, user=user, username=user.username)
        refused = await self.desk.triggers.post_authentication(turn)
        if refused is not None:
            return _traced(trigger_refusal(refused), progress)
        return SignedIn(
            user,
            int(self.desk.clock.now()),
            amr=spell_amr(progress.amr),
            device_key=progress.device_key if progress.is_device_done else None,
            chose_password=progress.chose_password,
            trace=progress.trace,
        )


def _traced(refused: SignInRefused, progress: Progress) -> SignInRefused:
    return replace(refused, trace=progress.trace)


def _note_round(proof: Proof) -> Progress:
    """Add a right password or factor to what a custom flow's trigger is told."""
    progress = proof.progress
    is_round = progress.challenge is ChallengeName.PASSWORD_VERIFIER or progress.challenge in SERVED
    if progress.flow is not AuthFlow.CUSTOM_AUTH or progress.is_defined or not is_round:
        return progress
    return replace(progress, rounds=(*progress.rounds, Round(progress.challenge, result=True)))
