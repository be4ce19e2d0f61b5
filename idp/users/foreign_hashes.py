"""Password hashes that other systems made: read at import, checked at the first sign-in, then replaced.

The formats are those of the service's user import (cognito.md 5.8), and Firebase's own scrypt. What one check
costs is capped when a hash is read: a file must not be able to make every later sign-in slow. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import argon2
import bcrypt
from argon2.exceptions import InvalidHashError
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

SCRYPT: Final = "$scrypt-hex$"
PBKDF2: Final = "$pbkdf2-sha256$"
FIREBASE: Final = "$firebase-scrypt$"
_BCRYPT: Final = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_PBKDF2: Final = re.compile(r"\$pbkdf2-sha256\$(\d{1,7})\$([./+A-Za-z0-9=]{1,128})\$([./+A-Za-z0-9=]{43,44})")
_SCRYPT: Final = re.compile(r"(\d{1,6})\$(\d{1,2})\$(\d{1,2})\$([0-9a-fA-F]{2,128})\$([0-9a-fA-F]{32,128})")
_ARGON2: Final = re.compile(
    r"\$argon2id\$v=19\$m=\d{1,6},t=\d{1,2},p=\d{1,2}\$[+/A-Za-z0-9]+\$[+/A-Za-z0-9]+"
)
BCRYPT_BYTES: Final = 72
"""bcrypt looks at no more of a password; what made the hash cut it there, too."""
MOST_BCRYPT, MOST_PBKDF2, MOST_SCRYPT_N, MOST_SCRYPT_R = 12, 600_000, 65_536, 8
MOST_ARGON2_KIB, MOST_ARGON2_PASSES = 19_456, 2
SCRYPT_MEMORY: Final = 128 * 1024 * 1024


class UnfitHash(ValueError):  # noqa: N818 - a state, said plainly
    """A hash of another form than its algorithm's, or of too high a cost; the text repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class FirebaseKey:
    """The parameters that a Firebase project hashes all passwords with."""

    signer_key: str = field(repr=False)
    salt_separator: str
    rounds: int
    mem_cost: int


def read_hash(algorithm: str, text: str) -> str:
    """Return what is kept of a hash in an import file; raises UnfitHash."""
    return _READERS[algorithm](text)


def read_firebase(key: FirebaseKey, password_hash: str, salt: str) -> str:
    """Return what is kept of a user of a Firebase export; raises UnfitHash."""
    if not (1 <= key.rounds <= MOST_SCRYPT_R and 1 <= key.mem_cost <= 14):
        raise UnfitHash("rounds must be at most 8 and mem_cost at most 14")
    parts = [_from_base64(part) for part in (key.salt_separator, key.signer_key, salt, password_hash)]
    spelled = [base64.b64encode(part).decode() for part in parts]
    return FIREBASE + "$".join((str(key.rounds), str(key.mem_cost), *spelled))


def is_foreign(kept: str) -> bool:
    """Whether a kept hash is one that argon2 does not know."""
    return not kept.startswith("$argon2")


def matches(kept: str, password: bytes) -> bool:
    """Whether a password is the one that a foreign hash was made of."""
    check = next((check for prefix, check in _CHECKS.items() if kept.startswith(prefix)), None)
    return check is not None and check(kept, password)


def _read_bcrypt(text: str) -> str:
    match = _BCRYPT.fullmatch(text)
    if match is None or not 4 <= int(match[1]) <= MOST_BCRYPT:
        raise UnfitHash(f"not a bcrypt hash of cost 4 to {MOST_BCRYPT}")
    return text


def _read_argon2(text: str) -> str:
    try:
        found = argon2.extract_parameters(text) if _ARGON2.fullmatch(text) else None
    except InvalidHashError:
        found = None
    if (
        found is None
        or found.memory_cost > MOST_ARGON2_KIB
        or not 1 <= found.time_cost <= MOST_ARGON2_PASSES
        or found.parallelism != 1
    ):
        raise UnfitHash("not an argon2id hash of at most m=19456, t=2, p=1")
    return text


def _read_pbkdf2(text: str) -> str:
    match = _PBKDF2.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= MOST_PBKDF2:
        raise UnfitHash(f"not a $pbkdf2-sha256$ hash of at most {MOST_PBKDF2} iterations")
    return text


def _read_scrypt(text: str) -> str:
    match = _SCRYPT.fullmatch(text)
    if match is not None and len(match[4]) % 2 == 0 and len(match[5]) % 2 == 0:
        n, r, p = int(match[1]), int(match[2]), int(match[3])
        if 2 <= n <= MOST_SCRYPT_N and n & (n - 1) == 0 and 1 <= r <= MOST_SCRYPT_R and p == 1:
            return SCRYPT + text
    raise UnfitHash("not N$r$p$salt$hash in hexadecimal with N to 65536, r to 8 and p of 1")


_READERS: Final[Mapping[str, Callable[[str], str]]] = {
    "BCRYPT": _read_bcrypt,
    "ARGON2ID": _read_argon2,
    "PBKDF2_SHA256": _read_pbkdf2,
    "SCRYPT": _read_scrypt,
}


def _check_bcrypt(kept: str, password: bytes) -> bool:
    return b"\x00" not in password and bcrypt.checkpw(password[:BCRYPT_BYTES], kept.encode())


def _check_pbkdf2(kept: str, password: bytes) -> bool:
    iterations, salt, wanted = kept.removeprefix(PBKDF2).split("$")
    made = hashlib.pbkdf2_hmac("sha256", password, _from_base64(salt), int(iterations))
    return hmac.compare_digest(made, _from_base64(wanted))


def _check_scrypt(kept: str, password: bytes) -> bool:
    n, r, p, salt, wanted = kept.removeprefix(SCRYPT).split("$")
    expected = bytes.fromhex(wanted)
    made = hashlib.scrypt(
        password,
        salt=bytes.fromhex(salt),
        n=int(n),
        r=int(r),
        p=int(p),
        maxmem=SCRYPT_MEMORY,
        dklen=len(expected),
    )
    return hmac.compare_digest(made, expected)


def _check_firebase(kept: str, password: bytes) -> bool:
    rounds, mem_cost, *texts = kept.removeprefix(FIREBASE).split("$")
    separator, signer, salt, wanted = map(_from_base64, texts)
    key = hashlib.scrypt(
        password,
        salt=salt + separator,
        n=1 << int(mem_cost),
        r=int(rounds),
        p=1,
        maxmem=SCRYPT_MEMORY,
        dklen=32,
    )
    encryptor = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()
    return hmac.compare_digest(encryptor.update(signer) + encryptor.finalize(), wanted)


_CHECKS: Final[Mapping[str, Callable[[str, bytes], bool]]] = {
    "$2": _check_bcrypt,
    PBKDF2: _check_pbkdf2,
    SCRYPT: _check_scrypt,
    FIREBASE: _check_firebase,
}


def _from_base64(text: str) -> bytes:
    """Read base64 in any of its spellings: passlib's dots, URL-safe, with or without padding."""
    spelled = text.replace(".", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(spelled + "=" * (-len(spelled) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnfitHash("not base64") from error
