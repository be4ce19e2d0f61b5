"""SRP-6a as Cognito speaks it: the 3072-bit group, SHA-256, and Cognito's own padding (cognito.md 4.3, 4.11).

Pure mathematics for users (pool name, username) and devices (group key, device key); who may try, and what
is remembered between the two messages, is not decided here. All exponents have 256 bits. A power takes
about 15 ms in plain Python and 2 with gmpy2, which then also works in constant time and without the
interpreter's lock: run it in threads either way (`PasswordHasher.run`), the plain one is done in small steps
so that other threads get their turn.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

try:
    import gmpy2
except ModuleNotFoundError:  # the extra `albacore[srp]`; everything works without it, slower
    gmpy2 = None

N: Final = int(
    # RFC 3526 group 15, which RFC 5054 uses as its 3072-bit group.
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33"
    "A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864"
    "D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2"
    "08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G: Final = 2
SALT_BYTES: Final = 16
SECRET_BITS: Final = 256
KEY_BYTES: Final = 16
CLOCK_SKEW: Final = 300.0
"""How far a client's TIMESTAMP may be from our clock, in seconds."""
_INFO: Final = b"Caldera Derived Key"
_HEX: Final = re.compile(r"[0-9a-fA-F]{1,780}")
_TIMESTAMP: Final = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) (\d{1,2}) (\d{2}):(\d{2}):(\d{2}) UTC (\d{4})"
)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who proves something: a user of a pool, or a device of a group."""

    realm: str
    """The part of the pool's id after the underscore, or the DeviceGroupKey."""
    name: str
    """USER_ID_FOR_SRP, or the DeviceKey."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """What is kept instead of a password: v = g^x, and the salt that went into x."""

    salt: int
    value: int = field(repr=False)


def user_identity(pool_id: str, username: str) -> Identity:
    """Name a user of a pool for SRP."""
    return Identity(pool_id.partition("_")[2], username)


def pad(number: int) -> bytes:
    """Spell a number as Java's BigInteger does: as few bytes as keep its top bit clear."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def hash_number(*parts: bytes) -> int:
    """Hash bytes to a number with SHA-256."""
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


K: Final = hash_number(pad(N), pad(G))


def derive_x(identity: Identity, password: str, salt: int) -> int:
    """Compute x, the secret exponent of a password."""
    inner = hashlib.sha256(f"{identity.realm}{identity.name}:{password}".encode("utf-8", "surrogatepass"))
    return hash_number(pad(salt), inner.digest())


def make_verifier(identity: Identity, password: str, salt: int | None = None) -> Verifier:
    """Make the verifier of a password, with a salt of its own; costs one power."""
    salt = int.from_bytes(secrets.token_bytes(SALT_BYTES), "big") if salt is None else salt
    return Verifier(salt, power(G, derive_x(identity, password, salt)))


def draw_secret() -> int:
    """Draw the server's ephemeral secret b."""
    return secrets.randbits(SECRET_BITS) | 1 << (SECRET_BITS - 1)


def public_value(verifier: Verifier, secret: int) -> int:
    """Compute B = k*v + g^b; costs one power."""
    return (K * verifier.value + power(G, secret)) % N


def derive_key(verifier: Verifier, secret: int, *, client_value: int, server_value: int) -> bytes:
    """Compute the key that both sides share if the password was right; costs two powers."""
    scramble = hash_number(pad(client_value), pad(server_value))
    shared = power(client_value * power(verifier.value, scramble) % N, secret)
    extracted = hmac.new(pad(scramble), pad(shared), hashlib.sha256).digest()
    return hmac.new(extracted, _INFO + b"\x01", hashlib.sha256).digest()[:KEY_BYTES]


def sign_claim(key: bytes, identity: Identity, *, block: bytes, timestamp: str) -> str:
    """Compute PASSWORD_CLAIM_SIGNATURE over the raw bytes of the secret block."""
    head = f"{identity.realm}{identity.name}".encode("utf-8", "surrogatepass")
    message = head + block + timestamp.encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def is_signature(expected: str, given: str) -> bool:
    """Compare two signatures in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))


def parse_client_value(text: str) -> int | None:
    """Read SRP_A; None for what is no hex number of this group.

    A multiple of N would make the shared secret 0 whatever the password is.
    """
    if not _HEX.fullmatch(text):
        return None
    number = int(text, 16)
    return number if number < N**2 and number % N else None


def parse_block(text: str) -> bytes | None:
    """Read PASSWORD_CLAIM_SECRET_BLOCK, or None."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def parse_timestamp(text: str) -> float | None:
    """Read TIMESTAMP (`Tue Nov 3 01:02:03 UTC 2026`) as Unix seconds, or None."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None or found[1] not in _MONTHS:
        return None
    day, hour, minute, second, year = (int(found[group]) for group in range(2, 7))
    try:
        return datetime(year, _MONTHS.index(found[1]) + 1, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def power(base: int, exponent: int) -> int:
    """Compute base^exponent mod N."""
    return _power_in_steps(base, exponent) if gmpy2 is None else _power_natively(base, exponent)


def _power_natively(base: int, exponent: int) -> int:
    with gmpy2.context(gmpy2.get_context(), allow_release_gil=True):
        return int(gmpy2.powmod(base, exponent, N) if exponent < 2 else gmpy2.powmod_sec(base, exponent, N))


def _power_in_steps(base: int, exponent: int) -> int:
    """Four bits at a time: one `pow` of this size would hold the interpreter's lock for 10 to 30 ms."""
    table = [1]
    for _ in range(15):
        table.append(table[-1] * base % N)
    result = 1
    for shift in range((exponent.bit_length() + 3) // 4 * 4 - 4, -4, -4):
        result = pow(result, 16, N) * table[exponent >> shift & 15] % N
    return result
