"""The ES256 keys that sign identity tokens: one set per load balancer, named by UUIDs, kept in a file of mode
0600.

The newest key signs; older ones stay published so that tokens signed just before a rotation still verify.
Targets fetch a key as PEM by kid, as from AWS's regional endpoint, or all of them as a JWK set.
"""

from __future__ import annotations

import base64
import json
import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from lb import keyfiles

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One P-256 key pair. `created` is in epoch seconds."""

    kid: str
    private: ec.EllipticCurvePrivateKey = field(repr=False)
    created: int

    @classmethod
    def generate(cls, now: float) -> SigningKey:
        """Make a fresh pair."""
        return cls(str(uuid.uuid4()), ec.generate_private_key(ec.SECP256R1()), int(now))

    @property
    def public_pem(self) -> str:
        """SubjectPublicKeyInfo in PEM, as AWS serves it."""
        spki = self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return spki.decode()

    @property
    def jwk(self) -> dict[str, str]:
        """The public half as a JWK (RFC 7517)."""
        numbers = self.private.public_key().public_numbers()
        x, y = (_base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.kid, "use": "sig", "alg": "ES256"}


class SigningKeys:
    """All signing keys, oldest first; the last one signs."""

    __slots__ = ("_jwks", "_keys", "_pems")

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        if not keys:
            raise ValueError("at least one signing key is needed")
        self._keys = tuple(keys)
        self._pems = {key.kid: key.public_pem for key in self._keys}
        self._jwks = {"keys": [key.jwk for key in self._keys]}

    @classmethod
    def generate(cls, now: float | None = None) -> SigningKeys:
        """Make a set of one fresh key that no file keeps."""
        return cls([SigningKey.generate(time.time() if now is None else now)])

    @classmethod
    def load_or_create(cls, path: Path) -> SigningKeys:
        """Read the keys at `path`, or make the file with one fresh key."""
        if not path.exists() and keyfiles.create_once(path, _dump(cls.generate()._keys)):
            _log.info("created identity signing keys at %s", path)
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> SigningKeys:
        """Read the keys at `path`. Raises ValueError when it holds anything else."""
        if keyfiles.is_exposed(path):
            _log.warning("%s can be read by other users of this machine: chmod 600 it", path)
        try:
            return cls([_parse(entry) for entry in json.loads(path.read_text(encoding="utf-8"))["keys"]])
        except (ValueError, KeyError, TypeError) as problem:
            # The cause may quote the file's text, which is secret.
            raise ValueError(f"{path} holds no signing keys ({type(problem).__name__})") from None

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self._keys[-1]

    def public_pem(self, kid: str) -> str | None:
        """Return the public key named `kid` in PEM."""
        return self._pems.get(kid)

    def jwks(self) -> dict[str, Any]:
        """Return all public keys as a JWK set."""
        return self._jwks

    def describe(self) -> tuple[tuple[str, int], ...]:
        """List (kid, created), oldest first."""
        return tuple((key.kid, key.created) for key in self._keys)

    def __repr__(self) -> str:
        return f"SigningKeys({', '.join(self._pems)})"


def rotate_signing_keys(path: Path, *, now: float, keep: int = 3) -> SigningKeys:
    """Add a fresh key to the file at `path`, dropping the oldest beyond `keep`; give the new set."""
    keys = (*SigningKeys.load(path)._keys, SigningKey.generate(now))[-keep:]
    keyfiles.replace(path, _dump(keys))
    return SigningKeys(keys)


def _dump(keys: Sequence[SigningKey]) -> str:
    entries = [{"kid": key.kid, "created": key.created, "pem": _private_pem(key)} for key in keys]
    return json.dumps({"keys": entries}, indent=1) + "\n"


def _private_pem(key: SigningKey) -> str:
    return key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _parse(entry: dict[str, Any]) -> SigningKey:
    private = load_pem_private_key(entry["pem"].encode(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
        raise ValueError("not a P-256 key")
    return SigningKey(str(uuid.UUID(entry["kid"])), private, int(entry["created"]))


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
