"""The session: who logged in, with which tokens, until when; and its sealed form, which the browser keeps.

Pure. `expires_at` is absolute from login (SessionTimeout); `access_expires_at` is when a refresh falls due.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lb.authn.jsontext import dump_compact, parse_object
from lb.authn.realm import Realm
from lb.authn.tokens import Tokens
from lb.sealed import KeyRing, decode_text, encode_text

PURPOSE = "session"
MAX_LIFETIME = 604800
"""Seconds; no session outlives the longest SessionTimeout, whatever it says inside."""
_PLAIN, _PACKED = b"p", b"z"


@dataclass(frozen=True, slots=True)
class Session:
    """One login. `generation` counts its refreshes."""

    id: str
    claims: Mapping[str, Any] = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: int
    access_expires_at: int | None
    generation: int = 0

    @property
    def subject(self) -> str:
        """The user's `sub`."""
        return str(self.claims["sub"])

    def is_expired(self, now: float) -> bool:
        """Tell whether SessionTimeout has passed."""
        return now >= self.expires_at

    def needs_refresh(self, now: float) -> bool:
        """Tell whether the access token has expired and can be renewed."""
        return (
            self.refresh_token is not None
            and self.access_expires_at is not None
            and now >= self.access_expires_at
        )

    def refreshed(self, tokens: Tokens, claims: Mapping[str, Any], *, now: float) -> Session:
        """Return the session after a refresh; a provider that rotates sends a new refresh token."""
        return replace(
            self,
            claims=claims,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token or self.refresh_token,
            access_expires_at=access_expiry(tokens, now),
            generation=self.generation + 1,
        )


def access_expiry(tokens: Tokens, now: float) -> int | None:
    """Return when an access token just received expires, or None when the provider did not say."""
    return None if tokens.expires_in is None else int(now) + max(1, tokens.expires_in)


def spell_session(session: Session) -> bytes:
    """Spell `session` for sealing; `parse_session` reads it."""
    return dump_compact(
        [
            session.id,
            session.generation,
            session.expires_at,
            session.access_expires_at,
            session.access_token,
            session.refresh_token,
            session.claims,
        ]
    )


def seal_session(ring: KeyRing, realm: Realm, session: Session, *, now: float) -> bytes | None:
    """Seal `session` as a cookie value; None when four cookies do not hold it."""
    text = spell_session(session)
    payload = _PLAIN + text
    # Compressed only when it would not fit: a length that depends on content tells an observer something.
    if len(payload) > realm.cookie.capacity * 3 // 4 - 128:
        payload = _PACKED + zlib.compress(text, 6)
    value = encode_text(ring.seal(payload, purpose=PURPOSE, context=realm.digest, now=now))
    return value if len(value) <= realm.cookie.capacity else None


def open_session(ring: KeyRing, realm: Realm, text: bytes, *, now: float) -> Session | None:
    """Open joined cookies; None when it is damaged, foreign or sealed under a key that is gone.

    An expired session opens: the caller treats it differently from none.
    """
    value = realm.cookie.join(text)
    sealed = None if value is None else decode_text(value)
    if sealed is None:
        return None
    opened = ring.open(sealed, purpose=PURPOSE, context=realm.digest, now=now, max_age=MAX_LIFETIME)
    return None if opened is None else _parse(opened.payload)


def _parse(payload: bytes) -> Session | None:
    body = payload[1:]
    return parse_session(zlib.decompress(body) if payload[:1] == _PACKED else body)


def parse_session(text: bytes) -> Session | None:
    """Read what `spell_session` wrote; None for what a version wrote that did so differently."""
    document = parse_object(b'{"session":%b}' % text)
    match document:
        case {
            "session": [
                str(id_),
                int(generation),
                int(expires_at),
                int() | None as access_expires_at,
                str(access_token),
                str() | None as refresh_token,
                dict(claims),
            ]
        }:
            return Session(
                id_, claims, access_token, refresh_token, expires_at, access_expires_at, generation
            )
    # Sealed by us, but by a version that wrote sessions differently.
    return None
