"""Authenticator apps: handing out a seed, taking its first code, checking the codes of sign-ins.

A new seed replaces the one that works only once its first code was right. In Cognito the old one stops at
once, and whoever loses the page in between is locked out of an account that still says it has an app.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Final

from idp import texts
from idp.clock import Clock
from idp.factors import totp
from idp.factors.preferences import switch_on, without
from idp.factors.records import Factor, SoftwareToken
from idp.model import Pool, User
from idp.outcomes import UserReason, UserRefused
from idp.seal import Vault
from idp.store.base import AlreadyExists, NotFound, Records, Store
from idp.users.codes import Verdict

LONGEST_NAME: Final = 128
NOT_OFFERED: Final = UserRefused(UserReason.NO_SOFTWARE_TOKEN, texts.SOFTWARE_TOKEN_OFF)
NONE_THERE: Final = UserRefused(UserReason.NO_SOFTWARE_TOKEN, texts.SOFTWARE_TOKEN_UNAVAILABLE)
UNPROVEN: Final = UserRefused(UserReason.SOFTWARE_TOKEN_UNPROVEN, texts.SOFTWARE_TOKEN_UNPROVEN)
USED: Final = UserRefused(UserReason.CODE_EXPIRED, texts.SOFTWARE_TOKEN_USED)


@dataclass(slots=True)
class SoftwareTokens:
    """Keeps the seeds of authenticator apps."""

    store: Store
    clock: Clock
    vault: Vault

    async def associate(self, pool: Pool, user: User) -> str | UserRefused:
        """Hand out a seed that waits for its first code; the one that works goes on working."""
        if Factor.TOTP not in pool.factors.enabled:
            return NOT_OFFERED
        seed, now = totp.draw_seed(), self.clock.now()
        sealed = self._seal(pool, user, seed)
        async with self.store.writing() as records:
            await _make(records, pool, user)
            await records.software_tokens.update(
                (pool.id, user.sub), lambda old: replace(old, sealed_pending=sealed, changed_at=now)
            )
        return seed

    async def verify(self, pool: Pool, user: User, code: str, *, device_name: str = "") -> UserRefused | None:
        """Take the first code of the seed that waits; from then on it is the one that works."""
        if Factor.TOTP not in pool.factors.enabled:
            return NOT_OFFERED
        async with self.store.writing() as records:
            try:
                token = await records.software_tokens.hold(pool.id, user.sub)
            except NotFound:
                return NONE_THERE
            sealed = token.sealed_pending or token.sealed_seed
            if sealed is None:
                return NONE_THERE
            fresh = token.sealed_pending is not None
            verdict, step = self._judge(pool, user, sealed, code, last_step=0 if fresh else token.last_step)
            if verdict is not Verdict.RIGHT:
                return USED if verdict is Verdict.EXPIRED else UNPROVEN
            await records.software_tokens.update(
                (pool.id, user.sub), lambda old: _activate(old, sealed, step, device_name, self.clock.now())
            )
        return None

    async def install(self, pool: Pool, user: User, seed: str, code: str, *, name: str) -> UserRefused | None:
        """Take a seed that was handed out in the middle of a sign-in, and its first code; switches TOTP on.

        Refused where the user has a factor by now: a sign-in that began before must not replace it.
        """
        verdict, step = totp.judge_code(seed, code, now=self.clock.now(), last_step=0)
        if verdict is not Verdict.RIGHT:
            return UNPROVEN
        sealed, now = self._seal(pool, user, seed), self.clock.now()
        async with self.store.writing() as records:
            await _make(records, pool, user)
            token = await records.software_tokens.hold(pool.id, user.sub)
            if token.sealed_seed is not None:
                return NONE_THERE
            await records.software_tokens.update(
                (pool.id, user.sub), lambda old: _activate(old, sealed, step, name, now)
            )
            await switch_on(records, pool, user, Factor.TOTP)
        return None

    async def check(self, pool: Pool, user: User, code: str) -> Verdict:
        """Check a code at sign-in; a right one does not work again."""
        async with self.store.writing() as records:
            try:
                token = await records.software_tokens.hold(pool.id, user.sub)
            except NotFound:
                return Verdict.WRONG
            if token.sealed_seed is None:
                return Verdict.WRONG
            verdict, step = self._judge(pool, user, token.sealed_seed, code, last_step=token.last_step)
            if verdict is Verdict.RIGHT:
                await records.software_tokens.update(
                    (pool.id, user.sub), lambda old: replace(old, last_step=step)
                )
        return verdict

    async def device_name(self, pool: Pool, user: User) -> str:
        """Return what the user called the app."""
        async with self.store.reading() as records:
            token = await records.software_tokens.find(pool.id, user.sub)
        return token.device_name if token else ""

    async def delete(self, pool: Pool, user: User) -> None:
        """Forget a user's app, and that it was switched on; none being there is fine."""
        async with self.store.writing() as records:
            with contextlib.suppress(NotFound):
                await records.software_tokens.delete(pool.id, user.sub)
            with contextlib.suppress(NotFound):
                await records.mfa_preferences.update(
                    (pool.id, user.sub), lambda old: without(old, Factor.TOTP)
                )

    def _judge(
        self, pool: Pool, user: User, sealed: str, code: str, *, last_step: int
    ) -> tuple[Verdict, int]:
        seed = self.vault.open_text(sealed, purpose=_purpose(pool, user))
        return totp.judge_code(seed, code.strip(), now=self.clock.now(), last_step=last_step)

    def _seal(self, pool: Pool, user: User, seed: str) -> str:
        return self.vault.seal_text(seed, purpose=_purpose(pool, user))


def _purpose(pool: Pool, user: User) -> str:
    return f"totp-seed:{pool.id}:{user.sub}"


def _activate(token: SoftwareToken, sealed: str, step: int, name: str, now: float) -> SoftwareToken:
    return replace(
        token,
        sealed_seed=sealed,
        sealed_pending=None,
        last_step=step,
        device_name=name[:LONGEST_NAME],
        changed_at=now,
    )


async def _make(records: Records, pool: Pool, user: User) -> None:
    if await records.software_tokens.find(pool.id, user.sub) is None:
        with contextlib.suppress(AlreadyExists):  # another node was first
            await records.software_tokens.create(SoftwareToken(pool.id, user.sub))
