"""Which pools and clients are served, in memory: for those who cannot wait for the store.

Read again after every change that this process makes, and now and then for those of other nodes.
"""

from __future__ import annotations

from typing import TypeVar

from idp.model import Client, Pool
from idp.store.base import Store

R = TypeVar("R", Pool, Client)


class Catalog:
    """The served pools with their served clients; those of the configuration come first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.entries: tuple[tuple[Pool, tuple[Client, ...]], ...] = ()

    async def refresh(self) -> None:
        """Read everything again."""
        async with self._store.reading() as records:
            pools = served(await records.pools.list())
            self.entries = tuple([(pool, served(await records.clients.list(pool.id))) for pool in pools])


def served(entries: tuple[R, ...]) -> tuple[R, ...]:
    """Choose what is served now, in an order by which a name means the configuration's own."""
    return tuple(sorted((each for each in entries if each.active), key=lambda each: each.origin != "config"))
