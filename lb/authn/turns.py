"""Turns at refreshing a session among processes, and how the last refresh ended, sealed.

A provider that rotates refresh tokens without a grace takes the second use of one for theft, and ends the
session for everybody. So only one process talks to it at a time, and the next one starts from what the first
one got. What is handed on is sealed under the key ring that all of them share and bound to realm and session:
whoever keeps it in between (`TurnDesk`) never holds a token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, Protocol

from lb.authn.jsontext import dump_compact, parse_object
from lb.authn.realm import Realm
from lb.authn.refresh import Ended, Kept, Renewal, Renewed
from lb.authn.session import parse_session, spell_session
from lb.reasons import Reason
from lb.sealed import KeyRing, decode_text, encode_text

PURPOSE: Final = "renewal"
MAX_AGE: Final = 600
"""Seconds; no process needs to know of a refresh for longer."""
_RENEWED, _KEPT, _ENDED = b"r", b"k", b"e"


class TurnDesk(Protocol):
    """Hands out turns by key, and keeps texts that it cannot read."""

    async def take(self, key: str) -> str | None:
        """Wait for the turn at `key`; returns the text that is kept under it."""
        ...

    def settle(self, key: str, text: str | None, seconds: float) -> None:
        """Give the turn back; a `text` replaces what is kept, for so many seconds."""
        ...


class SealedTurns:
    """Turns at a desk of strangers."""

    def __init__(self, desk: TurnDesk, *, keys: Callable[[], KeyRing], clock: Callable[[], float]) -> None:
        self._desk = desk
        self._keys = keys
        self._clock = clock

    async def take(self, realm: Realm, session_id: str) -> Renewal | None:
        """Wait for the turn; returns how the last refresh ended, None also for what does not open here."""
        text = await self._desk.take(_key(realm, session_id))
        if text is None:
            return None
        return open_renewal(self._keys(), realm, session_id, text, now=self._clock())

    def settle(self, realm: Realm, session_id: str, renewal: Renewal | None, seconds: float) -> None:
        """Give the turn back."""
        text = None
        if renewal is not None:
            text = seal_renewal(self._keys(), realm, session_id, renewal, now=self._clock())
        self._desk.settle(_key(realm, session_id), text, seconds)


def seal_renewal(ring: KeyRing, realm: Realm, session_id: str, renewal: Renewal, *, now: float) -> str:
    """Seal how a refresh ended."""
    match renewal:
        case Ended(reason, generation):
            payload = _ENDED + dump_compact([reason.name, generation])
        case Renewed(session):
            payload = _RENEWED + spell_session(session)
        case Kept(session):
            payload = _KEPT + spell_session(session)
    sealed = ring.seal(payload, purpose=PURPOSE, context=_context(realm, session_id), now=now)
    return encode_text(sealed).decode("ascii")


def open_renewal(ring: KeyRing, realm: Realm, session_id: str, text: str, *, now: float) -> Renewal | None:
    """Open what `seal_renewal` sealed; None for another session's, or under a key that is not here."""
    sealed = decode_text(text.encode("ascii", "replace"))
    if sealed is None:
        return None
    context = _context(realm, session_id)
    opened = ring.open(sealed, purpose=PURPOSE, context=context, now=now, max_age=MAX_AGE)
    return None if opened is None else _parse(opened.payload)


def _parse(payload: bytes) -> Renewal | None:
    kind, text = payload[:1], payload[1:]
    if kind == _ENDED:
        match parse_object(b'{"ended":%b}' % text):
            case {"ended": [str(name), int(generation)]} if name in Reason.__members__:
                return Ended(Reason[name], generation)
        return None
    session = parse_session(text)
    if session is None:
        return None
    return Renewed(session) if kind == _RENEWED else Kept(session)


def _context(realm: Realm, session_id: str) -> bytes:
    return realm.digest + session_id.encode()


def _key(realm: Realm, session_id: str) -> str:
    return hashlib.sha256(_context(realm, session_id)).hexdigest()
