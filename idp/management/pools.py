"""User pools: made, changed and removed through the API, and what is part of a pool's own document.

A pool that the configuration file declares is read here and changed there: the next start would write the
file over every change, and an operator would look in the wrong place.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from idp.clock import Clock
from idp.management.catalog import Catalog
from idp.management.pool_members import (
    Members,
    add_attributes,
    change_factors,
    change_pool,
    make_pool,
    name_factor_properties,
)
from idp.management.refusal import Reason, Refused, invalid, no_pool
from idp.model import Pool
from idp.store.base import NotFound, Records, Store
from idp.tokens.keys import KeyRing

TAGS: Final = "UserPoolTags"
IMPORT_JOB: Final = "import-job"
MOST_POOLS: Final = 1000
DEFAULT_REGION: Final = "us-east-1"
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]{2,16}){1,3}-[0-9]{1,2}")
_ALPHABET: Final = string.ascii_letters + string.digits


class PoolDesk:
    """Makes, changes and removes user pools."""

    def __init__(self, store: Store, clock: Clock, keys: KeyRing, catalog: Catalog) -> None:
        self.store = store
        self.clock = clock
        self._keys = keys
        self._catalog = catalog

    async def create(self, members: Members, *, region: str) -> Pool:
        """Make a pool with keys of its own, served at once; raises Refused."""
        pool = make_pool(members, pool_id=draw_pool_id(region), now=self.clock.now())
        async with self.store.writing(alone=True) as records:
            if len([known for known in await records.pools.list() if known.active]) >= MOST_POOLS:
                raise Refused(Reason.LIMIT, f"there are {MOST_POOLS} user pools already")
            await records.pools.create(pool)
        await self._keys.ensure(pool)
        await self._catalog.refresh()
        return pool

    async def update(self, pool: Pool, members: Members) -> Pool:
        """Replace a pool's settings: what is omitted is its default again; raises Refused."""
        return await self.change(pool, lambda old: change_pool(old, members, now=self.clock.now()))

    async def set_factors(self, pool: Pool, members: Members) -> Pool:
        """Replace the settings of second factors and passkeys; raises Refused."""
        return await self.change(
            pool,
            lambda old: change_factors(old, members, now=self.clock.now()),
            properties=name_factor_properties(members),
        )

    async def add_attributes(self, pool: Pool, declared: list[Members]) -> Pool:
        """Add custom attributes, which stay for good; raises Refused."""
        return await self.change(pool, lambda old: add_attributes(old, declared, now=self.clock.now()))

    async def delete(self, pool: Pool) -> None:
        """Remove a pool and everything in it; raises Refused."""
        require_own(pool)
        if pool.deletion_protected:
            raise invalid(
                "The user pool cannot be deleted because deletion protection is activated."
                " Deletion protection must be inactivated first."
            )
        if pool.domain:
            raise invalid(
                "User pool cannot be deleted. It has a domain configured that should be deleted first."
            )
        try:
            async with self.store.writing() as records:
                await refuse_during_import(records, pool)
                await records.pools.delete(pool.id)
        except NotFound as gone:
            raise no_pool(pool.id) from gone
        await self._keys.load()
        await self._catalog.refresh()

    async def tag(self, pool: Pool, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> Pool:
        """Change a pool's tags."""

        def put(old: Pool) -> Pool:
            return replace(old, kept={**old.kept, TAGS: dict(change(old.kept.get(TAGS, {})))})

        return await self.change(pool, put)

    async def keep(self, pool: Pool, members: Mapping[str, Any]) -> Pool:
        """Keep members that other operations give back."""
        return await self.change(pool, lambda old: replace(old, kept={**old.kept, **members}))

    async def change(
        self,
        pool: Pool,
        change: Callable[[Pool], Pool],
        *,
        alone: bool = False,
        properties: Iterable[str] = (),
    ) -> Pool:
        """Write a change of the pool's document; raises Refused.

        `properties` of the configuration file say there what the change would.
        """
        require_own(pool, *properties)
        try:
            async with self.store.writing(alone=alone) as records:
                await refuse_during_import(records, pool)
                changed = await records.pools.update((pool.id,), change)
        except NotFound as gone:
            raise no_pool(pool.id) from gone
        await self._catalog.refresh()
        return changed


def require_own(pool: Pool, *properties: str) -> None:
    """Refuse to change what the configuration file declares, and name the properties to change there."""
    if pool.origin == "config":
        what = ", ".join(properties) or "it"
        raise invalid(f"User pool {pool.id} is declared in the configuration file; change {what} there")


async def refuse_during_import(records: Records, pool: Pool) -> None:
    """Refuse a change while users are imported."""
    jobs = await records.parts.list(pool.id, IMPORT_JOB)
    if any(job.document.get("Status") in ("Pending", "InProgress", "Stopping") for job in jobs):
        raise Refused(Reason.IMPORT_RUNS, "A user import job is in progress for this user pool")


def draw_pool_id(region: str) -> str:
    """Draw a pool id of Cognito's shape: the caller's region and nine letters and digits."""
    known = region if _REGION.fullmatch(region) else DEFAULT_REGION
    return f"{known}_{''.join(secrets.choice(_ALPHABET) for _ in range(9))}"
