"""What users do to their account as a whole: a new password, or its end (cognito.md 5.4, 5.5)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from idp import texts
from idp.clock import Clock
from idp.model import Client, CodePurpose, Pool, User
from idp.outcomes import UserReason, UserRefused
from idp.protection.records import PasswordEvent
from idp.store.base import NotFound, Records, Store
from idp.users.code_desk import CodeDesk
from idp.users.credentials import Passwords
from idp.users.passwords import HasherBusy, find_weakness
from idp.users.recovery import forget_sign_ins
from idp.users.verdicts import BUSY, COMPROMISED, REUSED

WRONG = UserRefused(UserReason.NOT_AUTHORIZED, texts.INCORRECT)


@dataclass(slots=True)
class OwnAccount:
    """Lets users manage their account."""

    store: Store
    clock: Clock
    passwords: Passwords
    desk: CodeDesk

    async def change_password(
        self, pool: Pool, client: Client, user: User, *, previous: str | None, proposed: str
    ) -> UserRefused | None:
        """Replace the password; the present one must be shown, unless there is none.

        Tries are counted, so that a stolen access token does not let anybody guess the password.
        """
        if text := find_weakness(pool.password_policy, proposed):
            return UserRefused(UserReason.INVALID_PASSWORD, text)
        if await self.passwords.threats.refuses(pool, client, PasswordEvent.PASSWORD_CHANGE, proposed):
            return COMPROMISED
        async with self.store.writing() as records:
            if not await self.desk.count_try(
                records, pool, subject=user.sub, purpose=CodePurpose.CHANGE_PASSWORD
            ):
                return UserRefused(UserReason.LIMIT_EXCEEDED, texts.LIMIT_EXCEEDED)
        try:
            if user.password_hash is not None and not await self.passwords.hasher.verify(
                user.password_hash, previous or ""
            ):
                return WRONG
            if await self.passwords.is_reused(pool, user, proposed):
                return REUSED
            credentials = await self.passwords.make(pool, user.username, proposed)
        except HasherBusy:
            return BUSY
        return await self._replace(user, credentials.given_to)

    async def delete(self, user: User) -> None:
        """Remove a user and everything of theirs."""
        async with self.store.writing() as records:
            with contextlib.suppress(NotFound):  # somebody else was faster, and it is gone as wished
                await remove_user(records, user)

    async def _replace(self, checked: User, give: Callable[[User], User]) -> UserRefused | None:
        now = self.clock.now()
        async with self.store.writing() as records:
            present = await records.users.hold(checked.pool_id, checked.sub)
            if present.password_hash != checked.password_hash:
                return WRONG  # it was changed while this one was being checked
            changed = replace(give(present), updated_at=now)
            await records.users.update((checked.pool_id, checked.sub), lambda _: changed)
            await forget_sign_ins(records, changed)
        return None


async def remove_user(records: Records, user: User) -> None:
    """Remove a user with sessions, counters, codes and tokens; raises NotFound."""
    await forget_sign_ins(records, user)
    await records.users.delete(user.pool_id, user.sub)
