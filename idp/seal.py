"""Secrets at rest: the instance key, sealing bound to a purpose, and keyed hashes.

Owns the key file and the only AES-GCM calls of the user pool. What is sealed for one purpose (a client's
secret, a pool's signing key, a sign-in session) opens for no other: the purpose is the associated data.
Short codes are hashed with a key, because six digits under a plain hash are found in a millisecond.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

KEY_BYTES = 32
NONCE_BYTES = 12
VERSION = b"\x01"


class SealBroken(ValueError):  # noqa: N818 - a state, said plainly
    """Something sealed does not open: another key, another purpose, or it was changed."""


class InsecureKeyFile(PermissionError):  # noqa: N818 - a state, said plainly
    """The key file can be read by others, or is not a key."""


class Vault:
    """Seals and opens under one instance key."""

    __slots__ = ("_cipher", "_mac_key")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the instance key must be {KEY_BYTES} bytes")
        self._cipher = AESGCM(_derive(key, b"albacore seal"))
        self._mac_key = _derive(key, b"albacore mac")

    def seal(self, plain: bytes, *, purpose: str) -> str:
        """Encrypt `plain` so that it opens for this purpose only; URL-safe text without padding."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return _to_text(VERSION + nonce + self._cipher.encrypt(nonce, plain, purpose.encode()))

    def open(self, sealed: str, *, purpose: str) -> bytes:
        """Decrypt what `seal` made; raises SealBroken."""
        try:
            raw = _from_text(sealed)
            if raw[:1] != VERSION:
                raise SealBroken("unknown version of a sealed value")
            nonce, body = raw[1 : 1 + NONCE_BYTES], raw[1 + NONCE_BYTES :]
            return self._cipher.decrypt(nonce, body, purpose.encode())
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise SealBroken(f"a sealed value does not open for {purpose.partition(':')[0]!r}") from error

    def seal_text(self, plain: str, *, purpose: str) -> str:
        """Seal a text."""
        return self.seal(plain.encode(), purpose=purpose)

    def open_text(self, sealed: str, *, purpose: str) -> str:
        """Open a sealed text; raises SealBroken."""
        return self.open(sealed, purpose=purpose).decode()

    def mac(self, purpose: str, *parts: str) -> str:
        """Hash `parts` under the instance key (HMAC-SHA256, hex), each with its length in front."""
        message = b"".join(len(data).to_bytes(4, "big") + data for data in _encode(purpose, *parts))
        return hmac.new(self._mac_key, message, hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return "Vault(***)"


def load_or_create_key(path: Path) -> bytes:
    """Read the instance key, making one (mode 0600) where there is none; raises InsecureKeyFile."""
    if not path.exists():
        _create_key(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise InsecureKeyFile(f"{path} can be read by others (mode {mode:04o}): run chmod 600 on it")
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise InsecureKeyFile(f"{path} is not an instance key: {KEY_BYTES} bytes expected, {len(key)} found")
    return key


def hash_token(token: str) -> str:
    """Hash a token of full entropy for keeping (SHA-256, hex)."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _create_key(path: Path) -> None:
    """Write a new key whole or not at all; of two processes racing, one key wins for both."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".instance-key-")  # mkstemp makes it 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        _link_new(draft, path)
    finally:
        Path(draft).unlink()


def _link_new(draft: str, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _derive(key: bytes, label: bytes) -> bytes:
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=label).derive(key)


def _encode(*parts: str) -> list[bytes]:
    return [part.encode("utf-8", "surrogatepass") for part in parts]


def _to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _from_text(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
