"""Identity providers of a pool, kept and described (cognito.md 7.1).

Signing in through them is not served here; what infrastructure code declares is kept, checked and given back,
and clients may name them. Their secrets are sealed with everything else of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idp.clock import Clock
from idp.management.declared import refuse_declared
from idp.management.pools import PoolDesk
from idp.management.provider_members import MEMBERS, complete_provider
from idp.management.refusal import Reason, Refused
from idp.model import Part, Pool
from idp.store.base import AlreadyExists, NotFound, Records

PROVIDER: Final = "identity-provider"
MOST_PROVIDERS: Final = 300


class ProviderDesk:
    """Makes, changes and removes identity providers."""

    def __init__(self, pools: PoolDesk) -> None:
        self._pools = pools

    @property
    def _clock(self) -> Clock:
        return self._pools.clock

    async def create(self, pool: Pool, name: str, members: Mapping[str, Any]) -> Part:
        """Add a provider; raises Refused."""
        document = {key: members[key] for key in MEMBERS if key in members}
        now = self._clock.now()
        part = Part(pool.id, PROVIDER, name, complete_provider(document), now, now)
        try:
            async with self._pools.store.writing(alone=True) as records:
                if len(await records.parts.list(pool.id, PROVIDER)) >= MOST_PROVIDERS:
                    raise Refused(Reason.LIMIT, f"a user pool has at most {MOST_PROVIDERS} providers")
                await _check_identifiers(records, part)
                return await records.parts.create(part)
        except AlreadyExists as error:
            message = f"A provider with the name {name} already exists in this user pool."
            raise Refused(Reason.PROVIDER_EXISTS, message) from error

    async def update(self, pool: Pool, name: str, members: Mapping[str, Any]) -> Part:
        """Replace the members that are given; raises Refused."""
        given = {key: members[key] for key in MEMBERS if key in members}
        now = self._clock.now()

        def change(old: Part) -> Part:
            document = {**old.document, **given}
            return replace(old, document=complete_provider(document), updated_at=now)

        try:
            async with self._pools.store.writing(alone=True) as records:
                await refuse_declared(records, pool, PROVIDER, name)
                changed = await records.parts.update((pool.id, PROVIDER, name), change)
                await _check_identifiers(records, changed)
                return changed
        except NotFound as gone:
            raise no_provider(name) from gone

    async def delete(self, pool: Pool, name: str) -> None:
        """Remove a provider; raises Refused."""
        try:
            async with self._pools.store.writing() as records:
                await refuse_declared(records, pool, PROVIDER, name)
                await records.parts.delete(pool.id, PROVIDER, name)
        except NotFound as gone:
            raise no_provider(name) from gone

    async def get(self, pool: Pool, name: str) -> Part:
        """Return a provider; raises Refused."""
        async with self._pools.store.reading() as records:
            part = await records.parts.find(pool.id, PROVIDER, name)
        if part is None:
            raise no_provider(name)
        return part

    async def list(self, pool: Pool) -> tuple[Part, ...]:
        """All providers of a pool."""
        async with self._pools.store.reading() as records:
            return await records.parts.list(pool.id, PROVIDER)

    async def by_identifier(self, pool: Pool, identifier: str) -> Part:
        """Return the provider that answers to an identifier; raises Refused."""
        for part in await self.list(pool):
            if identifier in part.document.get("IdpIdentifiers", ()):
                return part
        raise Refused(Reason.NOT_FOUND, f"Identity provider with identifier {identifier} does not exist.")


def no_provider(name: str) -> Refused:
    """The provider is not there."""
    return Refused(Reason.NOT_FOUND, f"Identity provider {name} does not exist.")


async def _check_identifiers(records: Records, part: Part) -> None:
    """Refuse an identifier that another provider of the pool has."""
    wanted = set(part.document.get("IdpIdentifiers", ()))
    for other in await records.parts.list(part.pool_id, PROVIDER):
        if other.key != part.key and wanted.intersection(other.document.get("IdpIdentifiers", ())):
            message = "Another provider of this user pool has the same identifier."
            raise Refused(Reason.PROVIDER_EXISTS, message)
