"""The history of sign-ins: what happened to an account, from where, for its administrator (cognito.md 9).

Only pools with threat protection keep one, two years long, and at most so many events a user. Events are
written behind the answer, so that its time does not tell whether anybody has the name; what is still to be
written when the process is killed is lost, as no answer rests on it.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from idp.clock import Clock
from idp.model import Client, Pool
from idp.protection.records import AuthEvent, ThreatMode
from idp.store.base import Store

log = logging.getLogger("idp.protection")
MOST_EVENTS: Final = 500
MOST_WAITING: Final = 1000


@dataclass(frozen=True, slots=True)
class Happening:
    """What is to be written down."""

    kind: str
    response: str
    address: str
    challenges: tuple[Mapping[str, str], ...] = ()
    risk: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class History:
    """Writes events down and finds them again."""

    store: Store
    clock: Clock
    _waiting: set[asyncio.Task[None]] = field(default_factory=set)

    def note(self, pool: Pool, client: Client, sub: str, happening: Happening) -> None:
        """Write an event of a user down soon; nothing is kept of names that nobody has."""
        if pool.threat_mode is ThreatMode.OFF:
            return
        if len(self._waiting) >= MOST_WAITING:
            log.warning("the database is behind: an event of pool %s is not written down", pool.id)
            return
        event = AuthEvent(
            pool_id=pool.id,
            id=str(uuid.uuid4()),
            sub=sub,
            client_id=client.id,
            at=self.clock.now(),
            kind=happening.kind,
            response=happening.response,
            risk=happening.risk,
            challenges=happening.challenges,
            context={"IpAddress": happening.address} if happening.address else {},
        )
        task = asyncio.create_task(self._write(event))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def of(
        self, pool: Pool, sub: str, *, limit: int, before: tuple[float, str] | None = None
    ) -> tuple[AuthEvent, ...]:
        """A user's events, the newest first; what is still to be written is written first."""
        await self.drain()
        async with self.store.reading() as records:
            return await records.auth_events.of(pool.id, sub, limit=limit, before=before)

    async def rate(self, pool: Pool, sub: str, event_id: str, *, value: str, provider: str) -> bool:
        """Put feedback on an event; False where the user has no such event."""
        await self.drain()
        feedback = {"FeedbackValue": value, "Provider": provider, "FeedbackDate": self.clock.now()}
        async with self.store.writing() as records:
            event = await records.auth_events.find(pool.id, event_id)
            if event is None or event.sub != sub:
                return False
            await records.auth_events.update((pool.id, event_id), lambda old: with_feedback(old, feedback))
        return True

    async def drain(self) -> None:
        """Wait until everything is written."""
        while self._waiting:
            await asyncio.gather(*self._waiting)

    async def _write(self, event: AuthEvent) -> None:
        try:
            async with self.store.writing() as records:
                if await records.users.find(event.pool_id, event.sub) is None:
                    return
                await records.auth_events.create(event)
                await records.auth_events.trim(event.pool_id, event.sub, keep=MOST_EVENTS)
        except Exception:  # the task has no caller: what nobody foresaw must at least be seen
            log.exception("an event of pool %s was not written down", event.pool_id)


def with_feedback(event: AuthEvent, feedback: Mapping[str, object]) -> AuthEvent:
    """Return the event with feedback in the place of any earlier one. Pure."""
    return replace(event, feedback=feedback)
