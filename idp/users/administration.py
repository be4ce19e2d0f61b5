"""What an administrator does with users, by name, alias or sub (cognito.md 5.3, 5.4; the Admin* operations).

Administrators are told the truth: an unknown user is an unknown user. What takes access away (disable,
reset, delete, a new password) ends the browser sessions at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from idp import texts
from idp.clock import Clock
from idp.model import CodePurpose, Group, Pool, User, UserStatus
from idp.outbox.base import Outbox
from idp.outbox.messages import build_invitation
from idp.outcomes import Delivery, UserReason, UserRefused
from idp.store.base import AlreadyExists, NotFound, Records, Store
from idp.texts import Text
from idp.tokens.issuer import revoke_user
from idp.triggers.lifecycle import ConfirmationOccasion, LifecycleTriggers, SignUpOccasion
from idp.users import lifecycle
from idp.users.aliases import check_username, contact_kind, derive_logins
from idp.users.attributes import find_unfit
from idp.users.code_desk import CodeDesk
from idp.users.contacts import find_recovery_contact
from idp.users.credentials import Passwords
from idp.users.groups import MOST_OF_A_USER, USER_FULL
from idp.users.lifecycle import Event
from idp.users.lookup import find_for_administrator
from idp.users.own_account import remove_user
from idp.users.passwords import HasherBusy, find_weakness, generate_password
from idp.users.recovery import forget_sign_ins, may_recover
from idp.users.schema import CONTACTS, MEDIUMS
from idp.users.takeover import release_address
from idp.users.verdicts import BUSY, REUSED

DAY = 86_400.0
UNKNOWN = UserRefused(UserReason.USER_NOT_FOUND, texts.USER_UNKNOWN)
TAKEN = UserRefused(UserReason.USERNAME_EXISTS, texts.USERNAME_EXISTS)
NO_GROUP = UserRefused(UserReason.GROUP_NOT_FOUND, texts.GROUP_UNKNOWN)


@dataclass(frozen=True, slots=True)
class Added:
    """A user an administrator created."""

    user: User
    temporary_password: str | None = field(default=None, repr=False)
    """The password that was generated or given as temporary; None for a permanent one."""
    invited_at: tuple[str, ...] = ()
    """The addresses and numbers that an invitation went to."""

    @property
    def invited(self) -> bool:
        """Whether an invitation went out."""
        return bool(self.invited_at)


@dataclass(slots=True)
class Administration:
    """Manages users."""

    store: Store
    clock: Clock
    passwords: Passwords
    outbox: Outbox
    desk: CodeDesk
    triggers: LifecycleTriggers

    async def add(
        self,
        pool: Pool,
        *,
        username: str,
        attributes: Mapping[str, str] | None = None,
        password: str | None = None,
        permanent: bool = False,
        groups: Sequence[str] = (),
        invite: bool = False,
        mediums: Sequence[str] = (),
        force_alias: bool = False,
    ) -> Added | UserRefused:
        """Create a user with a permanent password, or with a temporary one to be replaced at sign-in.

        `mediums`: how the invitation goes, `EMAIL`, `SMS` or both; by default as `choose_mediums` says.
        `force_alias` takes verified addresses from users who have them as aliases.
        """
        secret = password or generate_password(pool.password_policy)
        user = draft_by_administrator(pool, username, attributes or {}, now=self.clock.now())
        if refusal := check_draft(pool, username, user, secret):
            return refusal
        if len(set(groups)) > MOST_OF_A_USER:
            return USER_FULL
        verdict = await self.triggers.pre_sign_up(
            pool, SignUpOccasion.ADMIN, username=user.username, attributes=user.attributes
        )
        if isinstance(verdict, UserRefused):  # what else it says means nothing here, as in Cognito
            return verdict
        try:
            user = (await self.passwords.make(pool, user.username, secret)).given_to(user)
        except HasherBusy:
            return BUSY
        if permanent and password is not None:
            user = confirm_permanently(pool, user)
        try:
            async with self.store.writing() as records:
                for name in CONTACTS if force_alias else ():
                    if user.has_verified(name):
                        now, address = self.clock.now(), user.attributes[name]
                        await release_address(records, pool, user, name, address, now=now)
                user = await records.users.create(user)
                for group in groups:
                    await records.groups.add_member(pool.id, group, user.sub)
        except AlreadyExists:
            return TAKEN
        except NotFound:
            return NO_GROUP
        temporary = secret if user.status is UserStatus.FORCE_CHANGE_PASSWORD else None
        invited_at = await self._invite(pool, user, temporary, mediums) if invite else ()
        return Added(user, temporary, invited_at)

    async def list(self, pool: Pool, *, limit: int = 60, after: str = "") -> tuple[User, ...]:
        """List users by username, those after `after`."""
        async with self.store.reading() as records:
            return await records.users.list(pool.id, limit=limit, after=after)

    async def get(self, pool: Pool, username: str) -> tuple[User, tuple[Group, ...]] | UserRefused:
        """Return a user and their groups."""
        async with self.store.reading() as records:
            user = await find_for_administrator(records, pool, username)
            return UNKNOWN if user is None else (user, await records.groups.of(pool.id, user.sub))

    async def invite_again(
        self, pool: Pool, username: str, *, password: str | None = None, mediums: Sequence[str] = ()
    ) -> Added | UserRefused:
        """Give a user who has not chosen a password yet a new temporary one, and send it."""
        async with self.store.reading() as records:
            user = await find_for_administrator(records, pool, username)
        if user is None:
            return UNKNOWN
        if user.status is not UserStatus.FORCE_CHANGE_PASSWORD:
            text = texts.WRONG_STATUS.filled(status=user.status.value)
            return UserRefused(UserReason.UNSUPPORTED_STATE, text)
        secret = password or generate_password(pool.password_policy)
        changed = await self.set_password(pool, user.username, secret, permanent=False)
        if isinstance(changed, UserRefused):
            return changed
        return Added(changed, secret, await self._invite(pool, changed, secret, mediums))

    async def sign_out(self, pool: Pool, username: str, *, browsers: bool = False) -> User | UserRefused:
        """End every token of a user (AdminUserGlobalSignOut; browser sessions stay, as in Cognito).

        `browsers` ends the sessions of the hosted pages, too.
        """
        async with self.store.writing() as records:
            user = await find_for_administrator(records, pool, username)
            if user is None:
                return UNKNOWN
            await revoke_user(records, user, self.clock.now())
            if browsers:
                await records.sso_sessions.delete_of(pool.id, user.sub)
            return user

    async def disable(self, pool: Pool, username: str) -> User | UserRefused:
        """Lock a user out: tokens, browser sessions and open codes end, and enabling brings none back."""
        async with self.store.writing() as records:
            user = await find_for_administrator(records, pool, username)
            if user is None:
                return UNKNOWN
            user = await records.users.hold(pool.id, user.sub)
            await revoke_user(records, user, self.clock.now())
            return await self._write(records, user, replace(user, enabled=False), ends_sessions=True)

    async def enable(self, pool: Pool, username: str) -> User | UserRefused:
        """Let a disabled user in again."""
        return await self._change(pool, username, lambda user: replace(user, enabled=True))

    async def confirm(self, pool: Pool, username: str) -> User | UserRefused:
        """Confirm a sign-up without its code; the address stays unverified, as in Cognito."""
        confirmed = await self._change(pool, username, _step(pool, Event.CONFIRM))
        if isinstance(confirmed, UserRefused):
            return confirmed
        refused = await self.triggers.post_confirmation(pool, ConfirmationOccasion.SIGN_UP, confirmed)
        return refused or confirmed

    async def set_password(
        self, pool: Pool, username: str, password: str, *, permanent: bool
    ) -> User | UserRefused:
        """Set a password, for good or until the next sign-in; lifts the lockout and ends browser sessions."""
        if text := find_weakness(pool.password_policy, password):
            return UserRefused(UserReason.INVALID_PASSWORD, text)
        async with self.store.reading() as records:
            known = await find_for_administrator(records, pool, username)
        if known is None:
            return UNKNOWN
        try:
            if await self.passwords.is_reused(pool, known, password):
                return REUSED
            credentials = await self.passwords.make(pool, known.username, password)
        except HasherBusy:
            return BUSY
        until = (
            None
            if permanent
            else self.clock.now() + DAY * pool.password_policy.temporary_password_validity_days
        )
        step = _step(pool, Event.SET_PERMANENT if permanent else Event.SET_TEMPORARY)

        def change(user: User) -> User | UserRefused:
            stepped = step(user)
            if isinstance(stepped, UserRefused):
                return stepped
            return replace(credentials.given_to(stepped), temporary_until=until)

        return await self._change(pool, username, change, ends_sessions=True)

    async def reset(self, pool: Pool, username: str) -> Delivery | UserRefused:
        """Make the present password useless and mail a code for a new one."""
        async with self.store.writing() as records:
            user = await find_for_administrator(records, pool, username)
            if user is None:
                return UNKNOWN
            contact = await find_recovery_contact(records, pool, user, outbox=self.outbox, subject=user.sub)
            if contact is None or not may_recover(user):
                return UserRefused(UserReason.INVALID_PARAMETER, texts.NOT_RECOVERABLE)
            code = await self.desk.issue(
                records,
                pool,
                subject=user.sub,
                purpose=CodePurpose.FORGOT_PASSWORD,
                destination=contact.address,
            )
            if code is None:
                return UserRefused(UserReason.LIMIT_EXCEEDED, texts.LIMIT_EXCEEDED)
            changed = _step(pool, Event.RESET)(user)
            if isinstance(changed, UserRefused):
                return changed
            user = await self._write(records, user, changed, ends_sessions=True)
        purpose = CodePurpose.FORGOT_PASSWORD
        if not await self.outbox.send(self.desk.compose(pool, purpose, user, code=code, contact=contact)):
            return UserRefused(UserReason.DELIVERY_FAILED, texts.DELIVERY_FAILED)
        return contact.delivery

    async def delete(self, pool: Pool, username: str) -> User | UserRefused:
        """Remove a user and everything of theirs."""
        async with self.store.writing() as records:
            user = await find_for_administrator(records, pool, username)
            if user is None:
                return UNKNOWN
            await remove_user(records, user)
            return user

    async def groups(self, pool: Pool) -> tuple[Group, ...]:
        """List the pool's groups."""
        async with self.store.reading() as records:
            return await records.groups.list(pool.id)

    async def add_to_group(self, pool: Pool, username: str, group: str) -> User | UserRefused:
        """Put a user into a group."""
        async with self.store.writing() as records:
            user = await find_for_administrator(records, pool, username)
            if user is None or await records.groups.find(pool.id, group) is None:
                return UNKNOWN if user is None else NO_GROUP
            user = await records.users.hold(pool.id, user.sub)
            theirs = {each.name for each in await records.groups.of(pool.id, user.sub)}
            if group not in theirs and len(theirs) >= MOST_OF_A_USER:
                return USER_FULL
            await records.groups.add_member(pool.id, group, user.sub)
            return user

    async def remove_from_group(self, pool: Pool, username: str, group: str) -> User | UserRefused:
        """Take a user out of a group."""
        async with self.store.writing() as records:
            user = await find_for_administrator(records, pool, username)
            if user is None:
                return UNKNOWN
            if await records.groups.find(pool.id, group) is None:
                return NO_GROUP
            await records.groups.remove_member(pool.id, group, user.sub)
            return user

    async def _change(
        self,
        pool: Pool,
        username: str,
        change: Callable[[User], User | UserRefused],
        *,
        ends_sessions: bool = False,
    ) -> User | UserRefused:
        async with self.store.writing() as records:
            user = await find_for_administrator(records, pool, username)
            if user is None:
                return UNKNOWN
            changed = change(await records.users.hold(pool.id, user.sub))
            if isinstance(changed, UserRefused):
                return changed
            return await self._write(records, user, changed, ends_sessions=ends_sessions)

    async def _write(self, records: Records, user: User, changed: User, *, ends_sessions: bool) -> User:
        changed = replace(changed, updated_at=self.clock.now())
        changed = await records.users.update((user.pool_id, user.sub), lambda _: changed)
        if ends_sessions:
            await forget_sign_ins(records, changed)
            await records.codes.delete_of(user.pool_id, user.sub)
        return changed

    async def _invite(
        self, pool: Pool, user: User, password: str | None, mediums: Sequence[str]
    ) -> tuple[str, ...]:
        """Send the invitation, and return where it went."""
        if password is None:
            return ()
        name = next(
            (user.attributes[kind] for kind in pool.username_attributes if kind in user.attributes), None
        )
        sent: list[str] = []
        for medium in dict.fromkeys(mediums or choose_mediums(user.attributes)):
            recipient = user.attributes.get(MEDIUMS[medium])
            if recipient is None:
                continue
            message = build_invitation(
                pool,
                user,
                recipient=recipient,
                username=name or user.username,
                password=password,
                medium=medium,
            )
            if await self.outbox.send(message):
                sent.append(recipient)
        return tuple(sent)


def choose_mediums(attributes: Mapping[str, str]) -> tuple[str, ...]:
    """Say how an invitation goes by default: by mail, or to a phone where there is no address. Pure."""
    return next(((medium,) for medium, name in MEDIUMS.items() if attributes.get(name)), ())


def draft_by_administrator(pool: Pool, username: str, attributes: Mapping[str, str], *, now: float) -> User:
    """Lay out a user with a temporary password still to be set. Pure but for the random sub."""
    sub, values = str(uuid.uuid4()), {name: value for name, value in attributes.items() if value}
    kind = contact_kind(username) if pool.username_attributes else None
    if kind is not None:
        values[kind] = username
    user = User(
        pool_id=pool.id,
        sub=sub,
        username=sub if pool.username_attributes else username,
        status=UserStatus.FORCE_CHANGE_PASSWORD,
        created_at=now,
        updated_at=now,
        attributes=values,
        temporary_until=now + DAY * pool.password_policy.temporary_password_validity_days,
    )
    return replace(user, logins=derive_logins(pool, user))


def check_draft(pool: Pool, username: str, user: User, password: str) -> UserRefused | None:
    """Return what keeps a user from being created, or None; required attributes may come later. Pure."""
    checks: tuple[tuple[UserReason, Text | None], ...] = (
        (UserReason.INVALID_PARAMETER, check_username(pool, username)),
        (UserReason.INVALID_PARAMETER, find_unfit(pool, user.attributes, reserved={"sub"})),
        (UserReason.INVALID_PASSWORD, find_weakness(pool.password_policy, password)),
    )
    return next((UserRefused(reason, text) for reason, text in checks if text is not None), None)


def confirm_permanently(pool: Pool, user: User) -> User:
    """Turn a draft into a confirmed user whose password stays. Pure."""
    confirmed = replace(user, status=UserStatus.CONFIRMED, temporary_until=None)
    return replace(confirmed, logins=derive_logins(pool, confirmed))


_OUT_OF_PLACE: Final = {
    Event.CONFIRM: (UserReason.NOT_AUTHORIZED, texts.ALREADY_CONFIRMED),
    Event.RESET: (UserReason.NOT_AUTHORIZED, texts.NO_RESET),
}


def _step(pool: Pool, event: Event) -> Callable[[User], User | UserRefused]:
    """Build the change that an event makes, or its refusal in a status where it cannot happen."""

    def change(user: User) -> User | UserRefused:
        status = lifecycle.advance(user.status, event)
        if status is None:
            reason, text = _OUT_OF_PLACE.get(event, (UserReason.UNSUPPORTED_STATE, texts.WRONG_STATUS))
            return UserRefused(reason, text.filled(status=user.status.value))
        moved = replace(user, status=status)
        return replace(moved, logins=derive_logins(pool, moved))

    return change
