"""The two messages of SRP for users and devices: B and a sealed secret block out, a signature back
(cognito.md 4.3, 4.11).

An account without a usable verifier (nobody, a password set elsewhere) gets a stand-in that is the same each
time (RFC 5054 2.5.1.3) and costs the same, and never comes out right.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from idp.model import Pool
from idp.seal import Vault
from idp.signin import srp
from idp.signin.flows.progress import Progress, seal_block
from idp.signin.srp import Identity, Verifier
from idp.users.aliases import contact_kind, login_key
from idp.users.passwords import PasswordHasher


@dataclass(frozen=True, slots=True)
class Opening:
    """The server's first message."""

    salt: str
    server_value: str
    block: str

    @property
    def parameters(self) -> dict[str, str]:
        """As ChallengeParameters."""
        return {"SALT": self.salt, "SRP_B": self.server_value, "SECRET_BLOCK": self.block}


async def open_exchange(
    hasher: PasswordHasher, vault: Vault, progress: Progress, *, verifier: Verifier, client_value: int
) -> Opening:
    """Answer SRP_A; what is needed for the second message travels in the block. Raises HasherBusy."""
    secret = srp.draw_secret()
    server_value = await hasher.run(lambda: srp.public_value(verifier, secret))
    # Of one length, so that blocks are.
    remembered = {"A": f"{client_value:0768x}", "b": f"{secret:064x}", "B": f"{server_value:0768x}"}
    block = seal_block(vault, replace(progress, state=remembered))
    return Opening(f"{verifier.salt:x}", f"{server_value:x}", block)


async def is_claim_right(
    hasher: PasswordHasher,
    progress: Progress,
    identity: Identity,
    *,
    verifier: Verifier,
    responses: Mapping[str, str],
    now: float,
) -> bool:
    """Judge PASSWORD_CLAIM_SIGNATURE and TIMESTAMP against an opened block. Raises HasherBusy."""
    block = srp.parse_block(responses.get("PASSWORD_CLAIM_SECRET_BLOCK", ""))
    timestamp = responses.get("TIMESTAMP", "")
    client_value, secret, server_value = (int(progress.state[name], 16) for name in ("A", "b", "B"))
    key = await hasher.run(
        lambda: srp.derive_key(verifier, secret, client_value=client_value, server_value=server_value)
    )
    expected = srp.sign_claim(key, identity, block=block or b"", timestamp=timestamp)
    said = srp.parse_timestamp(timestamp)
    is_now = said is not None and abs(now - said) <= srp.CLOCK_SKEW
    return srp.is_signature(expected, responses.get("PASSWORD_CLAIM_SIGNATURE", "")) and is_now


def stand_in(vault: Vault, pool: Pool, subject: str) -> Verifier:
    """Make up the verifier of an account that has none; the same each time."""
    salt = vault.mac("stand-in salt", pool.id, subject)[: 2 * srp.SALT_BYTES]
    seed = vault.mac("stand-in verifier", pool.id, subject)
    value = int.from_bytes(hashlib.shake_256(seed.encode()).digest(384), "big") % srp.N
    return Verifier(int(salt, 16), value)


def stand_in_name(vault: Vault, pool: Pool, typed: str) -> str:
    """Make up the canonical username of a name that nobody has, of the kind that this pool's users have."""
    if not pool.username_attributes and contact_kind(typed) not in pool.alias_attributes:
        return login_key(pool, typed)
    seed = vault.mac("stand-in username", pool.id, login_key(pool, typed))
    return str(uuid.UUID(seed[:32], version=4))
