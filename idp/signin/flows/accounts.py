"""Accounts as a sign-in sees them: who has a name, how often it failed, and what has been spent already.

A name that nobody has is an account, too: with counters of its own and the same reads and writes, so that
neither answers nor times tell. Counters belong to the account, not to the spelling or the alias it was
called by.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from idp.clock import Clock
from idp.model import Failures, Pool, User
from idp.seal import Vault
from idp.signin import lockout
from idp.signin.flows.progress import Progress
from idp.signin.records import Spent
from idp.signin.turns import Turns
from idp.store.base import AlreadyExists, NotFound, Records, Store
from idp.users.lookup import find_user, subject_of

FACTORS = "#factors"
"""Wrong codes have counters of their own: a right password must not forgive them."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account and its failures, as of now."""

    user: User | None
    subject: str
    failures: Failures | None

    def is_locked(self, now: float) -> bool:
        """Whether attempts are refused unseen."""
        return lockout.is_locked(self.failures, now)


@dataclass(slots=True)
class Accounts:
    """Looks accounts up and keeps their counters."""

    store: Store
    clock: Clock
    vault: Vault
    turns: Turns = field(default_factory=Turns)

    @asynccontextmanager
    async def take_turn(self, pool: Pool, subject: str) -> AsyncIterator[None]:
        """Wait until no other attempt at this account is being checked."""
        async with self.turns.take((pool.id, subject)):
            yield

    def nobody(self, pool: Pool, username: str) -> Account:
        """Return what a name that nobody has looks like."""
        return Account(None, subject_of(self.vault, pool, username, None), None)

    async def subject_of(self, pool: Pool, username: str) -> str:
        """Name the counters of whoever is called this."""
        async with self.store.reading() as records:
            return subject_of(self.vault, pool, username, await find_user(records, pool, username))

    async def find(self, pool: Pool, username: str) -> Account:
        """Look an account up by a typed name."""
        async with self.store.reading() as records:
            user = await find_user(records, pool, username)
            subject = subject_of(self.vault, pool, username, user)
            return Account(user, subject, await records.failures.find(pool.id, subject))

    async def recall(self, progress: Progress, *, counters: str = "") -> Account:
        """Look the account of a sign-in up again, with its counters of one kind."""
        subject = progress.subject + counters
        async with self.store.reading() as records:
            user = await records.users.find(progress.pool_id, progress.sub or "")
            failures = await records.failures.find(progress.pool_id, subject)
        is_theirs = user is not None and progress.belongs_to(user)
        return Account(user if is_theirs else None, subject, failures)

    async def count_failure(self, pool: Pool, subject: str) -> None:
        """Count a failed attempt."""
        now, key = self.clock.now(), (pool.id, subject)
        async with self.store.writing() as records:
            if await records.failures.find(*key) is None:
                with contextlib.suppress(AlreadyExists):  # another node was first
                    await records.failures.create(Failures(*key))
            await records.failures.update(key, lambda failures: lockout.after_failure(failures, now))

    async def forgive(self, pool: Pool, subject: str) -> None:
        """Forget an account's failures."""
        async with self.store.writing() as records:
            await forget_failures(records, pool.id, subject)

    async def spend(self, progress: Progress) -> bool:
        """Use a session up; False when it was used up before."""
        async with self.store.writing() as records:
            try:
                await records.spent.create(Spent(progress.id, progress.expires_at))
            except AlreadyExists:
                return False
        return True

    async def is_spent(self, progress: Progress) -> bool:
        """Whether a session was used up."""
        async with self.store.reading() as records:
            return await records.spent.find(progress.id) is not None


async def forget_failures(records: Records, pool_id: str, subject: str) -> None:
    """Forget the failures of an account, within a transaction."""
    with contextlib.suppress(NotFound):
        await records.failures.delete(pool_id, subject)
