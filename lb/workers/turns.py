"""Turns at refreshing sessions: the supervisor hands them out, balancers take them over the link.

The supervisor keeps what a balancer said of a refresh for whoever comes next. It is sealed: neither the
supervisor nor a dump of its memory holds a token. Balancers parse what strangers send, so what they say is
taken with care: sizes are bounded, and only who has the turn can leave something. A balancer that dies gives
its turns back, and nobody has one for longer than any refresh takes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from lb.authn.cache import ShortLived

log = logging.getLogger("albacore")

TURN: Final = "turn"
SETTLE: Final = "settle"
WAIT_SECONDS: Final = 30.0
"""How long a balancer waits for its turn before it refreshes all the same."""
HOLD_SECONDS: Final = 60.0
_LONGEST_KEY: Final = 128
_LONGEST_TEXT: Final = 64 * 1024
_LONGEST_MEMORY: Final = 600.0
_MEMORIES, _MEMORY_BYTES = 10_000, 32 * 1024 * 1024


@dataclass(eq=False, slots=True)
class _Place:
    """One balancer in the queue of a session; the first has the turn."""

    taker: Hashable
    turn: asyncio.Future[None]
    limit: asyncio.TimerHandle | None = field(default=None)


class RefreshTurns:
    """The supervisor's half."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._queues: dict[str, list[_Place]] = {}
        self._known: ShortLived[str, str] = ShortLived(_MEMORIES, _MEMORY_BYTES)

    def __repr__(self) -> str:
        return f"RefreshTurns({len(self._queues)} taken, {len(self._known)} remembered)"

    async def take(self, taker: Hashable, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """Wait until it is the taker's turn; returns what is known, None for what is no question."""
        key = message.get("key")
        if not isinstance(key, str) or len(key) > _LONGEST_KEY:
            return None
        place = _Place(taker, asyncio.get_running_loop().create_future())
        queue = self._queues.setdefault(key, [])
        queue.append(place)
        self._call_first(key)
        await place.turn
        return {"known": self._known.get(key, self._clock())}

    def settle(self, taker: Hashable, message: Mapping[str, Any]) -> None:
        """Take a turn back, or somebody out of the queue who waits no longer."""
        key, text, seconds = (message.get(name) for name in ("key", "text", "seconds"))
        places = self._queues.get(key, ()) if isinstance(key, str) else ()
        if not isinstance(key, str) or not places:
            return
        has_turn = places[0].taker == taker
        if has_turn and isinstance(text, str) and len(text) <= _LONGEST_TEXT:
            lasting = min(float(seconds), _LONGEST_MEMORY) if isinstance(seconds, int | float) else 0.0
            self._known.put(key, text, expires=self._clock() + lasting, weight=len(text))
        for place in [each for each in places if each.taker == taker]:
            self._leave(key, place)

    def forget(self, taker: Hashable) -> None:
        """Take back every turn of a balancer that has ended."""
        for key, places in list(self._queues.items()):
            for place in [each for each in places if each.taker == taker]:
                self._leave(key, place)

    def _call_first(self, key: str) -> None:
        first = self._queues[key][0]
        if not first.turn.done():
            first.turn.set_result(None)
            loop = asyncio.get_running_loop()
            first.limit = loop.call_later(HOLD_SECONDS, self._leave, key, first)

    def _leave(self, key: str, place: _Place) -> None:
        queue = self._queues.get(key, [])
        if place not in queue:
            return
        queue.remove(place)
        if place.limit is not None:
            place.limit.cancel()
        if not place.turn.done():
            place.turn.set_result(None)  # its question is answered, though nobody reads it
        if queue:
            self._call_first(key)
        else:
            del self._queues[key]


class Line(Protocol):
    """The way to the supervisor."""

    async def ask(self, what: str, *, seconds: float, **members: Any) -> Any:
        """Return the answer, None when none came in time."""
        ...

    def say(self, what: str, **members: Any) -> None:
        """Send what wants no answer."""
        ...


class LinkedDesk:
    """A balancer's half."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def take(self, key: str) -> str | None:
        """Wait for the turn; a supervisor that does not answer leaves each balancer to itself."""
        answer = await self._line.ask(TURN, seconds=WAIT_SECONDS, key=key)
        if not isinstance(answer, dict):
            log.warning("a session is refreshed without a turn: two workers may do so at once")
            return None
        known = answer.get("known")
        return known if isinstance(known, str) else None

    def settle(self, key: str, text: str | None, seconds: float) -> None:
        """Give the turn back, or the place in the queue."""
        self._line.say(SETTLE, key=key, text=text, seconds=seconds)
