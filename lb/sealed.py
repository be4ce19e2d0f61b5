"""Sealed values: secrets that browsers keep for us (sessions, login states, login attempts).

Encrypt, then sign: AES-256-GCM around the payload, an itsdangerous time-stamped SHA-256 signature around
that. Purpose and context are associated data, so that a value sealed for one use opens for no other. A
`KeyRing` is a list of keys: the newest seals, all open. Nothing here knows cookies or sessions.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadSignature, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode, want_bytes

from lb import keyfiles

_log = logging.getLogger(__name__)

_VERSION = b"\x01"
_ID_BYTES = 4
_NONCE_BYTES = 12
_HEADER_BYTES = 1 + _ID_BYTES + _NONCE_BYTES
_FILE_HEADING = "# albacore key ring: the last key seals, all open. Keep it secret; copy it to every node.\n"
MIN_SECRET_LENGTH = 32
"""Characters; a shorter secret could be guessed offline from any cookie."""
MAX_CLOCK_SKEW = 300
"""Seconds by which another node's clock may run ahead of ours."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The payload of a sealed value and when it was sealed, in epoch seconds."""

    payload: bytes = field(repr=False)
    sealed_at: int


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be told about a key."""

    id: str
    created: str


class _Signer(TimestampSigner):
    """A time-stamping signer that is told the time and accepts one spelling of a signature only."""

    now = 0

    def get_timestamp(self) -> int:
        return self.now

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        # The last character of the base64 has two unused bits, which would let a changed value pass.
        return super().verify_signature(value, sig) and base64_encode(base64_decode(sig)) == want_bytes(sig)


class _Key:
    """One secret and what is derived from it: a key to encrypt, another to sign, a public name."""

    __slots__ = ("aead", "created", "id", "signing_secret")

    def __init__(self, secret: bytes, created: str) -> None:
        self.id = _derive(secret, b"albacore key id")[:_ID_BYTES]
        self.aead = AESGCM(_derive(secret, b"albacore encryption"))
        self.signing_secret = _derive(secret, b"albacore signature")
        self.created = created


class KeyRing:
    """The keys of a load balancer, oldest first. Every node that shares them opens the same sessions.

    A key may seal 2**32 values before random nonces become a worry: rotate long before that.
    """

    __slots__ = ("_by_id", "_keys", "_signing_secrets")

    def __init__(self, keys: Sequence[_Key]) -> None:
        if not keys:
            raise ValueError("a key ring needs at least one key")
        self._keys = tuple(keys)
        self._by_id = {key.id: key for key in self._keys}
        self._signing_secrets = [key.signing_secret for key in self._keys]

    @classmethod
    def from_secrets(cls, texts: Sequence[str]) -> KeyRing:
        """Make a ring of secrets from the configuration or the environment, newest last.

        Raises ValueError for a secret shorter than `MIN_SECRET_LENGTH` characters.
        """
        for text in texts:
            if len(text) < MIN_SECRET_LENGTH:
                raise ValueError(f"a session secret needs at least {MIN_SECRET_LENGTH} characters")
        return cls([_Key(text.encode(), "") for text in texts])

    @classmethod
    def load_or_create(cls, path: Path) -> KeyRing:
        """Read the ring at `path`, or make one with a fresh key (mode 0600, all at once)."""
        if not path.exists() and keyfiles.create_once(path, _FILE_HEADING + _new_line()):
            _log.info("created session keys at %s", path)
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Read the ring at `path`. Raises ValueError naming the line that is no key."""
        if keyfiles.is_exposed(path):
            _log.warning("%s can be read by other users of this machine: chmod 600 it", path)
        return cls([_parse_line(line, path, number) for number, line in _key_lines(path)])

    def describe(self) -> tuple[KeyInfo, ...]:
        """List the keys, oldest first; the last one seals."""
        return tuple(KeyInfo(key.id.hex(), key.created) for key in self._keys)

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(info.id for info in self.describe())})"

    def seal(self, payload: bytes, *, purpose: str, context: bytes = b"", now: float) -> bytes:
        """Encrypt and sign `payload` for one purpose and context; the result is binary."""
        key = self._keys[-1]
        nonce = secrets.token_bytes(_NONCE_BYTES)
        ciphertext = key.aead.encrypt(nonce, payload, _associated(purpose, context))
        return self._signer(purpose, now).sign(b"".join((_VERSION, key.id, nonce, ciphertext)))

    def open(
        self,
        sealed: bytes,
        *,
        purpose: str,
        context: bytes = b"",
        now: float,
        max_age: float | None = None,
    ) -> Opened | None:
        """Check and decrypt what `seal` gave; None when forged, damaged, foreign or older than `max_age`."""
        try:
            body, signed = self._signer(purpose, now).unsign(sealed, return_timestamp=True)
        except BadSignature:
            return None
        sealed_at = int(signed.timestamp())
        # Not itsdangerous' own max_age: it refuses values from a node whose clock is a second ahead.
        if sealed_at > now + MAX_CLOCK_SKEW or (max_age is not None and now - sealed_at > max_age):
            return None
        payload = self._decrypt(body, _associated(purpose, context))
        return None if payload is None else Opened(payload, sealed_at)

    def _decrypt(self, body: bytes, associated: bytes) -> bytes | None:
        key = self._by_id.get(body[1 : 1 + _ID_BYTES])
        if key is None or body[:1] != _VERSION:
            return None
        try:
            return key.aead.decrypt(body[1 + _ID_BYTES : _HEADER_BYTES], body[_HEADER_BYTES:], associated)
        except (InvalidTag, ValueError):
            return None

    def _signer(self, purpose: str, now: float) -> _Signer:
        signer = _Signer(
            self._signing_secrets,
            salt=f"albacore {purpose}",
            key_derivation="hmac",
            digest_method=hashlib.sha256,
        )
        signer.now = int(now)
        return signer


def rotate_key_file(path: Path, *, keep: int = 3) -> KeyRing:
    """Add a fresh key to the ring at `path`, dropping the oldest beyond `keep`; give the new ring.

    Copy the file to every node before any of them seals with the new key, or their sessions open here only.
    """
    lines = [line for _, line in _key_lines(path)] + [_new_line().rstrip("\n")]
    keyfiles.replace(path, _FILE_HEADING + "".join(f"{line}\n" for line in lines[-keep:]))
    return KeyRing.load(path)


def encode_text(sealed: bytes) -> bytes:
    """Spell a sealed value in the plain base64 alphabet, as ALB's cookies are (`A-Za-z0-9+/=`)."""
    return base64.b64encode(sealed)


def decode_text(text: bytes) -> bytes | None:
    """Undo `encode_text`; None for anything that it would not have written."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # Unused bits of the last character decode to nothing: a changed text must not pass for the same value.
    return octets if base64.b64encode(octets) == text else None


def _associated(purpose: str, context: bytes) -> bytes:
    # Length first: no purpose can run into a context.
    name = purpose.encode()
    return len(name).to_bytes(2, "big") + name + context


def _derive(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)


def _new_line() -> str:
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{created} {base64.b64encode(secrets.token_bytes(32)).decode()}\n"


def _key_lines(path: Path) -> list[tuple[int, str]]:
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return [(number, line.strip()) for number, line in lines if line.strip() and not line.startswith("#")]


def _parse_line(line: str, path: Path, number: int) -> _Key:
    created, _, text = line.rpartition(" ")
    secret = decode_text(text.encode())
    if secret is None or len(secret) < MIN_SECRET_LENGTH:
        # The line itself stays out of the message: it may be a mistyped key.
        raise ValueError(f"{path}:{number}: not a key (a time, a space and 32 bytes in base64)")
    return _Key(secret, created)
