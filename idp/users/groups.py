"""Groups of a pool: made, changed, listed and removed by administrators (cognito.md 3.6, 3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from idp import texts
from idp.clock import Clock
from idp.model import Group, Pool, UserPage
from idp.outcomes import UserReason, UserRefused
from idp.store.base import AlreadyExists, NotFound, Store

NO_GROUP = UserRefused(UserReason.GROUP_NOT_FOUND, texts.GROUP_UNKNOWN)
GROUP_TAKEN = UserRefused(UserReason.GROUP_EXISTS, texts.GROUP_EXISTS)

MOST_GROUPS: Final = 10_000
MOST_OF_A_USER: Final = 100
POOL_FULL = UserRefused(UserReason.LIMIT_EXCEEDED, texts.GROUPS_OF_POOL.filled(most=f"{MOST_GROUPS}"))
USER_FULL = UserRefused(UserReason.LIMIT_EXCEEDED, texts.GROUPS_OF_USER.filled(most=f"{MOST_OF_A_USER}"))


@dataclass(slots=True)
class GroupDesk:
    """Manages groups."""

    store: Store
    clock: Clock

    async def create(self, group: Group) -> Group | UserRefused:
        """Make a group, in a pool that has room for it (cognito.md 11)."""
        now = self.clock.now()
        try:
            async with self.store.writing(alone=True) as records:
                if await records.groups.count(group.pool_id) >= MOST_GROUPS:
                    return POOL_FULL
                return await records.groups.create(replace(group, created_at=now, updated_at=now))
        except AlreadyExists:
            return GROUP_TAKEN

    async def get(self, pool: Pool, name: str) -> Group | UserRefused:
        """Return a group."""
        async with self.store.reading() as records:
            return await records.groups.find(pool.id, name) or NO_GROUP

    async def update(self, pool: Pool, name: str, changes: Mapping[str, Any]) -> Group | UserRefused:
        """Change the given fields of a group."""
        now = self.clock.now()
        try:
            async with self.store.writing() as records:
                return await records.groups.update(
                    (pool.id, name), lambda group: replace(group, **changes, updated_at=now)
                )
        except NotFound:
            return NO_GROUP

    async def delete(self, pool: Pool, name: str) -> UserRefused | None:
        """Remove a group; its members stay."""
        try:
            async with self.store.writing() as records:
                await records.groups.delete(pool.id, name)
        except NotFound:
            return NO_GROUP
        return None

    async def list(self, pool: Pool) -> tuple[Group, ...]:
        """All groups by name."""
        async with self.store.reading() as records:
            return await records.groups.list(pool.id)

    async def members(
        self,
        pool: Pool,
        name: str,
        *,
        limit: int,
        after: tuple[str, ...] = (),
        backwards: bool = False,
    ) -> UserPage | UserRefused:
        """Members of a group, page by page."""
        async with self.store.reading() as records:
            if await records.groups.find(pool.id, name) is None:
                return NO_GROUP
            return await records.users.of_group(pool.id, name, limit=limit, after=after, backwards=backwards)
