"""Changes of a user's attributes and the verification of addresses, for users and for administrators.

The attributes are in the store before a code leaves, and stay there when it cannot leave. A code is bound to
the address it went to: it verifies no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from idp import texts
from idp.clock import Clock
from idp.model import Client, Pool, User
from idp.outbox.base import Outbox
from idp.outbox.messages import mask
from idp.outcomes import Delivery, UserReason, UserRefused
from idp.store.base import AlreadyExists, NotFound, Records, Store
from idp.users.changes import (
    PURPOSES,
    address_to_verify,
    change_attributes,
    find_refusal,
    verify_address,
)
from idp.users.code_desk import CodeDesk
from idp.users.contacts import Contact
from idp.users.takeover import release_address
from idp.users.verdicts import refuse_verdict

GONE = UserRefused(UserReason.USER_NOT_FOUND, texts.USER_UNKNOWN)
LIMITED = UserRefused(UserReason.LIMIT_EXCEEDED, texts.LIMIT_EXCEEDED)


class _TooManyMails(Exception):  # noqa: N818 - never leaves this module
    """No more mails to this address now; undoes the transaction."""


@dataclass(frozen=True, slots=True)
class _Letter:
    """A code on its way to an address."""

    attribute: str
    address: str
    code: str


@dataclass(slots=True)
class Profile:
    """Changes attributes."""

    store: Store
    clock: Clock
    outbox: Outbox
    desk: CodeDesk

    async def update(
        self, pool: Pool, sub: str, changes: Mapping[str, str], *, client: Client | None
    ) -> tuple[Delivery, ...] | UserRefused:
        """Change attributes and send codes to new addresses; without a client it is an administrator.

        DELIVERY_FAILED means that the change was made and the code can be asked for again.
        """
        try:
            async with self.store.writing() as records:
                user = await records.users.hold(pool.id, sub)
                if refusal := find_refusal(pool, user, changes, client=client):
                    return refusal
                changed = change_attributes(pool, user, changes, trusted=client is None, now=self.clock.now())
                user = await records.users.update((pool.id, sub), lambda _: changed.user)
                letters = [await self._write(records, pool, user, name) for name in changed.to_verify]
        except NotFound:
            return GONE
        except AlreadyExists:
            return _taken(pool, changes)
        except _TooManyMails:
            return LIMITED
        return await self._send(pool, user, letters)

    async def remove(
        self, pool: Pool, sub: str, names: Iterable[str], *, client: Client | None
    ) -> UserRefused | None:
        """Remove attributes; those that are not there are fine."""
        outcome = await self.update(pool, sub, dict.fromkeys(names, ""), client=client)
        return outcome if isinstance(outcome, UserRefused) else None

    async def send_code(self, pool: Pool, sub: str, attribute: str) -> Delivery | UserRefused:
        """Send a code to the address that waits to be verified, or to the present one."""
        try:
            async with self.store.writing() as records:
                user = await records.users.hold(pool.id, sub)
                if attribute not in PURPOSES or not address_to_verify(user, attribute):
                    return _nothing_to_verify(attribute)
                letter = await self._write(records, pool, user, attribute)
        except NotFound:
            return GONE
        except _TooManyMails:
            return LIMITED
        sent = await self._send(pool, user, [letter])
        return sent if isinstance(sent, UserRefused) else sent[0]

    async def verify(self, pool: Pool, sub: str, attribute: str, code: str) -> User | UserRefused:
        """Verify an address by its code; an alias of somebody else moves here."""
        try:
            async with self.store.writing() as records:
                user = await records.users.hold(pool.id, sub)
                address = address_to_verify(user, attribute)
                if attribute not in PURPOSES or not address:
                    return _nothing_to_verify(attribute)
                verdict = await self.desk.attempt(
                    records,
                    pool,
                    subject=sub,
                    purpose=PURPOSES[attribute],
                    destination=address,
                    code=code,
                )
                if refusal := refuse_verdict(verdict, is_open=True):
                    return refusal
                return await self._verify(records, pool, user, attribute, address)
        except NotFound:
            return GONE
        except AlreadyExists:
            return _taken(pool, (attribute,))

    async def _verify(self, records: Records, pool: Pool, user: User, attribute: str, address: str) -> User:
        now = self.clock.now()
        await release_address(records, pool, user, attribute, address, now=now)
        return await records.users.update(
            (pool.id, user.sub), lambda old: verify_address(pool, old, attribute, now=now)
        )

    async def _write(self, records: Records, pool: Pool, user: User, attribute: str) -> _Letter:
        """Issue a code, within the bounds for this account and for this address."""
        address = address_to_verify(user, attribute)
        assert address is not None
        may_send = user.has_verified(attribute) and address == user.attributes.get(attribute)
        if not may_send and not await self.desk.may_write_to(records, pool, address):
            raise _TooManyMails
        code = await self.desk.issue(
            records, pool, subject=user.sub, purpose=PURPOSES[attribute], destination=address
        )
        if code is None:
            raise _TooManyMails
        return _Letter(attribute, address, code)

    async def _send(
        self, pool: Pool, user: User, letters: Iterable[_Letter]
    ) -> tuple[Delivery, ...] | UserRefused:
        deliveries = []
        for letter in letters:
            purpose = PURPOSES[letter.attribute]
            contact = Contact(letter.attribute, letter.address)
            message = self.desk.compose(pool, purpose, user, code=letter.code, contact=contact)
            if not await self.outbox.send(message):
                return UserRefused(UserReason.DELIVERY_FAILED, texts.DELIVERY_FAILED)
            shown = mask(letter.attribute, letter.address)
            deliveries.append(Delivery(shown, message.medium, letter.attribute))
        return tuple(deliveries)


def _taken(pool: Pool, names: Iterable[str]) -> UserRefused:
    unique = (*pool.username_attributes, *pool.alias_attributes)
    name = next((name for name in names if name in unique), "username")
    return UserRefused(UserReason.ALIAS_EXISTS, texts.ALIAS_EXISTS.filled(attribute=name))


def _nothing_to_verify(attribute: str) -> UserRefused:
    text = texts.CONTACT_ABSENT.filled(attribute=attribute)
    return UserRefused(UserReason.INVALID_PARAMETER, text)
