"""Key sets of token issuers: parse them (pure), fetch them, keep them.

Bounded in size and number (jwt-validation: 150 KB and 10 keys, alb.md 4), fetched once for all who wait,
refetched for an unknown kid at most every few seconds, and kept in use while the issuer cannot be reached.
Only asymmetric signing keys are taken: a key set can never make a public key serve as an HMAC secret.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import jwt

from lb.authn.jsontext import parse_object
from lb.authn.sender import Call, HttpSender, Reply, SendFailure
from lb.authn.single_flight import SingleFlight

_log = logging.getLogger(__name__)

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_EC = {"P-256": ("ES256",), "P-384": ("ES384",), "P-521": ("ES512",)}
_OKP = {"Ed25519": ("EdDSA",), "Ed448": ("EdDSA",)}
ALGORITHMS = frozenset((*_RSA, "ES256", "ES384", "ES512", "EdDSA"))
"""What may sign an ID token. Never `none`, never HS*."""
MIN_RSA_BITS = 2048
FRESH_SECONDS = 600
STALE_SECONDS = 86400
"""How long keys serve while the issuer cannot be reached."""
RETRY_SECONDS = 10
"""Least time between two fetches of one set, whatever tokens ask for."""


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public key and the algorithms that it may verify."""

    kid: str | None
    key: Any
    algorithms: frozenset[str]


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of one document."""

    keys: tuple[VerifyKey, ...]

    def find(self, kid: str | None, algorithm: str) -> VerifyKey | None:
        """Return the key for a token's header; without a kid only when there is no doubt which."""
        fitting = [key for key in self.keys if algorithm in key.algorithms]
        named = [key for key in fitting if key.kid == kid]
        if named and kid is not None:
            return named[0]
        return fitting[0] if kid is None and len(fitting) == 1 else None


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """Bounds of a key set document."""

    max_bytes: int = 256 * 1024
    max_keys: int = 50


JWT_VALIDATION_LIMITS = KeyLimits(150 * 1024, 10)


class KeysFailure(Enum):
    """Why there is no key set."""

    TIMEOUT = "timeout"
    FAILED = "failed"
    TOO_LARGE = "too large"


def parse_key_set(body: bytes, limits: KeyLimits) -> KeySet | KeysFailure:
    """Read a JWK set (RFC 7517), leaving out keys that cannot verify signatures."""
    document = parse_object(body)
    entries = None if document is None else document.get("keys")
    if not isinstance(entries, list):
        return KeysFailure.FAILED
    if len(entries) > limits.max_keys:
        return KeysFailure.TOO_LARGE
    parsed = (_parse_key(entry) for entry in entries if isinstance(entry, dict))
    return KeySet(tuple(key for key in parsed if key is not None))


def _parse_key(entry: Mapping[str, Any]) -> VerifyKey | None:
    algorithms = _algorithms(entry)
    if not algorithms or entry.get("use", "sig") != "sig":
        return None
    # The private half, should an issuer publish it by mistake, is not read.
    public = {name: entry[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in entry}
    try:
        key = jwt.PyJWK(public, algorithm=min(algorithms)).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if entry["kty"] == "RSA" and key.key_size < MIN_RSA_BITS:
        return None
    kid = entry.get("kid")
    return VerifyKey(kid if isinstance(kid, str) else None, key, algorithms)


def _algorithms(entry: Mapping[str, Any]) -> frozenset[str]:
    kinds: dict[Any, Mapping[Any, tuple[str, ...]]] = {"EC": _EC, "OKP": _OKP}
    kty, curve = entry.get("kty"), entry.get("crv")
    if not isinstance(kty, str) or not isinstance(curve, str | None):
        return frozenset()
    possible = _RSA if kty == "RSA" else kinds.get(kty, {}).get(curve, ())
    named = entry.get("alg")
    return frozenset(name for name in possible if named is None or name == named)


class KeySource:
    """The key set at one URL, kept."""

    __slots__ = ("_app", "_fetched", "_flights", "_keys", "_limits", "_sender", "_tried", "url")

    def __init__(
        self,
        url: str,
        *,
        sender: HttpSender,
        flights: SingleFlight,
        limits: KeyLimits | None = None,
        app: object | None = None,
    ) -> None:
        self.url = url
        self._sender = sender
        self._flights = flights
        self._limits = limits or KeyLimits()
        self._app = app
        self._keys: KeySet | None = None
        self._fetched = 0.0
        self._tried = 0.0

    def current(self, now: float) -> KeySet | None:
        """Return keys that may be used without asking again; None when `fetch` is due."""
        if self._keys is None:
            return None
        age = now - self._fetched
        usable = 0 <= age < FRESH_SECONDS or (not self.may_refetch(now) and age < STALE_SECONDS)
        return self._keys if usable else None

    def may_refetch(self, now: float) -> bool:
        """Tell whether an unknown kid may cause a fetch: a flood of forged kids must not reach the issuer."""
        # A clock that was ahead and is put right must not rest until it gets there again.
        return not 0 <= now - self._tried < RETRY_SECONDS

    async def fetch(self, now: float) -> KeySet | KeysFailure:
        """Fetch the set, once for all who ask meanwhile; the old one where that fails and it is not too
        old."""
        found: KeySet | KeysFailure = await self._flights.run(("jwks", id(self)), lambda: self._fetch(now))
        return found

    async def _fetch(self, now: float) -> KeySet | KeysFailure:
        self._tried = now
        reply = await self._sender.send(
            Call("GET", self.url, app=self._app, max_bytes=self._limits.max_bytes)
        )
        found = self._accept(reply)
        if isinstance(found, KeySet):
            self._keys, self._fetched = found, now
            return found
        _log.warning("no keys from %s: %s", self.url, found.value)
        if self._keys is not None and now - self._fetched < STALE_SECONDS:
            return self._keys
        return found

    def _accept(self, reply: Reply | SendFailure) -> KeySet | KeysFailure:
        match reply:
            case SendFailure.TIMEOUT:
                return KeysFailure.TIMEOUT
            case SendFailure.TOO_LARGE:
                return KeysFailure.TOO_LARGE
            case Reply(status=200):
                return parse_key_set(reply.body, self._limits)
        return KeysFailure.FAILED
