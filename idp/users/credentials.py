"""What is kept of a password: its hash, and an SRP verifier where a client of the pool signs in by SRP.

Every password that is set anywhere goes through here. A verifier is sealed for one pool, one username and
one password hash: whatever replaces the hash without it leaves a verifier that opens no more, so that an old
password never lives on in an old verifier.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from idp.model import Client, Pool, User
from idp.protection.history import History
from idp.protection.service import ThreatProtection
from idp.seal import SealBroken, Vault, hash_token
from idp.signin import srp
from idp.signin.flows.names import AuthFlow
from idp.signin.flows.permissions import allows
from idp.signin.srp import Verifier
from idp.store.base import Store
from idp.users.passwords import PasswordHasher

SRP_FLOWS = (AuthFlow.USER_SRP_AUTH, AuthFlow.USER_AUTH, AuthFlow.CUSTOM_AUTH)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a user record keeps of a password."""

    password_hash: str = field(repr=False)
    srp_verifier: str | None = field(default=None, repr=False)
    """Sealed."""
    remembered: int | None = 0
    """How many passwords are kept from being chosen again, this one included; None: it is the one before."""

    def given_to(self, user: User) -> User:
        """Return the user with this password in place of the one before, which may be remembered."""
        history = user.password_history
        if self.remembered is not None:
            before = (user.password_hash,) if user.password_hash is not None else ()
            history = (*before, *history)[: max(0, self.remembered - 1)]
        return replace(
            user, password_hash=self.password_hash, srp_verifier=self.srp_verifier, password_history=history
        )


@dataclass(slots=True)
class Passwords:
    """Makes credentials of passwords, in the hasher's threads."""

    store: Store
    vault: Vault
    hasher: PasswordHasher
    threats: ThreatProtection
    history: History

    async def make(self, pool: Pool, username: str, password: str) -> Credentials:
        """Make the credentials of a password for the user with this canonical name; raises HasherBusy.

        Costs the same for a name that nobody has.
        """
        password_hash = await self.hasher.hash(password)
        verifier = await self._make_verifier(pool, username, password, password_hash)
        return Credentials(password_hash, verifier, pool.password_policy.history_size)

    async def is_reused(self, pool: Pool, user: User, password: str) -> bool:
        """Whether a password is one of the last ones, as many as the policy remembers. Raises HasherBusy."""
        before = (user.password_hash, *user.password_history)[: pool.password_policy.history_size]
        for known in before:
            if known is not None and await self.hasher.verify(known, password):
                return True
        return False

    async def renew(self, pool: Pool, user: User, password: str) -> Credentials | None:
        """Make fresh credentials of a password that was just right, if those that are kept are not.

        The hash may be of another cost; the verifier may be missing, or needless by now. Raises HasherBusy.
        """
        known = user.password_hash
        if known is None or self.hasher.is_outdated(known):
            return replace(await self.make(pool, user.username, password), remembered=None)
        wants_srp = await self.wants_srp(pool)
        if wants_srp == (self.open_verifier(user) is not None):
            return None
        return Credentials(known, await self._make_verifier(pool, user.username, password, known), None)

    async def wants_srp(self, pool: Pool) -> bool:
        """Whether a client of the pool may sign in by SRP."""
        async with self.store.reading() as records:
            clients = await records.clients.list(pool.id)
        return any(may_use_srp(client) for client in clients if client.active)

    def open_verifier(self, user: User) -> Verifier | None:
        """Return the verifier of the user's present password, or None."""
        if user.srp_verifier is None or user.password_hash is None:
            return None
        purpose = _purpose(user.pool_id, user.username, user.password_hash)
        try:
            salt, value = json.loads(self.vault.open_text(user.srp_verifier, purpose=purpose))
        except SealBroken:
            return None
        return Verifier(int(salt, 16), int(value, 16))

    async def _make_verifier(
        self, pool: Pool, username: str, password: str, password_hash: str
    ) -> str | None:
        if not await self.wants_srp(pool):
            return None
        identity = srp.user_identity(pool.id, username)
        verifier = await self.hasher.run(lambda: srp.make_verifier(identity, password))
        content = json.dumps([f"{verifier.salt:x}", f"{verifier.value:x}"])
        return self.vault.seal_text(content, purpose=_purpose(pool.id, username, password_hash))


def may_use_srp(client: Client) -> bool:
    """Whether a client may prove a password by SRP in some flow."""
    return any(allows(client, flow) for flow in SRP_FLOWS)


def _purpose(pool_id: str, username: str, password_hash: str) -> str:
    return f"srp-verifier:{pool_id}:{username}:{hash_token(password_hash)}"
