"""Password sign-in for every door: lookup, lockout, password, decision, bookkeeping.

Unknown users, wrong passwords and disabled users cost the same: one argon2 check, the same reads and the
same write. The policy is in `dispatch` and `lockout`; this file only does what they say.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from idp import texts
from idp.clock import Clock
from idp.model import Client, Failures, Pool, User
from idp.outcomes import NewPasswordRequired, SignedIn, SignInOutcome, SignInReason, SignInRefused
from idp.pace import rest_until
from idp.seal import Vault
from idp.signin import lockout
from idp.signin.attempt import Attempt, open_attempt, seal_attempt
from idp.signin.dispatch import Step, decide_after_password, decide_before_password, refuse
from idp.signin.turns import Turns
from idp.store.base import AlreadyExists, NotFound, Records, Store
from idp.texts import Text
from idp.users import lifecycle
from idp.users.aliases import derive_logins
from idp.users.attributes import find_missing, find_unfit, find_unwritable, merge, refuse_missing
from idp.users.credentials import Credentials, Passwords
from idp.users.lifecycle import Event
from idp.users.lookup import find_user, subject_of
from idp.users.passwords import HasherBusy, find_weakness

log = logging.getLogger(__name__)


@dataclass(slots=True)
class SignIn:
    """Signs users in."""

    store: Store
    clock: Clock
    vault: Vault
    passwords: Passwords
    turns: Turns = field(default_factory=Turns)

    async def with_password(
        self,
        pool: Pool,
        client: Client,
        *,
        username: str,
        password: str,
        address: str,
        hide_existence: bool = True,
    ) -> SignInOutcome:
        """Check a name and a password; `address` is the peer's, for the log."""
        started = asyncio.get_running_loop().time()
        async with self.store.reading() as records:
            subject = subject_of(self.vault, pool, username, await find_user(records, pool, username))
        async with self.turns.take((pool.id, subject)):
            outcome = await self._check(
                pool, client, username=username, password=password, subject=subject, hide=hide_existence
            )
        _log(pool, client, subject=subject, address=address, outcome=outcome)
        if isinstance(outcome, SignInRefused) and outcome.reason is SignInReason.LOCKED:
            await rest_until(started)  # nothing was hashed, and whoever likes may ask again at once
        return outcome

    async def _check(
        self, pool: Pool, client: Client, *, username: str, password: str, subject: str, hide: bool
    ) -> SignInOutcome:
        async with self.store.reading() as records:
            user = await find_user(records, pool, username)
            failures = await records.failures.find(pool.id, subject)
        early = decide_before_password(user, hide_existence=hide)
        if early is not None:
            return refuse(early)
        if lockout.is_locked(failures, self.clock.now()):
            return refuse(SignInReason.LOCKED)
        try:
            is_right = await self.passwords.hasher.verify(user.password_hash if user else None, password)
        except HasherBusy:
            return refuse(SignInReason.BUSY)
        now = self.clock.now()
        decision = decide_after_password(user, is_right=is_right, now=now)
        if user is None or decision is SignInReason.INCORRECT:
            await self._count_failure(Failures(pool.id, subject), now)
            return refuse(SignInReason.INCORRECT)
        user = await self._note_success(pool, user, password, had_failures=failures is not None)
        return self._answer(pool, client, user, decision, now=now)

    def _answer(
        self, pool: Pool, client: Client, user: User, decision: Step | SignInReason, *, now: float
    ) -> SignInOutcome:
        if isinstance(decision, SignInReason):
            return refuse(decision, user.username)
        if decision is Step.NEW_PASSWORD:
            session = seal_attempt(self.vault, client, user, now=now)
            return NewPasswordRequired(user, session, find_missing(pool, user.attributes))
        return SignedIn(user, int(now))

    async def _count_failure(self, blank: Failures, now: float) -> None:
        key = (blank.pool_id, blank.subject)
        async with self.store.writing() as records:
            if await records.failures.find(*key) is None:
                with contextlib.suppress(AlreadyExists):  # another node was first
                    await records.failures.create(blank)
            await records.failures.update(key, lambda failures: lockout.after_failure(failures, now))

    async def _note_success(self, pool: Pool, user: User, password: str, *, had_failures: bool) -> User:
        """Forget failures, and replace credentials that are not as they would be made today."""
        fresh = None
        with contextlib.suppress(HasherBusy):  # next time, then
            fresh = await self.passwords.renew(pool, user, password)
        if not had_failures and fresh is None:
            return user
        async with self.store.writing() as records:
            await _forget_failures(records, user)
            if fresh is None:
                return user
            return await records.users.update(
                (user.pool_id, user.sub), lambda now: _renew(now, user.password_hash, fresh)
            )

    async def answer_new_password(
        self,
        pool: Pool,
        client: Client,
        *,
        session: str,
        new_password: str,
        attributes: Mapping[str, str] | None = None,
    ) -> SignInOutcome:
        """Replace a temporary password and sign in; an unfit password leaves the session good."""
        attempt = open_attempt(self.vault, client, session)
        if attempt is None:
            return refuse(SignInReason.SESSION_INVALID)
        if self.clock.now() >= attempt.expires_at:
            return refuse(SignInReason.SESSION_EXPIRED)
        changes = dict(attributes or {})
        if text := find_weakness(pool.password_policy, new_password):
            return SignInRefused(SignInReason.PASSWORD_UNFIT, text)
        if text := find_unfit(pool, changes) or find_unwritable(client, changes):
            return SignInRefused(SignInReason.ATTRIBUTES_UNFIT, text)
        async with self.store.reading() as records:
            user = await records.users.find(pool.id, attempt.sub)
        if user is None:
            return refuse(SignInReason.SESSION_INVALID)
        try:
            credentials = await self.passwords.make(pool, user.username, new_password)
        except HasherBusy:
            return refuse(SignInReason.BUSY)
        return await self._replace_password(pool, attempt, credentials, changes)

    async def _replace_password(
        self, pool: Pool, attempt: Attempt, credentials: Credentials, changes: Mapping[str, str]
    ) -> SignInOutcome:
        now = self.clock.now()
        try:
            async with self.store.writing() as records:
                user = await records.users.hold(pool.id, attempt.sub)
                if not user.enabled or not _is_answerable(user, attempt):
                    return refuse(SignInReason.SESSION_INVALID)
                changed = choose_password(pool, user, credentials, changes, now=now)
                if text := refuse_missing(find_missing(pool, changed.attributes)):
                    return SignInRefused(SignInReason.ATTRIBUTES_UNFIT, text)
                user = await records.users.update((pool.id, user.sub), lambda _: changed)
                await _forget_failures(records, user)
        except NotFound:
            return refuse(SignInReason.SESSION_INVALID)
        except AlreadyExists:
            return SignInRefused(SignInReason.ATTRIBUTES_UNFIT, _alias_taken(changes))
        return SignedIn(user, int(now))


def choose_password(
    pool: Pool, user: User, credentials: Credentials, changes: Mapping[str, str], *, now: float
) -> User:
    """Give a user the password they chose, and the attributes they supplied with it. Pure."""
    status = lifecycle.advance(user.status, Event.CHOOSE_PASSWORD)
    assert status is not None
    changed = replace(
        credentials.given_to(user),
        status=status,
        temporary_until=None,
        attributes=merge(user.attributes, changes),
        updated_at=now,
    )
    return replace(changed, logins=derive_logins(pool, changed))


def _is_answerable(user: User, attempt: Attempt) -> bool:
    return attempt.belongs_to(user) and lifecycle.can(user.status, Event.CHOOSE_PASSWORD)


def _alias_taken(changes: Mapping[str, str]) -> Text:
    return texts.ALIAS_EXISTS.filled(attribute=next(iter(changes), "username"))


def _renew(user: User, checked_hash: str | None, fresh: Credentials) -> User:
    """Put the new credentials in the place of what was checked, unless the password changed meanwhile."""
    return fresh.given_to(user) if user.password_hash == checked_hash else user


async def _forget_failures(records: Records, user: User) -> None:
    with contextlib.suppress(NotFound):
        await records.failures.delete(user.pool_id, user.sub)


def _log(pool: Pool, client: Client, *, subject: str, address: str, outcome: SignInOutcome) -> None:
    """Record who tried from where; never the typed name, which is a password now and then."""
    result = outcome.reason.value if isinstance(outcome, SignInRefused) else type(outcome).__name__
    log.info(
        "sign-in pool=%s client=%s subject=%s address=%s: %s", pool.id, client.id, subject, address, result
    )
