"""Moves an alias from the user who has it to the one who has proven to own the address (cognito.md 5.2)."""

from __future__ import annotations

from idp.model import Pool, User
from idp.store.base import Records
from idp.users.aliases import login_key
from idp.users.changes import lose_address


async def release_address(
    records: Records, pool: Pool, user: User, attribute: str, address: str, *, now: float
) -> None:
    """Make the address free for `user`: another user's verified alias of it becomes unverified.

    Only an alias can be taken like this. Where the address is the other one's username, it stays theirs.
    """
    if attribute not in pool.alias_attributes:
        return
    other = await records.users.by_login(pool.id, login_key(pool, address))
    if other is None or other.sub == user.sub or not other.has_verified(attribute):
        return
    await records.users.update((pool.id, other.sub), lambda old: lose_address(pool, old, attribute, now=now))
