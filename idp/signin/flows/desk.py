"""What every step of a sign-in works with: the services, and how a challenge is put.

A step answers a challenge, a refusal, or a `Proof` for the dispatcher, which alone decides what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from idp import texts
from idp.clock import Clock
from idp.model import User
from idp.outcomes import Challenged, SignInReason, SignInRefused
from idp.seal import Vault
from idp.signin.dispatch import refuse
from idp.signin.flows.accounts import Accounts
from idp.signin.flows.caller import Caller
from idp.signin.flows.factors import Factors, FactorTurn, NoFactors
from idp.signin.flows.names import ChallengeName
from idp.signin.flows.progress import Progress, renewed, seal_session
from idp.signin.flows.triggers import NoTriggers, TriggerRefused, Triggers, TriggerTurn
from idp.store.base import Store
from idp.users.credentials import Passwords


@dataclass(frozen=True, slots=True)
class Proof:
    """Something was proved: by whom, and how far the sign-in has come with it."""

    progress: Progress
    user: User


StepResult = Challenged | SignInRefused | Proof


@dataclass(slots=True)
class Desk:
    """The services of the steps."""

    store: Store
    clock: Clock
    vault: Vault
    passwords: Passwords
    accounts: Accounts
    factors: Factors = field(default_factory=NoFactors)
    triggers: Triggers = field(default_factory=NoTriggers)

    def renew(self, caller: Caller, progress: Progress, name: ChallengeName) -> Progress:
        """Return the sign-in as it waits for the answer to a challenge."""
        end = self.clock.now() + caller.client.auth_session_seconds
        return renewed(progress, name, expires_at=end)

    def put(
        self,
        progress: Progress,
        user: User | None,
        *,
        parameters: Mapping[str, str] | None = None,
        names_user: bool = True,
    ) -> Challenged | SignInRefused:
        """Put the challenge that `progress` waits for."""
        told = {"USER_ID_FOR_SRP": progress.username, "USERNAME": progress.username} if names_user else {}
        try:
            session = seal_session(self.vault, progress)
        except ValueError:  # only what triggers keep can be that long
            return lambda_unrecognizable()
        return Challenged(
            name=progress.challenge,
            session=session,
            user=user,
            parameters={**told, **(parameters or {})},
            available=progress.choices if progress.challenge is ChallengeName.SELECT_CHALLENGE else (),
            trace=progress.trace,
        )

    def challenge(
        self,
        caller: Caller,
        progress: Progress,
        name: ChallengeName,
        *,
        user: User | None,
        parameters: Mapping[str, str] | None = None,
        state: Mapping[str, str] | None = None,
    ) -> Challenged | SignInRefused:
        """Put a challenge with a new session."""
        waiting = replace(self.renew(caller, progress, name), state=dict(state or {}))
        return self.put(waiting, user, parameters=parameters)


def factor_turn(caller: Caller, progress: Progress, user: User | None, *, is_first: bool) -> FactorTurn:
    """Describe a factor's turn."""
    return FactorTurn(
        pool=caller.pool,
        client=caller.client,
        user=user,
        username=progress.username if user else progress.typed,
        is_first=is_first,
        metadata=caller.metadata,
    )


def trigger_turn(caller: Caller, *, user: User | None, username: str, is_start: bool = False) -> TriggerTurn:
    """Describe a trigger's turn; metadata of InitiateAuth is validation data (cognito.md 8.1)."""
    return TriggerTurn(
        pool=caller.pool,
        client=caller.client,
        user=user,
        username=username,
        validation_data=caller.metadata if is_start else {},
        metadata={} if is_start else caller.metadata,
    )


def trigger_refusal(refused: TriggerRefused) -> SignInRefused:
    """Turn a trigger's refusal into one of the sign-in."""
    text = texts.TRIGGER_REFUSED.filled(message=refused.message)
    return SignInRefused(SignInReason.TRIGGER_REFUSED, text, code=refused.code)


def lambda_unrecognizable() -> SignInRefused:
    """A trigger's answer makes no sense."""
    return SignInRefused(
        SignInReason.TRIGGER_REFUSED, texts.LAMBDA_UNRECOGNIZABLE, code="InvalidLambdaResponseException"
    )


def missing(name: str) -> SignInRefused:
    """A required parameter is not there."""
    return SignInRefused(SignInReason.PARAMETER_MISSING, texts.PARAMETER_MISSING.filled(name=name))


def unfit(name: str) -> SignInRefused:
    """A parameter makes no sense."""
    return SignInRefused(SignInReason.PARAMETER_UNFIT, texts.PARAMETER_UNFIT.filled(name=name))


def incorrect() -> SignInRefused:
    """The one answer to everything that was not right."""
    return refuse(SignInReason.INCORRECT)
