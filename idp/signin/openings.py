"""Sessions that answers come with: opened, of the right caller, user and challenge, good and not spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from idp.outcomes import SignInReason, SignInRefused
from idp.signin import srp
from idp.signin.dispatch import refuse
from idp.signin.flows.caller import Caller
from idp.signin.flows.desk import Desk, incorrect, missing
from idp.signin.flows.device_steps import DeviceSteps
from idp.signin.flows.names import ChallengeName
from idp.signin.flows.progress import Progress, find_unfit, open_block, open_session

C = ChallengeName
BY_BLOCK: Final = frozenset({C.PASSWORD_VERIFIER, C.DEVICE_PASSWORD_VERIFIER})
"""Challenges whose session is the secret block; a session string need not come along."""


@dataclass(frozen=True, slots=True)
class Openings:
    """Opens sessions."""

    desk: Desk
    devices: DeviceSteps

    async def open(
        self,
        caller: Caller,
        challenge: ChallengeName,
        session: str | None,
        responses: Mapping[str, str],
    ) -> Progress | SignInRefused:
        """Open the session that an answer belongs to, of this caller and challenge, good and not spent."""
        if challenge is C.DEVICE_SRP_AUTH and session is None:
            session = await self.devices.recall_session(caller, responses.get("DEVICE_KEY", ""))
        progress = open_session(self.desk.vault, session) if session is not None else None
        now = self.desk.clock.now()
        if challenge in BY_BLOCK:
            accompanying, progress = progress, self._open_block(responses)
            if progress is not None and session is not None and accompanying is None:
                return refuse(SignInReason.SESSION_INVALID)
            if progress is not None and accompanying is not None and accompanying.id != progress.id:
                return refuse(SignInReason.SESSION_INVALID)
            if not responses.get("PASSWORD_CLAIM_SECRET_BLOCK"):
                return missing("PASSWORD_CLAIM_SECRET_BLOCK")
        if reason := find_unfit(progress, caller, challenge, now=now):
            return incorrect() if challenge in BY_BLOCK and session is None else refuse(reason)
        assert progress is not None
        if await self.desk.accounts.is_spent(progress):
            return refuse(SignInReason.SESSION_INVALID)
        return progress

    def _open_block(self, responses: Mapping[str, str]) -> Progress | None:
        raw = srp.parse_block(responses.get("PASSWORD_CLAIM_SECRET_BLOCK", ""))
        return open_block(self.desk.vault, raw) if raw else None

    async def is_named(self, caller: Caller, progress: Progress, responses: Mapping[str, str]) -> bool:
        """Whether USERNAME, where the door sends one, is a name of whoever the session is about."""
        name = responses.get("USERNAME")
        if name is None or name in (progress.username, progress.typed):
            return True
        return await self.desk.accounts.subject_of(caller.pool, name) == progress.subject
