"""The session of MFA_SETUP, for operations that name neither client nor user and have nothing but it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from idp.console.client import admin_group, console_client, pool_of_console
from idp.outcomes import SignInReason, SignInRefused
from idp.signin.dispatch import refuse
from idp.signin.flows.caller import Caller, Door
from idp.signin.flows.desk import Desk, factor_turn
from idp.signin.flows.factors import FactorTurn
from idp.signin.flows.names import ChallengeName
from idp.signin.flows.progress import Progress, find_unfit, open_session, seal_session


@dataclass(frozen=True, slots=True)
class SetupTurn:
    """A sign-in at MFA_SETUP, as an operation finds it that has nothing but the session."""

    turn: FactorTurn
    state: Mapping[str, str] = field(repr=False)
    progress: Progress = field(repr=False)


@dataclass(frozen=True, slots=True)
class Setups:
    """Opens and renews such sessions."""

    desk: Desk

    async def open(self, session: str) -> SetupTurn | SignInRefused:
        """Open the session of MFA_SETUP for an operation that names neither client nor user."""
        progress = open_session(self.desk.vault, session)
        if progress is None or progress.challenge is not ChallengeName.MFA_SETUP:
            return refuse(SignInReason.SESSION_INVALID)
        async with self.desk.store.reading() as records:
            pool = await records.pools.find(progress.pool_id)
            client = await records.clients.find(progress.client_id)
        if pool is not None and pool_of_console(progress.client_id) == pool.id and admin_group(pool):
            client = console_client(pool)
        account = await self.desk.accounts.recall(progress)
        if pool is None or client is None or account.user is None or not (pool.active and client.active):
            return refuse(SignInReason.SESSION_INVALID)
        caller = Caller(pool, client, "", Door.HOSTED if progress.realm == "hosted" else Door.API)
        if reason := find_unfit(progress, caller, ChallengeName.MFA_SETUP, now=self.desk.clock.now()):
            return refuse(reason)
        if not account.user.enabled or await self.desk.accounts.is_spent(progress):
            return refuse(SignInReason.SESSION_INVALID)
        turn = factor_turn(caller, progress, account.user, is_first=False)
        return SetupTurn(turn, progress.state, progress)

    def keep(self, setup: SetupTurn, state: Mapping[str, str]) -> str:
        """Return a new session of MFA_SETUP that remembers `state`; the end stays where it was."""
        renewed = self.desk.renew(
            Caller(setup.turn.pool, setup.turn.client, ""), setup.progress, ChallengeName.MFA_SETUP
        )
        end = setup.progress.expires_at
        return seal_session(self.desk.vault, replace(renewed, state=dict(state), expires_at=end))
