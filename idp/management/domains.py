"""A pool's domain: a prefix that is unique over all pools, kept and described.

Every pool is served at the public URL, whatever its domain is called; certificates are the load balancer's.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from idp.management.pools import PoolDesk, require_own
from idp.management.refusal import Reason, Refused, invalid
from idp.model import Pool
from idp.store.base import NotFound

RESERVED: Final = re.compile(r"aws|amazon|cognito")


class DomainDesk:
    """Gives pools their domains."""

    def __init__(self, pools: PoolDesk) -> None:
        self._pools = pools

    async def create(self, pool: Pool, domain: str, version: int) -> Pool:
        """Give a pool its domain; raises Refused."""
        require_own(pool)
        if RESERVED.search(domain):
            raise invalid("Domain cannot contain reserved word: cognito, aws or amazon")
        _check_version(version)
        now = self._pools.clock.now()
        async with self._pools.store.writing(alone=True) as records:
            if any(known.domain == domain for known in await records.pools.list()):
                raise invalid(f"Domain already associated with another user pool: {domain}")
            try:
                return await records.pools.update(
                    (pool.id,), lambda old: _with_domain(old, domain, version, now)
                )
            except NotFound as gone:
                raise Refused(Reason.NOT_FOUND, f"User pool {pool.id} does not exist.") from gone

    async def update(self, pool: Pool, domain: str, version: int | None) -> Pool:
        """Change the version of a pool's hosted pages; raises Refused."""
        require_domain(pool, domain)
        wanted = pool.domain_version if version is None else version
        _check_version(wanted)
        now = self._pools.clock.now()
        return await self._pools.change(pool, lambda old: replace(old, domain_version=wanted, updated_at=now))

    async def delete(self, pool: Pool, domain: str) -> Pool:
        """Take a pool's domain away; raises Refused."""
        require_domain(pool, domain)
        now = self._pools.clock.now()
        return await self._pools.change(pool, lambda old: replace(old, domain=None, updated_at=now))

    async def find(self, domain: str) -> Pool | None:
        """Return the pool that has a domain."""
        async with self._pools.store.reading() as records:
            pools = await records.pools.list()
        return next((pool for pool in pools if pool.active and pool.domain == domain), None)


def require_domain(pool: Pool, domain: str) -> None:
    """Refuse a domain that is not this pool's."""
    if pool.domain != domain:
        raise invalid("No such domain or user pool exists.")


def _with_domain(pool: Pool, domain: str, version: int, now: float) -> Pool:
    if pool.domain is not None:
        raise invalid(f"User pool already has a domain configured: {pool.domain}")
    return replace(pool, domain=domain, domain_version=version, updated_at=now)


def _check_version(version: int) -> None:
    if version not in (1, 2):
        raise invalid("ManagedLoginVersion must be 1 or 2")
