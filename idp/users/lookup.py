"""From a typed name to a user, or to the stand-in that an unknown name gets.

An unknown name has counters and limits of its own, under a keyed hash of its normalised form, so that it
looks like a user who is there. The plain name is not kept: people type passwords into that field.
"""

from __future__ import annotations

from idp.model import Pool, User
from idp.outbox.messages import mask_email, mask_phone
from idp.outcomes import Delivery
from idp.seal import Vault
from idp.store.base import Records
from idp.users.aliases import LONGEST_LOGIN, is_email, is_phone, login_key
from idp.users.attributes import is_storable


async def find_user(records: Records, pool: Pool, name: str) -> User | None:
    """Find the user who signs in with this name, in whatever spelling the pool folds together."""
    login = login_key(pool, name)
    if not login or len(login) > LONGEST_LOGIN or not is_storable(login):
        return None
    return await records.users.by_login(pool.id, login)


async def find_for_administrator(records: Records, pool: Pool, name: str) -> User | None:
    """Find a user by any name, or by sub, as Cognito's administrators may."""
    found = await find_user(records, pool, name)
    return found or (await records.users.find(pool.id, name) if is_storable(name) else None)


def subject_of(vault: Vault, pool: Pool, name: str, user: User | None) -> str:
    """Name whose counters a request touches: the user's, by whichever name, or the unknown name's own."""
    return user.sub if user is not None else f"?{vault.mac('unknown name', pool.id, login_key(pool, name))}"


def simulate_delivery(vault: Vault, pool: Pool, name: str, *, attribute: str = "email") -> Delivery:
    """Say where a code for an unknown name would have gone; the same for the same name each time."""
    seed = vault.mac("simulated delivery", pool.id, login_key(pool, name))
    if attribute == "phone_number":
        number = name if is_phone(name) else f"+1555{int(seed[:8], 16) % 10**7:07d}"
        return Delivery(mask_phone(number), "SMS", attribute)
    if is_email(name):
        return Delivery(mask_email(name))
    first, second = (chr(ord("a") + int(part, 16) % 26) for part in (seed[:8], seed[8:16]))
    return Delivery(f"{first}***@{second}***")
