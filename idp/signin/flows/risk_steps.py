"""What a sign-in's risk leads to: a second factor, a block, a mail (cognito.md 9). For every door.

Judged once, when the first factor was right: who does not have the password learns nothing, and a name that
nobody has looks like a wrong password. What was judged travels in the session to the end of the sign-in. A
second factor that is asked for because of a risk is one that the user has: to let whoever is here set one up
would let a thief in.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from idp.model import Pool, User
from idp.protection.notices import kind_of
from idp.protection.notifier import can_be_told
from idp.protection.records import EventAction, RiskDecision, ThreatMode
from idp.protection.service import Judgement
from idp.signin.dispatch import DeviceStanding
from idp.signin.flows.caller import Caller
from idp.signin.flows.desk import Desk
from idp.signin.flows.factors import Wanted
from idp.signin.flows.names import AuthFlow
from idp.signin.flows.progress import COMPROMISED, DECISION, Progress

log = logging.getLogger("idp.protection")
ASKS: Final = frozenset({EventAction.MFA_IF_CONFIGURED, EventAction.MFA_REQUIRED})
CODES: Final = frozenset({"otp", "sms", "email_otp"})
"""Factors that rule a second one out when they come first, without being two (cognito.md 4.6)."""


@dataclass(slots=True)
class RiskSteps:
    """Weighs sign-ins."""

    desk: Desk

    async def weigh(
        self, caller: Caller, progress: Progress, user: User, *, device: DeviceStanding
    ) -> Progress:
        """Judge a sign-in that has not been judged yet; what was decided is in its `risk`."""
        mode = mode_of(caller.pool, progress.flow)
        if mode is ThreatMode.OFF or DECISION in progress.risk:
            return progress
        judgement = await self.desk.passwords.threats.judge(
            caller.pool,
            caller.client,
            user,
            caller.origin,
            mode=mode,
            proves_device=device in (DeviceStanding.KNOWN, DeviceStanding.TRUSTED),
        )
        asks = judgement.reaction.action in ASKS and not progress.is_second_done
        at_hand = await self.desk.factors.at_hand(caller.pool, user) if asks else ()
        is_told = judgement.reaction.notifies and can_be_told(user)
        has_second = bool(at_hand) or _is_multi_factor(progress)
        decision = decide(judgement.reaction.action, has_second=has_second, is_told=is_told)
        _log(caller, user, judgement, decision)
        if is_told:
            kind = kind_of(decision, asks_second=bool(at_hand))
            self._tell(caller, progress, user, judgement.notify, kind=kind)
        return replace(
            progress,
            risk={COMPROMISED: False, **progress.risk, **_told(judgement, decision)},
            asks_second=bool(at_hand),
        )

    def _tell(
        self, caller: Caller, progress: Progress, user: User, notify: Mapping[str, Any], *, kind: str
    ) -> None:
        self.desk.passwords.threats.notifier.tell(
            caller.pool, user, notify, kind=kind, event_id=progress.event, origin=caller.origin
        )

    async def find_demand(self, caller: Caller, progress: Progress, user: User) -> Wanted | None:
        """Return what is asked for because of the risk, whatever the pool's own rules want; None: nothing."""
        if not progress.asks_second or progress.is_second_done:
            return None
        at_hand = await self.desk.factors.at_hand(caller.pool, user)
        return Wanted(ask=at_hand, is_impossible=not at_hand)


def mode_of(pool: Pool, flow: AuthFlow) -> ThreatMode:
    """Return how a pool guards a flow: custom ones have a mode of their own (CustomAuthMode). Pure."""
    if pool.threat_mode is ThreatMode.OFF:
        return ThreatMode.OFF
    return pool.custom_threat_mode if flow is AuthFlow.CUSTOM_AUTH else pool.threat_mode


def decide(action: EventAction, *, has_second: bool, is_told: bool) -> RiskDecision:
    """Return what is done about a level of risk. Pure.

    MFA_REQUIRED blocks whoever has no second factor; MFA_IF_CONFIGURED lets them pass.
    """
    if action is EventAction.BLOCK or (action is EventAction.MFA_REQUIRED and not has_second):
        return RiskDecision.BLOCK
    asks = action in ASKS and has_second
    return RiskDecision.ACCOUNT_TAKEOVER if asks or is_told else RiskDecision.NO_RISK


def _is_multi_factor(progress: Progress) -> bool:
    """Whether two factors were proved already: a passkey that counts as two, not a code that came first."""
    return progress.is_second_done and not set(progress.amr) <= CODES


def _told(judgement: Judgement, decision: RiskDecision) -> dict[str, str]:
    """Spell EventRisk."""
    told = {DECISION: decision.value}
    return {**told, "RiskLevel": judgement.level.value} if judgement.level else told


def _log(caller: Caller, user: User, judgement: Judgement, decision: RiskDecision) -> None:
    if judgement.level is None:
        return
    log.log(
        logging.INFO if decision is RiskDecision.NO_RISK else logging.WARNING,
        "risk pool=%s client=%s sub=%s address=%s level=%s because=%s: %s",
        caller.pool.id,
        caller.client.id,
        user.sub,
        caller.origin.address,
        judgement.level.value,
        _words(judgement.signals),
        decision.value,
    )


def _words(signals: Collection[str]) -> str:
    return ",".join(sorted(signals))
