"""Which pools and clients are served and how their pages look, in memory: for those who cannot wait.

Read again after every change that this process makes, and now and then for those of other nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from idp.management.branding import UI, Look, choose_look, find_content, read_look
from idp.model import Client, Part, Pool
from idp.store.base import Store

R = TypeVar("R", Pool, Client)
TERMS: Final = "terms"
BOTH_TERMS: Final = ("terms-of-use", "privacy-policy")
LANGUAGES: Final = {"en": "cognito:english", "ko": "cognito:korean"}


class Catalog:
    """The served pools with their served clients; those of the configuration come first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.entries: tuple[tuple[Pool, tuple[Client, ...]], ...] = ()
        self._looks: Mapping[str, Mapping[str, Look]] = {}
        self._terms: Mapping[str, tuple[Part, ...]] = {}

    async def refresh(self) -> None:
        """Read everything again."""
        async with self._store.reading() as records:
            pools = served(await records.pools.list())
            self.entries = tuple([(pool, served(await records.clients.list(pool.id))) for pool in pools])
            self._terms = {pool.id: await records.parts.list(pool.id, TERMS) for pool in pools}
            self._looks = {
                pool.id: {part.key: read_look(part) for part in await records.parts.list(pool.id, UI)}
                for pool in pools
            }

    def look(self, pool_id: str, client_id: str) -> Look | None:
        """Return how a client's pages look beside our own style."""
        return choose_look(self._looks.get(pool_id, {}), client_id)

    def content(self, pool_id: str, name: str) -> tuple[bytes, str] | None:
        """Return a logo or CSS by the name that it is served by, and its type."""
        return find_content(self._looks.get(pool_id, {}).values(), name)

    def terms(self, pool_id: str, client_id: str, language: str) -> tuple[str, str] | None:
        """Return the addresses of terms and privacy policy; None where a client has not both."""
        documents: dict[str, Mapping[str, Any]] = {
            part.document["TermsName"]: part.document["Links"]
            for part in self._terms.get(pool_id, ())
            if part.document["ClientId"] == client_id
        }
        links = [
            documents.get(name, {}).get(LANGUAGES.get(language, "")) or _default(documents.get(name, {}))
            for name in BOTH_TERMS
        ]
        return (links[0], links[1]) if all(links) else None


def _default(links: Mapping[str, str]) -> str:
    return links.get("cognito:default") or links.get("cognito:english", "")


def served(entries: tuple[R, ...]) -> tuple[R, ...]:
    """Choose what is served now, in an order by which a name means the configuration's own."""
    return tuple(sorted((each for each in entries if each.active), key=lambda each: each.origin != "config"))
