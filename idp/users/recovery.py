"""Forgotten passwords: a code to a verified contact, then a new password (cognito.md 4.10, 5.4, 5.6).

Whether a user exists shows in nothing: unknown names have the same limits, the same answers and a simulated
delivery; messages leave behind the answer; and every try hashes a password, whether or not the code is right.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from idp import texts
from idp.clock import Clock
from idp.model import Client, CodePurpose, Pool, User
from idp.outbox.base import Outbox
from idp.outcomes import Confirmed, Delivery, UserReason, UserRefused
from idp.pace import evenly
from idp.protection.records import PasswordEvent
from idp.seal import Vault
from idp.signin.flows.triggers import TriggerRefused
from idp.store.base import NotFound, Records, Store
from idp.triggers.lifecycle import ConfirmationOccasion, LifecycleTriggers, refuse_user
from idp.triggers.names import Trigger
from idp.users import lifecycle
from idp.users.code_desk import CodeDesk
from idp.users.contacts import Contact, find_recovery_contact, list_recovery_attributes, simulate
from idp.users.credentials import Credentials, Passwords
from idp.users.lifecycle import Event
from idp.users.lookup import find_user, subject_of
from idp.users.passwords import HasherBusy, find_weakness
from idp.users.verdicts import BUSY, COMPROMISED, REUSED, refuse_verdict

FORGOT = CodePurpose.FORGOT_PASSWORD


Migrate = Callable[[Pool, Client, str], Awaitable[User | TriggerRefused | None]]


@dataclass(slots=True)
class Recovery:
    """Lets people back in who forgot their password."""

    store: Store
    clock: Clock
    vault: Vault
    passwords: Passwords
    outbox: Outbox
    desk: CodeDesk
    triggers: LifecycleTriggers
    migrate: Migrate
    """Asks another directory for somebody nobody here knows."""

    async def forgot(
        self, pool: Pool, client: Client, *, username: str, hide_existence: bool = True
    ) -> Delivery | UserRefused:
        """Send a code to where the user recovers by; the earlier code stops working."""
        if pool.recovery == ("admin_only",):
            return UserRefused(UserReason.NOT_AUTHORIZED, texts.CONTACT_ADMINISTRATOR)
        refused = await self._migrate(pool, client, username)
        if refused is not None and not hide_existence:
            return refused
        async with evenly(), self.store.writing() as records:
            user = await find_user(records, pool, username)
            contact = await self._contact(records, pool, username, user)
            if not hide_existence and (refusal := _tell_why_not(user, contact)):
                return refusal
            code = await self.desk.issue(
                records,
                pool,
                subject=subject_of(self.vault, pool, username, user),
                purpose=FORGOT,
                destination=contact.address if contact else "",
            )
        if code is None:
            return UserRefused(UserReason.LIMIT_EXCEEDED, texts.LIMIT_EXCEEDED)
        if user is None or contact is None or not may_recover(user):
            return simulate(self.vault, pool, username, list_recovery_attributes(pool, self.outbox))
        self.outbox.post(self.desk.compose(pool, FORGOT, user, code=code, contact=contact))
        return contact.delivery

    async def confirm_forgot(
        self,
        pool: Pool,
        client: Client,
        *,
        username: str,
        code: str,
        new_password: str,
        hide_existence: bool = True,
    ) -> Confirmed | UserRefused:
        """Set a new password by the mailed code; lifts the lockout and ends the browser sessions.

        A password that the policy remembers is refused, and the code stays good.
        """
        if text := find_weakness(pool.password_policy, new_password):
            return UserRefused(UserReason.INVALID_PASSWORD, text)
        if await self.passwords.threats.refuses(pool, client, PasswordEvent.PASSWORD_CHANGE, new_password):
            return COMPROMISED  # for everybody alike, and the code stays good
        try:
            user = await self._holder(pool, username, code)
            if user is not None and await self.passwords.is_reused(pool, user, new_password):
                return REUSED
            credentials = await self.passwords.make(pool, await self._name_of(pool, username), new_password)
        except HasherBusy:
            return BUSY
        async with self.store.writing() as records:
            user = await find_user(records, pool, username)
            if user is None and not hide_existence:
                return UserRefused(UserReason.USER_NOT_FOUND, texts.USER_UNKNOWN)
            contact = await self._contact(records, pool, username, user)
            verdict = await self.desk.attempt(
                records,
                pool,
                subject=subject_of(self.vault, pool, username, user),
                purpose=FORGOT,
                destination=contact.address if contact else "",
                code=code,
            )
            is_open = user is not None and contact is not None and may_recover(user)
            if refusal := refuse_verdict(verdict, is_open=is_open):
                return refusal
            assert user is not None
            now = self.clock.now()
            recovered = await records.users.update(
                (pool.id, user.sub), lambda old: recover_user(old, credentials, now=now)
            )
            await forget_sign_ins(records, recovered)
        refused = await self.triggers.post_confirmation(pool, ConfirmationOccasion.FORGOT_PASSWORD, recovered)
        return refused or Confirmed(recovered)

    async def _holder(self, pool: Pool, username: str, code: str) -> User | None:
        """Return the user whose code this is, without using it up.

        What is looked up for them next takes time, which tells only those who have the code.
        """
        if not pool.password_policy.history_size:
            return None
        async with self.store.reading() as records:
            user = await find_user(records, pool, username)
            subject = subject_of(self.vault, pool, username, user)
            contact = await self._contact(records, pool, username, user)
            is_right = await self.desk.is_right(
                records,
                pool,
                subject=subject,
                purpose=FORGOT,
                destination=contact.address if contact else "",
                code=code,
            )
        return user if is_right else None

    async def _contact(
        self, records: Records, pool: Pool, username: str, user: User | None
    ) -> Contact | None:
        subject = subject_of(self.vault, pool, username, user)
        return await find_recovery_contact(records, pool, user, outbox=self.outbox, subject=subject)

    async def _migrate(self, pool: Pool, client: Client, username: str) -> UserRefused | None:
        if pool.lambda_config.function(Trigger.USER_MIGRATION) is None:
            return None
        async with self.store.reading() as records:
            if await find_user(records, pool, username) is not None:
                return None
        migrated = await self.migrate(pool, client, username)
        return refuse_user(migrated) if isinstance(migrated, TriggerRefused) else None

    async def _name_of(self, pool: Pool, username: str) -> str:
        """Return the canonical username, or the typed one where nobody has it: the work is the same."""
        async with self.store.reading() as records:
            user = await find_user(records, pool, username)
        return user.username if user is not None else username


def may_recover(user: User) -> bool:
    """Whether a user may get a recovery code: enabled, in a fitting status."""
    return user.enabled and lifecycle.can(user.status, Event.RECOVER)


def recover_user(user: User, credentials: Credentials, *, now: float) -> User:
    """Give a user the new password. Pure."""
    status = lifecycle.advance(user.status, Event.RECOVER)
    assert status is not None
    recovered = replace(user, status=status, temporary_until=None, updated_at=now)
    return credentials.given_to(recovered)


async def forget_sign_ins(records: Records, user: User) -> None:
    """Lift a user's lockout and end their browser sessions, after the password changed hands."""
    await records.sso_sessions.delete_of(user.pool_id, user.sub)
    try:
        await records.failures.delete(user.pool_id, user.sub)
    except NotFound:
        return


def _tell_why_not(user: User | None, contact: Contact | None) -> UserRefused | None:
    """Tell an API client that asked for the truth why no code can be sent."""
    if user is None:
        return UserRefused(UserReason.USER_NOT_FOUND, texts.USER_UNKNOWN)
    if not user.enabled:
        return UserRefused(UserReason.NOT_AUTHORIZED, texts.USER_DISABLED)
    if contact is None or not may_recover(user):
        return UserRefused(UserReason.INVALID_PARAMETER, texts.NOT_RECOVERABLE)
    return None
