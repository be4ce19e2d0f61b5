"""The RSA keys of each pool: one signs ID tokens, another access tokens (cognito.md 1.11, 2.0).

Private keys are sealed in the store under the instance key and parsed once. `jwks` and `sign` answer from
memory; `load` is called again now and then, for keys that another process rotated in. There are exactly two
but around a rotation (`rotation` says how long).
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from idp.clock import Clock
from idp.model import Pool, SigningKey
from idp.seal import SealBroken, Vault
from idp.store.base import Store, StoreUnusable
from idp.tokens import rotation

USES: Final = ("id", "access")
BITS: Final = 2048
KID_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class LoadedKey:
    """A key that is ready to sign."""

    pool_id: str
    use: str
    kid: str
    signs_from: float
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
        self._by_use: dict[tuple[str, str], tuple[LoadedKey, ...]] = {}
        self._by_kid: dict[str, LoadedKey] = {}

    async def load(self) -> None:
        """Open every key of the store, and forget those that are gone; raises StoreUnusable."""
        async with self._store.reading() as records:
            stored = await records.signing_keys.list()
        keys = [self._by_kid.get(key.kid) or self._open(key) for key in stored]
        self._by_kid, self._by_use = {}, {}
        for key in keys:
            self._keep(key)

    async def ensure(self, pool: Pool) -> None:
        """Make the keys that a pool lacks; of two nodes doing so at once, one's keys win for both."""
        for use in USES:
            if (pool.id, use) not in self._by_use:
                draft = await asyncio.to_thread(self._generate, pool.id, use, self._clock.now())
                async with self._store.writing(alone=True) as records:
                    kept = _of(await records.signing_keys.list(), pool, use)
                    kept = kept or (await records.signing_keys.create(draft),)
                for key in kept:
                    self._keep(self._open(key))

    async def rotate(self, pool: Pool, *, leaked: bool = False) -> tuple[SigningKey, ...]:
        """Make a successor of each key, and remove keys that nothing alive was signed with; returns the new.

        They sign from an hour on. `leaked` is for keys that somebody else got hold of: the new ones sign at
        once, the old ones are removed, and with them goes every token that they signed.
        """
        now = self._clock.now()
        start = now if leaked else now + rotation.PUBLISH_AHEAD
        fresh = [await asyncio.to_thread(self._generate, pool.id, use, start) for use in USES]
        async with self._store.writing(alone=True) as records:
            for draft in fresh:
                present = _of(await records.signing_keys.list(), pool, draft.use)
                needed = () if leaked else rotation.list_needed(present, now)
                for old in set(present) - set(needed):
                    await records.signing_keys.delete(old.kid)
                await records.signing_keys.create(draft)
        await self.load()
        return tuple(fresh)

    def describe(self, pool: Pool) -> tuple[tuple[LoadedKey, bool], ...]:
        """List a pool's needed keys, each with whether it signs now."""
        return tuple(
            (key, key is self._signer(pool.id, use)) for use in USES for key in self._needed(pool.id, use)
        )

    def jwks(self, pool: Pool) -> dict[str, Any]:
        """Return the pool's JSON Web Key Set."""
        return {"keys": [key.jwk for use in USES for key in self._needed(pool.id, use)]}

    def sign(self, pool: Pool, use: str, claims: Mapping[str, Any]) -> str:
        """Sign claims; the header is exactly `kid` and `alg`, without `typ`, as Cognito's."""
        key = self._signer(pool.id, use)
        return jwt.encode(dict(claims), key.private, algorithm="RS256", headers={"kid": key.kid, "typ": None})

    def find(self, kid: object) -> LoadedKey | None:
        """Return the key with this id, if anything that it signed can still be alive."""
        key = self._by_kid.get(kid) if isinstance(kid, str) else None
        return key if key is not None and key in self._needed(key.pool_id, key.use) else None

    def _signer(self, pool_id: str, use: str) -> LoadedKey:
        return rotation.choose_signer(self._by_use[pool_id, use], self._clock.now())

    def _needed(self, pool_id: str, use: str) -> tuple[LoadedKey, ...]:
        return rotation.list_needed(self._by_use[pool_id, use], self._clock.now())

    def _keep(self, key: LoadedKey) -> None:
        self._by_use[key.pool_id, key.use] = (*self._by_use.get((key.pool_id, key.use), ()), key)
        self._by_kid[key.kid] = key

    def _generate(self, pool_id: str, use: str, signs_from: float) -> SigningKey:
        private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
        der = private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        kid = base64.b64encode(secrets.token_bytes(KID_BYTES)).decode()
        sealed = self._vault.seal(der, purpose=_purpose(pool_id, use))
        return SigningKey(pool_id, use, kid, sealed, self._clock.now(), signs_from)

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
        return LoadedKey(key.pool_id, key.use, key.kid, key.signs_from, private)


def _of(keys: Iterable[SigningKey], pool: Pool, use: str) -> tuple[SigningKey, ...]:
    return tuple(key for key in keys if (key.pool_id, key.use) == (pool.id, use))


def _purpose(pool_id: str, use: str) -> str:
    return f"signing-key:{pool_id}:{use}"


def _to_base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
