"""Which pools and clients are served and how their pages look, in memory: for those who cannot wait.

Read again after every change that this process makes, and now and then for those of other nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from idp.clock import Clock
from idp.management.branding import UI, Look, choose_look, find_content, read_look
from idp.management.style_records import (
    STYLE,
    StyleLook,
    find_image,
    find_style_css,
    read_style_look,
)
from idp.model import Client, Part, Pool
from idp.store.base import Records, Store

R = TypeVar("R", Pool, Client)
LOOK_AGAIN_SECONDS: Final = 10
TERMS: Final = "terms"
BOTH_TERMS: Final = ("terms-of-use", "privacy-policy")
LANGUAGES: Final = {"en": "cognito:english", "ko": "cognito:korean"}


class Catalog:
    """The served pools with their served clients; those of the configuration come first."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._read_at = float("-inf")
        self.entries: tuple[tuple[Pool, tuple[Client, ...]], ...] = ()
        self._looks: Mapping[str, Mapping[str, Look]] = {}
        self._styles: Mapping[str, Mapping[str, StyleLook]] = {}
        self._terms: Mapping[str, tuple[Part, ...]] = {}

    async def look_again(self) -> bool:
        """Read everything again, unless that was a moment ago; returns whether it was read.

        Pages of another node name files that this one has not heard of; strangers may name anything.
        """
        if self._clock.now() - self._read_at < LOOK_AGAIN_SECONDS:
            return False
        await self.refresh()
        return True

    async def refresh(self) -> None:
        """Read everything again."""
        self._read_at = self._clock.now()
        async with self._store.reading() as records:
            pools = served(await records.pools.list())
            self.entries = tuple([(pool, served(await records.clients.list(pool.id))) for pool in pools])
            self._terms = {pool.id: await records.parts.list(pool.id, TERMS) for pool in pools}
            self._looks = {
                pool.id: {part.key: read_look(part) for part in await records.parts.list(pool.id, UI)}
                for pool in pools
            }
            self._styles = {pool.id: await _read_styles(records, pool) for pool in pools}

    def style(self, pool: Pool, client_id: str) -> StyleLook | None:
        """Return a client's managed login branding style; None where its pages are the classic ones, or this
        site's own.

        Version 1 of a domain has the classic pages. A pool without a domain has those that were made for it.
        """
        style = self._styles.get(pool.id, {}).get(client_id)
        classic = pool.domain is not None and pool.domain_version == 1
        return None if classic or style is None or style.style.is_provided else style

    def image(self, pool_id: str, name: str) -> tuple[str, str] | None:
        """Return the style that has an image of this name, and the image's type."""
        return find_image(self._styles.get(pool_id, {}).values(), name)

    def look(self, pool: Pool, client_id: str) -> Look | None:
        """Return how a client's classic pages look beside our own style."""
        is_branded = pool.domain is not None and pool.domain_version == 2
        return None if is_branded else choose_look(self._looks.get(pool.id, {}), client_id)

    def content(self, pool_id: str, name: str) -> tuple[bytes, str] | None:
        """Return a classic logo or a stylesheet by the name that it is served by, and its type."""
        return find_content(self._looks.get(pool_id, {}).values(), name) or find_style_css(
            self._styles.get(pool_id, {}).values(), name
        )

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


async def _read_styles(records: Records, pool: Pool) -> dict[str, StyleLook]:
    parts = await records.parts.list(pool.id, STYLE)
    return {part.document["ClientId"]: read_style_look(part) for part in parts}


def _default(links: Mapping[str, str]) -> str:
    return links.get("cognito:default") or links.get("cognito:english", "")


def served(entries: tuple[R, ...]) -> tuple[R, ...]:
    """Choose what is served now, in an order by which a name means the configuration's own."""
    return tuple(sorted((each for each in entries if each.active), key=lambda each: each.origin != "config"))
