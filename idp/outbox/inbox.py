"""The development inbox: without a mail server, mails stay in the store to be read on this machine."""

from __future__ import annotations

from idp.clock import Clock
from idp.model import Mail
from idp.outbox.messages import Message
from idp.store.base import Store


class Inbox:
    """Keeps mails in the store."""

    is_inbox = True

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def deliver(self, message: Message) -> None:
        """Keep a mail."""
        mail = Mail(0, message.recipient, message.subject, message.body, self._clock.now(), message.pool_id)
        async with self._store.writing() as records:
            await records.mails.add(mail)

    async def latest(self, limit: int) -> tuple[Mail, ...]:
        """The newest mails, newest first."""
        async with self._store.reading() as records:
            return await records.mails.latest(limit)
