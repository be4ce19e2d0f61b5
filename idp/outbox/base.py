"""The seam of delivery, mail and text messages alike, and the queue that hides how long a delivery takes.

Where an answer must not tell whether a user exists, nobody may wait for the mail server: `post` answers at
once and delivers behind. Where the answer may tell (sign-up), `send` waits and says so when the mail could
not go.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from idp.background import Background
from idp.model import Mail
from idp.outbox.messages import Message

log = logging.getLogger(__name__)
MOST_PENDING: Final = 1000


class DeliveryFailed(Exception):  # noqa: N818 - a state, said plainly
    """A mail could not be handed over; the text says why, without its content."""


class Carrier(Protocol):
    """Takes a mail out of the process."""

    is_inbox: bool
    """Whether mails stay here, in the development inbox."""

    async def deliver(self, message: Message) -> None:
        """Deliver a mail; raises DeliveryFailed."""
        ...

    async def latest(self, limit: int) -> tuple[Mail, ...]:
        """The newest mails that stayed here."""
        ...


Prepare = Callable[[Message], Awaitable[Message | None]]
"""Words a message anew, or takes it over (None); raises DeliveryFailed where that failed."""


async def _as_it_is(message: Message) -> Message | None:
    return message


class Outbox:
    """Sends mails and text messages, at once or behind."""

    def __init__(self, carrier: Carrier, sms: Carrier | None = None) -> None:
        self.prepare: Prepare = _as_it_is
        """Asked before every delivery: the message to deliver, or None when a function sends it."""
        self._carrier = carrier
        self._carriers = {"EMAIL": carrier, "SMS": sms or carrier}
        self._behind = Background(log)

    @property
    def is_inbox(self) -> bool:
        """Whether mails are kept for the development inbox instead of leaving."""
        return self._carrier.is_inbox

    def keeps(self, medium: str) -> bool:
        """Whether messages of a medium (`EMAIL`, `SMS`) stay in the development inbox."""
        return self._carriers[medium].is_inbox

    async def send(self, message: Message) -> bool:
        """Deliver a mail now; returns whether it went."""
        try:
            prepared = await self.prepare(message)
            if prepared is not None:
                await self._carriers[prepared.medium].deliver(prepared)
        except DeliveryFailed as error:
            # The subject is a constant of the pool; recipient and body are personal or secret.
            log.error("mail %r of pool %s was not delivered: %s", message.subject, message.pool_id, error)  # noqa: TRY400
            return False
        return True

    def post(self, message: Message) -> None:
        """Deliver a mail behind; a failure is logged."""
        if len(self._behind) >= MOST_PENDING:
            log.error(
                "mail %r of pool %s was dropped: too many are waiting", message.subject, message.pool_id
            )
            return
        failure = "mail %r of pool %s was not delivered"
        self._behind.start(self.send(message), failure, message.subject, message.pool_id)

    async def drain(self) -> None:
        """Wait until nothing is being delivered."""
        await self._behind.drain()

    async def messages(self, limit: int = 100) -> tuple[Mail, ...]:
        """The newest messages of the development inbox, newest first; empty where everything leaves."""
        inbox = next((carrier for carrier in self._carriers.values() if carrier.is_inbox), self._carrier)
        return await inbox.latest(limit)
