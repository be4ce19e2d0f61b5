"""Hashes of other systems, made by other libraries."""

import base64
import hashlib
import subprocess

import argon2
import bcrypt
import pytest

from idp.users.foreign_hashes import FirebaseKey, UnfitHash, is_foreign, matches, read_firebase, read_hash
from idp.users.passwords import HashCost, PasswordHasher

WORD = "Correct-Horse-9 ü"
RAW = WORD.encode()
SALT = bytes.fromhex("00112233445566778899aabbccddeeff")
# The sample that Firebase publishes with its own implementation.
FIREBASE = FirebaseKey(
    "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
    "Bw==",
    8,
    14,
)
FIREBASE_HASH = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="


def openssl_pbkdf2(iterations: int) -> str:
    """A hash that OpenSSL made, spelled as passlib spells it."""
    options = (f"pass:{WORD}", f"hexsalt:{SALT.hex()}", f"iter:{iterations}", "digest:SHA256")
    arguments = [part for option in options for part in ("-kdfopt", option)]
    made = subprocess.run(
        ["openssl", "kdf", "-keylen", "32", *arguments, "-binary", "PBKDF2"], check=True, capture_output=True
    ).stdout
    salt, digest = (base64.b64encode(part).decode().rstrip("=").replace("+", ".") for part in (SALT, made))
    return f"$pbkdf2-sha256${iterations}${salt}${digest}"


def openssl_scrypt(n: int) -> str:
    options = (f"pass:{WORD}", f"hexsalt:{SALT.hex()}", f"n:{n}", "r:8", "p:1")
    arguments = [part for option in options for part in ("-kdfopt", option)]
    made = subprocess.run(
        ["openssl", "kdf", "-keylen", "32", *arguments, "-binary", "SCRYPT"], check=True, capture_output=True
    ).stdout
    return f"{n}$8$1${SALT.hex()}${made.hex()}"


@pytest.mark.parametrize(
    ("algorithm", "text"),
    [
        ("BCRYPT", bcrypt.hashpw(RAW, bcrypt.gensalt(4)).decode()),
        ("BCRYPT", bcrypt.hashpw(RAW, bcrypt.gensalt(4)).decode().replace("$2b$", "$2a$")),
        ("PBKDF2_SHA256", openssl_pbkdf2(1000)),
        ("SCRYPT", openssl_scrypt(1024)),
    ],
    ids=["bcrypt", "bcrypt-2a", "pbkdf2", "scrypt"],
)
def test_only_the_right_password_fits(algorithm: str, text: str) -> None:
    kept = read_hash(algorithm, text)
    assert is_foreign(kept)
    assert len(kept) <= 512
    assert matches(kept, RAW)
    assert not matches(kept, RAW + b"x")
    assert not matches(kept, b"")


def test_firebases_own_sample_fits() -> None:
    kept = read_firebase(FIREBASE, FIREBASE_HASH, "42xEC+ixf3L2lw==")
    assert len(kept) <= 512
    assert matches(kept, b"user1password")
    assert not matches(kept, b"user2password")
    assert FIREBASE.signer_key not in repr(FIREBASE)


def test_bcrypt_looks_at_72_bytes_as_what_made_the_hash_did() -> None:
    kept = read_hash("BCRYPT", bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode())
    assert matches(kept, b"x" * 100)
    assert not matches(kept, b"x" * 71)
    assert not matches(kept, b"x\x00" + b"x" * 72)


async def test_an_argon2id_hash_is_checked_and_outdated() -> None:
    made = argon2.PasswordHasher(1, 1024, 1).hash(WORD)
    kept = read_hash("ARGON2ID", made)
    hasher = PasswordHasher(HashCost(8, 1))
    assert await hasher.verify(kept, WORD)
    assert hasher.is_outdated(kept)
    hasher.close()


async def test_a_foreign_hash_costs_no_less_than_an_unknown_name() -> None:
    hasher = PasswordHasher(HashCost(8, 1))
    kept = read_hash("BCRYPT", bcrypt.hashpw(RAW, bcrypt.gensalt(4)).decode())
    assert await hasher.verify(kept, WORD)
    assert not await hasher.verify(kept, "other")
    assert hasher.is_outdated(kept)
    hasher.close()


@pytest.mark.parametrize(
    ("algorithm", "text"),
    [
        ("BCRYPT", "$2b$13$" + "a" * 53),
        ("BCRYPT", "$2b$31$" + "a" * 53),
        ("BCRYPT", "$2b$04$short"),
        ("BCRYPT", "$2x$04$" + "a" * 53),
        ("SCRYPT", f"131072$8$1${'ab' * 16}${'cd' * 32}"),
        ("SCRYPT", f"1000$8$1${'ab' * 16}${'cd' * 32}"),
        ("SCRYPT", f"1024$9$1${'ab' * 16}${'cd' * 32}"),
        ("SCRYPT", f"1024$8$2${'ab' * 16}${'cd' * 32}"),
        ("SCRYPT", f"1024$8$1${'ab' * 16}$"),
        ("PBKDF2_SHA256", f"$pbkdf2-sha256$600001$AAAA${'A' * 43}"),
        ("PBKDF2_SHA256", f"$pbkdf2-sha256$0$AAAA${'A' * 43}"),
        ("PBKDF2_SHA256", "$pbkdf2-sha256$10$AAAA$AA"),
        ("ARGON2ID", "$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"),
        ("ARGON2ID", "$argon2id$v=19$m=1024,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"),
        ("ARGON2ID", "$argon2id$v=19$m=1024,t=2,p=4$c2FsdHNhbHQ$aGFzaGhhc2g"),
        ("ARGON2ID", "$argon2i$v=19$m=1024,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"),
        ("ARGON2ID", "plain"),
    ],
)
def test_costly_and_malformed_hashes_are_refused(algorithm: str, text: str) -> None:
    with pytest.raises(UnfitHash) as refusal:
        read_hash(algorithm, text)
    assert text not in str(refusal.value)


def test_a_hash_of_another_kind_never_fits() -> None:
    assert not matches("", RAW)
    assert not matches(hashlib.sha256(RAW).hexdigest(), RAW)
