"""The history of sign-ins: what happened to an account, from where, for its administrator (cognito.md 9).

Only pools with threat protection keep one, two years long, and at most so many events a user; failures push
out none that passed, or a flood of them would make anybody a newcomer. A sign-in is one event, which its
later steps carry on. Events are written behind the answer, so that its time does not tell whether anybody
has the name; what is still to be written when the process is killed is lost, as no answer rests on it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from idp.clock import Clock
from idp.model import Client, Pool
from idp.protection.origins import NOWHERE, Origin
from idp.protection.records import AuthEvent, ThreatMode
from idp.store.base import Records, Store

log = logging.getLogger("idp.protection")
MOST_PASSED: Final = 200
MOST_OTHERS: Final = 300
MOST_ANSWERS: Final = 30
MOST_WAITING: Final = 1000


@dataclass(frozen=True, slots=True)
class Happening:
    """What is to be written down."""

    id: str
    """The event's; one that is there already is carried on."""
    kind: str
    response: str
    address: str
    """The peer's."""
    origin: Origin = NOWHERE
    challenges: tuple[Mapping[str, str], ...] = ()
    risk: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class History:
    """Writes events down and finds them again."""

    store: Store
    clock: Clock
    _waiting: dict[asyncio.Task[None], tuple[str, str]] = field(default_factory=dict)
    _last: dict[tuple[str, str], asyncio.Task[None]] = field(default_factory=dict)

    def note(self, pool: Pool, client: Client, sub: str, happening: Happening) -> None:
        """Write an event of a user down soon; nothing is kept of names that nobody has."""
        if pool.threat_mode is ThreatMode.OFF:
            return
        if len(self._waiting) >= MOST_WAITING:
            log.warning("the database is behind: an event of pool %s is not written down", pool.id)
            return
        event = AuthEvent(
            pool_id=pool.id,
            id=happening.id,
            sub=sub,
            client_id=client.id,
            at=self.clock.now(),
            kind=happening.kind,
            response=happening.response,
            risk=happening.risk,
            challenges=happening.challenges,
            context=_context(happening),
            traits=happening.origin.traits,
        )
        whose = (pool.id, sub)
        task = asyncio.create_task(self._write(event, after=self._last.get(whose)))
        self._waiting[task] = whose
        self._last[whose] = task
        task.add_done_callback(self._forget)

    async def of(
        self, pool: Pool, sub: str, *, limit: int, before: tuple[float, str] | None = None
    ) -> tuple[AuthEvent, ...]:
        """A user's events, the newest first; what is still to be written is written first."""
        await self.settle(pool, sub)
        async with self.store.reading() as records:
            return await records.auth_events.of(pool.id, sub, limit=limit, before=before)

    async def find(self, pool: Pool, sub: str, event_id: str) -> AuthEvent | None:
        """One event of a user."""
        await self.settle(pool, sub)
        async with self.store.reading() as records:
            event = await records.auth_events.find(pool.id, event_id)
        return event if event is not None and event.sub == sub else None

    async def rate(self, pool: Pool, sub: str, event_id: str, *, value: str, provider: str) -> bool:
        """Put feedback on an event; False where the user has no such event."""
        await self.settle(pool, sub)
        feedback = {"FeedbackValue": value, "Provider": provider, "FeedbackDate": self.clock.now()}
        async with self.store.writing() as records:
            event = await records.auth_events.find(pool.id, event_id)
            if event is None or event.sub != sub:
                return False
            await records.auth_events.update((pool.id, event_id), lambda old: with_feedback(old, feedback))
        return True

    async def settle(self, pool: Pool, sub: str) -> None:
        """Wait until what happened to a user so far is written."""
        if last := self._last.get((pool.id, sub)):
            await asyncio.wait([last])

    async def drain(self) -> None:
        """Wait until everything is written."""
        while self._waiting:
            await asyncio.gather(*self._waiting)

    def _forget(self, task: asyncio.Task[None]) -> None:
        whose = self._waiting.pop(task)
        if self._last.get(whose) is task:
            del self._last[whose]

    async def _write(self, event: AuthEvent, *, after: asyncio.Task[None] | None) -> None:
        try:
            if after is not None:  # in the order in which it happened
                await asyncio.wait([after])
            async with self.store.writing() as records:
                await _keep(records, event)
        except Exception:  # the task has no caller: what nobody foresaw must at least be seen
            log.exception("an event of pool %s was not written down", event.pool_id)


async def _keep(records: Records, event: AuthEvent) -> None:
    key = (event.pool_id, event.id)
    if await records.auth_events.find(*key) is not None:
        await records.auth_events.update(key, lambda old: carry_on(old, event))
    elif await records.users.find(event.pool_id, event.sub) is not None:
        await records.auth_events.create(event)
    for passed, most in ((True, MOST_PASSED), (False, MOST_OTHERS)):
        await records.auth_events.trim(event.pool_id, event.sub, passed=passed, keep=most)


def _context(happening: Happening) -> Mapping[str, str]:
    address = {"IpAddress": happening.address} if happening.address else {}
    return address | happening.origin.context


def carry_on(event: AuthEvent, step: AuthEvent) -> AuthEvent:
    """Return the event as it is after a further step of the same sign-in. Pure.

    Where a sign-in ends is where it was from: what was begun at home must not vouch for somewhere else.
    """
    if event.sub != step.sub:
        return event
    return replace(
        event,
        response=step.response,
        challenges=(*event.challenges, *step.challenges)[-MOST_ANSWERS:],
        risk=step.risk or event.risk,
        context=step.context or event.context,
        traits=step.traits,
    )


def with_feedback(event: AuthEvent, feedback: Mapping[str, object]) -> AuthEvent:
    """Return the event with feedback in the place of any earlier one. Pure."""
    return replace(event, feedback=feedback)
