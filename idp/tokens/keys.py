"""The two RSA keys of each pool: one signs ID tokens, the other access tokens (cognito.md 1.11, 2.0).

Private keys are sealed in the store under the instance key and parsed once. `jwks` and `sign` answer from
memory.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from idp.clock import Clock
from idp.model import Pool, SigningKey
from idp.seal import SealBroken, Vault
from idp.store.base import Store, StoreUnusable

USES: Final = ("id", "access")
BITS: Final = 2048
KID_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class LoadedKey:
    """A key that is ready to sign."""

    pool_id: str
    use: str
    kid: str
    private: rsa.RSAPrivateKey = field(repr=False)

    @property
    def public(self) -> rsa.RSAPublicKey:
        """The half that verifies."""
        return self.private.public_key()

    @property
    def jwk(self) -> dict[str, str]:
        """The public half as Cognito's JWKS shows it."""
        numbers = self.public.public_numbers()
        return {
            "alg": "RS256",
            "e": _to_base64url(numbers.e),
            "kid": self.kid,
            "kty": "RSA",
            "n": _to_base64url(numbers.n),
            "use": "sig",
        }


class KeyRing:
    """All signing keys of all pools."""

    def __init__(self, store: Store, vault: Vault, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._by_use: dict[tuple[str, str], LoadedKey] = {}
        self._by_kid: dict[str, LoadedKey] = {}

    async def load(self) -> None:
        """Open every key of the store; raises StoreUnusable under another instance key."""
        async with self._store.reading() as records:
            for key in await records.signing_keys.list():
                self._keep(self._open(key))

    async def ensure(self, pool: Pool) -> None:
        """Make the keys that a pool lacks; of two nodes doing so at once, one's keys win for both."""
        for use in USES:
            if (pool.id, use) not in self._by_use:
                draft = await asyncio.to_thread(self._generate, pool.id, use)
                async with self._store.writing(alone=True) as records:
                    kept = await records.signing_keys.find(pool.id, use)
                    kept = kept or await records.signing_keys.create(draft)
                self._keep(self._open(kept))

    def jwks(self, pool: Pool) -> dict[str, Any]:
        """Return the pool's JSON Web Key Set: exactly two keys."""
        return {"keys": [self._by_use[pool.id, use].jwk for use in USES]}

    def sign(self, pool: Pool, use: str, claims: Mapping[str, Any]) -> str:
        """Sign claims; the header is exactly `kid` and `alg`, without `typ`, as Cognito's."""
        key = self._by_use[pool.id, use]
        return jwt.encode(dict(claims), key.private, algorithm="RS256", headers={"kid": key.kid, "typ": None})

    def find(self, kid: object) -> LoadedKey | None:
        """Return the key with this id."""
        return self._by_kid.get(kid) if isinstance(kid, str) else None

    def _keep(self, key: LoadedKey) -> None:
        self._by_use[key.pool_id, key.use] = key
        self._by_kid[key.kid] = key

    def _generate(self, pool_id: str, use: str) -> SigningKey:
        private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
        der = private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        kid = base64.b64encode(secrets.token_bytes(KID_BYTES)).decode()
        sealed = self._vault.seal(der, purpose=_purpose(pool_id, use))
        return SigningKey(pool_id, use, kid, sealed, self._clock.now())

    def _open(self, key: SigningKey) -> LoadedKey:
        try:
            der = self._vault.open(key.sealed, purpose=_purpose(key.pool_id, key.use))
        except SealBroken as error:
            raise StoreUnusable(
                f"the {key.use} signing key of user pool {key.pool_id} does not open: the database was "
                "written under another instance.key; put that file back"
            ) from error
        # The seal vouches for every bit of what `_generate` made; checking the primes again costs 90 ms.
        private = serialization.load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(private, rsa.RSAPrivateKey)
        return LoadedKey(key.pool_id, key.use, key.kid, private)


def _purpose(pool_id: str, use: str) -> str:
    return f"signing-key:{pool_id}:{use}"


def _to_base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
