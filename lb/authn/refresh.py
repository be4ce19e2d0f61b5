"""Renewing a session when its access token has expired (alb.md 3.6).

One refresh for all requests of a session, and a short memory of how it ended, so that requests which still
carry the old cookie neither spend a rotated refresh token a second time nor hammer the provider. A provider
that says no ends the session. One that does not answer ends it only after a grace: an outage must not log
everybody out at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

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

    __slots__ = ("_clock", "_flights", "_memory")

    def __init__(self, *, clock: Callable[[], float], flights: SingleFlight) -> None:
        self._clock = clock
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
        renewal: Renewal = await self._flights.run(("refresh", *key), lambda: self._renew(key, session, talk))
        return renewal

    async def _renew(self, key: tuple[bytes, str], session: Session, talk: Talk) -> Renewal:
        known = self._memory.get(key, self._clock())
        if isinstance(known, Renewed) and known.session.generation > session.generation:
            # An old cookie, and the session after it is due again: only the newest refresh token is any good.
            session = known.session
        found = await talk(session)
        now = self._clock()
        renewal = Renewed(found) if isinstance(found, Session) else after_failure(session, found, now)
        seconds = RETRY_SECONDS if isinstance(renewal, Kept) else MEMORY_SECONDS
        self._memory.put(key, renewal, expires=now + seconds)
        return renewal
