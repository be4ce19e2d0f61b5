"""Sign-up with a mailed code: register, confirm, send again (cognito.md 4.10, 5.1-5.4).

The user is in the store before the mail leaves, and stays there when the mail cannot leave. Sign-up tells
that a name is taken, as Cognito does in both modes; confirm and resend do not, unless the caller asks for
the truth.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from idp import texts
from idp.clock import Clock
from idp.model import Client, CodePurpose, Pool, User, UserStatus
from idp.outbox.base import Outbox
from idp.outcomes import Confirmed, Delivery, SignedUp, UserReason, UserRefused
from idp.pace import evenly
from idp.protection.records import PasswordEvent
from idp.seal import Vault
from idp.store.base import AlreadyExists, Records, Store
from idp.triggers.answers import SignUpVerdict
from idp.triggers.lifecycle import ConfirmationOccasion, LifecycleTriggers, SignUpOccasion
from idp.users import lifecycle
from idp.users.aliases import check_username, contact_kind, derive_logins
from idp.users.attributes import find_missing, find_unfit, find_unwritable, refuse_missing
from idp.users.code_desk import CodeDesk
from idp.users.contacts import Contact, find_sign_up_contact, simulate
from idp.users.credentials import Passwords
from idp.users.lifecycle import Event
from idp.users.lookup import find_user, subject_of
from idp.users.passwords import HasherBusy, find_weakness
from idp.users.schema import CONTACTS
from idp.users.takeover import release_address
from idp.users.verdicts import BARRED, BUSY, COMPROMISED, refuse_verdict

SIGN_UP = CodePurpose.SIGN_UP


class _AliasTaken(Exception):  # noqa: N818 - never leaves this module
    """The alias belongs to another user; undoes the transaction."""


@dataclass(slots=True)
class Registration:
    """Registers users."""

    store: Store
    clock: Clock
    vault: Vault
    passwords: Passwords
    outbox: Outbox
    desk: CodeDesk
    triggers: LifecycleTriggers

    async def sign_up(
        self,
        pool: Pool,
        client: Client,
        *,
        username: str,
        password: str,
        attributes: Mapping[str, str],
        addresses: Collection[str] = (),
    ) -> SignedUp | UserRefused:
        """Register a user and mail a code; DELIVERY_FAILED means that the user is there and can ask again.

        `addresses` are the peer's and the user's, which may be barred.
        """
        if await self.passwords.threats.bars(pool, client, *addresses):
            return BARRED
        draft = draft_user(pool, username, attributes, now=self.clock.now())
        refusal = check_sign_up(pool, client, username=username, password=password, user=draft)
        if refusal is not None:
            return refusal
        if await self.passwords.threats.refuses(pool, client, PasswordEvent.SIGN_UP, password):
            return COMPROMISED
        async with self.store.reading() as records:
            if await find_user(records, pool, username) is not None:  # spares the hashing
                return refuse_taken(pool, username)
        verdict = await self.triggers.pre_sign_up(
            pool, SignUpOccasion.SIGN_UP, username=draft.username, attributes=draft.attributes
        )
        if isinstance(verdict, UserRefused):
            return verdict
        draft = apply_verdict(pool, draft, verdict, now=self.clock.now())
        try:
            user = (await self.passwords.make(pool, draft.username, password)).given_to(draft)
        except HasherBusy:
            return BUSY
        try:
            async with self.store.writing() as records:
                contact = find_sign_up_contact(pool, user)
                if contact and not await self.desk.may_write_to(records, pool, contact.address):
                    return UserRefused(UserReason.LIMIT_EXCEEDED, texts.LIMIT_EXCEEDED)
                for name in CONTACTS:
                    if user.has_verified(name):  # a function vouched for it
                        now, address = self.clock.now(), user.attributes[name]
                        await release_address(records, pool, user, name, address, now=now)
                await records.users.create(user)
                code = await self._issue(records, pool, user, contact)
        except AlreadyExists:
            return refuse_taken(pool, username)
        if user.status is UserStatus.CONFIRMED:
            refused = await self.triggers.post_confirmation(pool, ConfirmationOccasion.SIGN_UP, user)
            return refused or SignedUp(user.sub, user.username, None, confirmed=True)
        return await self._deliver(pool, user, code, contact)

    async def confirm(
        self,
        pool: Pool,
        client: Client,
        *,
        username: str,
        code: str,
        hide_existence: bool = True,
        force_alias: bool = False,
    ) -> Confirmed | UserRefused:
        """Confirm a user by the mailed code, which also verifies the address it went to.

        `force_alias` takes the address from another user who has it as an alias.
        """
        try:
            async with evenly(), self.store.writing() as records:
                user = await find_user(records, pool, username)
                if refusal := _tell_why_not(user, hide_existence):
                    return refusal
                contact = find_sign_up_contact(pool, user)
                verdict = await self.desk.attempt(
                    records,
                    pool,
                    subject=subject_of(self.vault, pool, username, user),
                    purpose=SIGN_UP,
                    destination=contact.address if contact else "",
                    code=code,
                )
                is_open = user is not None and user.enabled and lifecycle.can(user.status, Event.CONFIRM)
                if refusal := refuse_verdict(verdict, is_open=is_open):
                    return refusal
                assert user is not None
                if force_alias and contact:
                    now = self.clock.now()
                    await release_address(records, pool, user, contact.attribute, contact.address, now=now)
                confirmed = await self._confirm(records, pool, user)
        except _AliasTaken:
            attribute = contact.attribute if contact else "email"
            return UserRefused(UserReason.ALIAS_EXISTS, texts.ALIAS_EXISTS.filled(attribute=attribute))
        refused = await self.triggers.post_confirmation(pool, ConfirmationOccasion.SIGN_UP, confirmed)
        return refused or Confirmed(confirmed)

    async def resend(
        self, pool: Pool, client: Client, *, username: str, hide_existence: bool = True
    ) -> Delivery | UserRefused:
        """Mail a new code; the earlier one stops working. Unknown names get an answer that looks the same."""
        if not pool.auto_verified:
            return UserRefused(UserReason.INVALID_PARAMETER, texts.NOTHING_TO_VERIFY)
        async with evenly(), self.store.writing() as records:
            user = await find_user(records, pool, username)
            if refusal := _tell_why_not(user, hide_existence):
                return refusal
            contact = find_sign_up_contact(pool, user)
            code = await self.desk.issue(
                records,
                pool,
                subject=subject_of(self.vault, pool, username, user),
                purpose=SIGN_UP,
                destination=contact.address if contact else "",
            )
        if code is None:
            return UserRefused(UserReason.LIMIT_EXCEEDED, texts.LIMIT_EXCEEDED)
        if user is None or contact is None or not user.enabled or user.status is not UserStatus.UNCONFIRMED:
            return simulate(self.vault, pool, username, pool.auto_verified)
        message = self.desk.compose(pool, SIGN_UP, user, code=code, contact=contact, occasion="ResendCode")
        self.outbox.post(message)
        return contact.delivery

    async def _issue(self, records: Records, pool: Pool, user: User, contact: Contact | None) -> str | None:
        if contact is None or user.status is not UserStatus.UNCONFIRMED:
            return None
        return await self.desk.issue(
            records, pool, subject=user.sub, purpose=SIGN_UP, destination=contact.address
        )

    async def _deliver(
        self, pool: Pool, user: User, code: str | None, contact: Contact | None
    ) -> SignedUp | UserRefused:
        if code is None or contact is None:
            return SignedUp(user.sub, user.username, None)
        message = self.desk.compose(pool, SIGN_UP, user, code=code, contact=contact)
        if not await self.outbox.send(message):
            return UserRefused(UserReason.DELIVERY_FAILED, texts.DELIVERY_FAILED)
        return SignedUp(user.sub, user.username, contact.delivery)

    async def _confirm(self, records: Records, pool: Pool, user: User) -> User:
        now = self.clock.now()
        try:
            return await records.users.update(
                (pool.id, user.sub), lambda old: confirm_user(pool, old, now=now)
            )
        except AlreadyExists as error:
            raise _AliasTaken from error


def draft_user(pool: Pool, username: str, attributes: Mapping[str, str], *, now: float) -> User:
    """Lay out a new, unconfirmed user; where an e-mail or phone is the username, the real one is a UUID."""
    sub, values = str(uuid.uuid4()), {name: value for name, value in attributes.items() if value}
    kind = contact_kind(username) if pool.username_attributes else None
    if kind is not None:
        values[kind] = username
    name = sub if pool.username_attributes else username
    user = User(pool.id, sub, name, UserStatus.UNCONFIRMED, now, now, attributes=values)
    return replace(user, logins=derive_logins(pool, user))


def apply_verdict(pool: Pool, draft: User, verdict: SignUpVerdict, *, now: float) -> User:
    """Confirm a new user, and verify their addresses, as far as the pool's function says. Pure.

    An address that is not there cannot be verified; nor anything of a user who is not confirmed with it.
    """
    if not verdict.confirm:
        return draft
    vouched = {"email": verdict.verify_email, "phone_number": verdict.verify_phone}
    verified = {
        f"{name}_verified": "true" for name, is_so in vouched.items() if is_so and draft.attributes.get(name)
    }
    status = lifecycle.advance(draft.status, Event.CONFIRM)
    assert status is not None
    confirmed = replace(draft, status=status, updated_at=now, attributes={**draft.attributes, **verified})
    return replace(confirmed, logins=derive_logins(pool, confirmed))


def check_sign_up(
    pool: Pool, client: Client, *, username: str, password: str, user: User
) -> UserRefused | None:
    """Return the first thing that keeps a sign-up from being accepted, or None. Pure."""
    if pool.admin_create_only:
        return UserRefused(UserReason.NOT_AUTHORIZED, texts.SIGN_UP_CLOSED)
    if text := check_username(pool, username):
        return UserRefused(UserReason.INVALID_PARAMETER, text)
    optional = {entry.name for entry in pool.schema if not entry.required}
    if text := find_unwritable(
        client, optional.intersection(user.attributes) - set(pool.username_attributes)
    ):
        return UserRefused(UserReason.NOT_AUTHORIZED, text)
    missing = refuse_missing(find_missing(pool, user.attributes))
    if text := find_unfit(pool, user.attributes) or missing:
        return UserRefused(UserReason.INVALID_PARAMETER, text)
    if text := find_weakness(pool.password_policy, password):
        return UserRefused(UserReason.INVALID_PASSWORD, text)
    return None


def refuse_taken(pool: Pool, username: str) -> UserRefused:
    """Say that the name is taken, in the words of what the name is. Pure."""
    kind = contact_kind(username) if pool.username_attributes else None
    words = {"email": texts.EMAIL_EXISTS, "phone_number": texts.PHONE_EXISTS}
    return UserRefused(UserReason.USERNAME_EXISTS, words.get(kind or "", texts.USERNAME_EXISTS))


def confirm_user(pool: Pool, user: User, *, now: float) -> User:
    """Confirm a user whose mailed code was right; the address the code went to is verified. Pure."""
    status = lifecycle.advance(user.status, Event.CONFIRM)
    assert status is not None
    contact = find_sign_up_contact(pool, user)
    verified = {f"{contact.attribute}_verified": "true"} if contact else {}
    confirmed = replace(user, status=status, updated_at=now, attributes={**user.attributes, **verified})
    return replace(confirmed, logins=derive_logins(pool, confirmed))


def _tell_why_not(user: User | None, hide_existence: bool) -> UserRefused | None:
    """Tell an API client that asked for the truth why there is nothing to confirm."""
    if hide_existence:
        return None
    if user is None:
        return UserRefused(UserReason.USER_NOT_FOUND, texts.USER_UNKNOWN)
    if not lifecycle.can(user.status, Event.CONFIRM):
        return UserRefused(
            UserReason.NOT_AUTHORIZED, texts.ALREADY_CONFIRMED.filled(status=user.status.value)
        )
    return None
