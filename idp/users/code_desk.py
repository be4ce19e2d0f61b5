"""Issues mailed codes and checks them, against the rules in `codes`, inside the caller's transaction.

A code is kept as a keyed hash over the account, the purpose and the address it went to: a code that went to
an old address does not verify a new one.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace

from idp.clock import Clock
from idp.model import CodePurpose, MailedCode, Pool, User
from idp.outbox.messages import Message, build_code_message
from idp.seal import Vault
from idp.store.base import AlreadyExists, Records
from idp.users import codes
from idp.users.codes import Verdict
from idp.users.contacts import Contact


class CodeDesk:
    """Issues and checks codes."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock

    async def issue(
        self,
        records: Records,
        pool: Pool,
        *,
        subject: str,
        purpose: CodePurpose,
        destination: str,
        lifetime: float | None = None,
    ) -> str | None:
        """Issue a code in the place of any earlier one; None when too many were sent.

        `lifetime` in seconds where it is not the purpose's own.
        """
        code, now = codes.draw_code(codes.RULES[purpose].digits), self._clock.now()
        record = await self._load(records, pool, subject, purpose)
        digest = self._hash(record, destination, code)
        issued = codes.issue(record, digest, now, lifetime=lifetime)
        if issued is None:
            return None
        await self._save(records, issued)
        return code

    async def attempt(
        self, records: Records, pool: Pool, *, subject: str, purpose: CodePurpose, destination: str, code: str
    ) -> Verdict:
        """Try a code and count the try."""
        record = await self._load(records, pool, subject, purpose)
        digest = self._hash(record, destination, code.strip())
        verdict, after = codes.attempt(record, digest, self._clock.now())
        await self._save(records, after)
        return verdict

    async def is_right(
        self, records: Records, pool: Pool, *, subject: str, purpose: CodePurpose, destination: str, code: str
    ) -> bool:
        """Whether a code would be right, without trying it: only for what follows a right code anyway."""
        record = await records.mailed_codes.find(pool.id, subject, purpose.value)
        record = record or MailedCode(pool.id, subject, purpose)
        verdict, _ = codes.attempt(record, self._hash(record, destination, code.strip()), self._clock.now())
        return verdict is Verdict.RIGHT

    async def may_write_to(self, records: Records, pool: Pool, address: str) -> bool:
        """Count a mail to an address nobody has proven to own; False when it has had enough of them.

        Without it, signing up again and again under new names would fill a stranger's mailbox.
        """
        subject = f"@{self._vault.mac('mail destination', pool.id, address.casefold())}"
        record = await self._load(records, pool, subject, CodePurpose.SIGN_UP)
        issued = codes.issue(record, "", self._clock.now())
        if issued is not None:
            await self._save(records, replace(issued, code_hash=None))
        return issued is not None

    async def count_try(self, records: Records, pool: Pool, *, subject: str, purpose: CodePurpose) -> bool:
        """Count a try of something that no code is mailed for; False when there were too many."""
        record = await self._load(records, pool, subject, purpose)
        verdict, after = codes.attempt(record, "", self._clock.now())
        if verdict is Verdict.TOO_MANY:
            return False
        await self._save(records, replace(after, expires_at=self._clock.now()))
        return True

    def compose(
        self,
        pool: Pool,
        purpose: CodePurpose,
        user: User,
        *,
        code: str,
        contact: Contact,
        occasion: str | None = None,
    ) -> Message:
        """Write the message with the code, to an address on record (never to one that was typed).

        `occasion` is what the pool's functions are told where it is not the purpose's own.
        """
        return build_code_message(
            pool,
            purpose,
            user,
            recipient=contact.address,
            code=code,
            attribute=contact.attribute,
            occasion=occasion,
        )

    def _hash(self, record: MailedCode, destination: str, code: str) -> str:
        return self._vault.mac("code", record.pool_id, record.subject, record.purpose, destination, code)

    @staticmethod
    async def _load(records: Records, pool: Pool, subject: str, purpose: CodePurpose) -> MailedCode:
        """Fetch the record, making it first, and hold it until the transaction ends."""
        key = (pool.id, subject, purpose.value)
        if await records.mailed_codes.find(*key) is None:
            with contextlib.suppress(AlreadyExists):  # another node was first: its row is held next
                await records.mailed_codes.create(MailedCode(pool.id, subject, purpose))
        return await records.mailed_codes.hold(*key)

    @staticmethod
    async def _save(records: Records, record: MailedCode) -> None:
        await records.mailed_codes.update(
            (record.pool_id, record.subject, record.purpose.value), lambda _: record
        )
