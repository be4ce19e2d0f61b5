"""What a user has that factors can be made of, read from the store."""

from __future__ import annotations

from idp.factors.policy import Holdings
from idp.model import Pool, User
from idp.store.base import Records


async def read_holdings(records: Records, pool: Pool, user: User) -> Holdings:
    """Read everything the decision table wants to know of a user."""
    token = await records.software_tokens.find(pool.id, user.sub)
    preference = await records.mfa_preferences.find(pool.id, user.sub)
    return Holdings(
        has_totp=token is not None and token.sealed_seed is not None,
        email=bool(user.email),
        phone_number=bool(user.attributes.get("phone_number")),
        has_password=user.password_hash is not None,
        passkeys=len(await records.passkeys.of(pool.id, user.sub)),
        enabled=preference.enabled if preference else (),
        preferred=preference.preferred if preference else None,
    )
