"""Renewing a session when its access token has expired (alb.md 3.6).

One refresh for all requests of a session, and a short memory of how it ended, so that requests which still
carry the old cookie neither spend a rotated refresh token a second time nor hammer the provider. A provider
that says no ends the session. One that does not answer ends it only after a grace: an outage must not log
everybody out at once. Where several processes serve, they take turns at a session, and whoever comes second
learns how the first one's refresh ended (`Turns`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from lb.authn.cache import ShortLived
from lb.authn.idp_client import Refused
from lb.authn.realm import Realm
from lb.authn.session import Session
from lb.authn.single_flight import SingleFlight
from lb.reasons import Reason

GRACE_SECONDS = 900
"""How long past its access token a session serves while the provider cannot be reached."""
RETRY_SECONDS = 10
MEMORY_SECONDS = 120
"""How long requests with the cookie from before a refresh are served with the session after it."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """The session after a refresh."""

    session: Session


@dataclass(frozen=True, slots=True)
class Kept:
    """The provider did not answer; the session serves as it is for now."""

    session: Session


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over, as it was at `generation`."""

    reason: Reason
    generation: int


Renewal = Renewed | Kept | Ended
Talk = Callable[[Session], Awaitable[Session | Refused]]


class Turns(Protocol):
    """Turns at refreshing a session, among the processes that could."""

    async def take(self, realm: Realm, session_id: str) -> Renewal | None:
        """Wait for the turn; returns how the last refresh of the session ended, if another just made one."""
        ...

    def settle(self, realm: Realm, session_id: str, renewal: Renewal | None, seconds: float) -> None:
        """Give the turn back; a `renewal` is told to the others for so many seconds."""
        ...


class Alone:
    """The turns of the only process."""

    async def take(self, realm: Realm, session_id: str) -> Renewal | None:
        """It is always this process's turn."""
        return None

    def settle(self, realm: Realm, session_id: str, renewal: Renewal | None, seconds: float) -> None:
        """Nobody waits."""


def after_failure(session: Session, refused: Refused, now: float) -> Kept | Ended:
    """Decide what a failed refresh means for the session."""
    due = session.access_expires_at or 0
    if refused.final or now >= due + GRACE_SECONDS:
        return Ended(refused.reason, session.generation)
    return Kept(session)


def answers_for(known: Renewal, session: Session, now: float) -> bool:
    """Tell whether a remembered outcome settles a request that carries `session`."""
    if isinstance(known, Ended):
        # Somebody replays a cookie of three refreshes ago: its failure says nothing about the newest one.
        return session.generation <= known.generation
    if isinstance(known, Kept):
        return session.generation <= known.session.generation
    return known.session.generation > session.generation and not known.session.needs_refresh(now)


class Refresher:
    """Refreshes sessions. Its keys hold the realm: no session ever meets another realm's."""

    __slots__ = ("_clock", "_flights", "_memory", "_turns")

    def __init__(
        self, *, clock: Callable[[], float], flights: SingleFlight, turns: Turns | None = None
    ) -> None:
        self._clock = clock
        self._turns = turns or Alone()
        self._flights = flights
        self._memory: ShortLived[tuple[bytes, str], Renewal] = ShortLived(10_000)

    def recall(self, realm: Realm, session: Session, now: float) -> Renewal | None:
        """Return how a refresh of this session just ended; None when one is due."""
        known = self._memory.get((realm.digest, session.id), now)
        return known if known is not None and answers_for(known, session, now) else None

    async def renew(self, realm: Realm, session: Session, talk: Talk) -> Renewal:
        """Refresh `session`, once for all who ask."""
        # Another request may have finished between the look that found it due and this turn.
        known = self.recall(realm, session, self._clock())
        if known is not None:
            return known
        key = (realm.digest, session.id)
        renewal: Renewal = await self._flights.run(
            ("refresh", *key), lambda: self._renew(realm, session, talk)
        )
        return renewal

    async def _renew(self, realm: Realm, session: Session, talk: Talk) -> Renewal:
        elsewhere = await self._turns.take(realm, session.id)
        told: Renewal | None = None
        try:
            if elsewhere is not None and answers_for(elsewhere, session, self._clock()):
                self._remember(realm, session, elsewhere)
                return elsewhere
            told = await self._talk(realm, self._newest(realm, session, elsewhere), talk)
            return told
        finally:
            self._turns.settle(realm, session.id, told, _lifetime(told))

    def _newest(self, realm: Realm, session: Session, elsewhere: Renewal | None) -> Session:
        """An old cookie, and the session after it is due again: only the newest refresh token is any good."""
        known = self._memory.get((realm.digest, session.id), self._clock())
        renewed = [each.session for each in (known, elsewhere) if isinstance(each, Renewed)]
        return max([session, *renewed], key=lambda each: each.generation)

    async def _talk(self, realm: Realm, session: Session, talk: Talk) -> Renewal:
        found = await talk(session)
        if isinstance(found, Session):
            renewal: Renewal = Renewed(found)
        else:
            renewal = after_failure(session, found, self._clock())
        self._remember(realm, session, renewal)
        return renewal

    def _remember(self, realm: Realm, session: Session, renewal: Renewal) -> None:
        self._memory.put((realm.digest, session.id), renewal, expires=self._clock() + _lifetime(renewal))


def _lifetime(renewal: Renewal | None) -> float:
    return RETRY_SECONDS if isinstance(renewal, Kept) else MEMORY_SECONDS
