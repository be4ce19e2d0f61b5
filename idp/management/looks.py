"""UI customizations and terms of a pool, kept as its parts (cognito.md 3.6)."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idp.config.clients import find_web_problem
from idp.management.branding import ALL, UI, build_css, find_image_type
from idp.management.catalog import TERMS, Catalog
from idp.management.declared import refuse_declared
from idp.management.pools import PoolDesk
from idp.management.refusal import Reason, Refused, invalid
from idp.model import Part, Pool
from idp.store.base import NotFound, Records

MOST_TERMS: Final = 40
TERMS_MEMBERS: Final = ("TermsName", "TermsSource", "Enforcement", "Links")


class LookDesk:
    """Keeps what the hosted pages show beside their own."""

    def __init__(self, pools: PoolDesk, catalog: Catalog) -> None:
        self._pools = pools
        self._catalog = catalog

    async def set_ui(self, pool: Pool, client_id: str, css: str | None, image: bytes | None) -> Part:
        """Set the CSS or logo of a pool (`ALL`) or a client; what is not given stays. Raises Refused."""
        build_css(css or "")
        if image:
            find_image_type(image)
        given: dict[str, Any] = {} if css is None else {"CSS": css}
        given |= {} if image is None else {"Image": base64.b64encode(image).decode()}
        now, key = self._pools.clock.now(), client_id or ALL
        async with self._pools.store.writing(alone=True) as records:
            await refuse_declared(records, pool, UI, key)
            if await records.parts.find(pool.id, UI, key) is None:
                await records.parts.create(Part(pool.id, UI, key, {}, now, now))
            part = await records.parts.update(
                (pool.id, UI, key),
                lambda old: replace(old, document={**old.document, **given}, updated_at=now),
            )
        await self._catalog.refresh()
        return part

    async def get_ui(self, pool: Pool, client_id: str) -> Part | None:
        """Return the customization of a client, or else of the pool."""
        async with self._pools.store.reading() as records:
            own = await records.parts.find(pool.id, UI, client_id) if client_id else None
            return own or await records.parts.find(pool.id, UI, ALL)

    async def create_terms(self, pool: Pool, client_id: str, members: Mapping[str, Any]) -> Part:
        """Add a document for a client; raises Refused."""
        document = {"ClientId": client_id, "Links": {}} | _terms(members)
        now = self._pools.clock.now()
        async with self._pools.store.writing(alone=True) as records:
            known = await records.parts.list(pool.id, TERMS)
            if len(known) >= MOST_TERMS:
                raise Refused(Reason.LIMIT, f"a user pool has at most {MOST_TERMS} terms documents")
            part = Part(pool.id, TERMS, str(uuid.uuid4()), document, now, now)
            await _check_terms(records, part)
            await records.parts.create(part)
        await self._catalog.refresh()
        return part

    async def update_terms(self, pool: Pool, terms_id: str, members: Mapping[str, Any]) -> Part:
        """Replace the members that are given; raises Refused."""
        given, now = _terms(members), self._pools.clock.now()
        try:
            async with self._pools.store.writing(alone=True) as records:
                await refuse_declared(records, pool, TERMS, terms_id)
                part = await records.parts.update(
                    (pool.id, TERMS, terms_id),
                    lambda old: replace(old, document={**old.document, **given}, updated_at=now),
                )
                await _check_terms(records, part)
        except NotFound as gone:
            raise no_terms() from gone
        await self._catalog.refresh()
        return part

    async def delete_terms(self, pool: Pool, terms_id: str) -> None:
        """Remove a document; raises Refused."""
        try:
            async with self._pools.store.writing() as records:
                await refuse_declared(records, pool, TERMS, terms_id)
                await records.parts.delete(pool.id, TERMS, terms_id)
        except NotFound as gone:
            raise no_terms() from gone
        await self._catalog.refresh()

    async def terms(self, pool: Pool) -> tuple[Part, ...]:
        """All documents of a pool."""
        async with self._pools.store.reading() as records:
            return await records.parts.list(pool.id, TERMS)


def no_terms() -> Refused:
    """The document is not there."""
    return Refused(Reason.NOT_FOUND, "Terms document does not exist.")


def _terms(members: Mapping[str, Any]) -> dict[str, Any]:
    for url in members.get("Links", {}).values():
        if not url.startswith(("https://", "http://")) or find_web_problem(url):
            raise invalid("Links must be https addresses")
    return {name: members[name] for name in TERMS_MEMBERS if name in members}


async def _check_terms(records: Records, part: Part) -> None:
    """Refuse a second document of one name for a client."""
    mark = (part.document["ClientId"], part.document["TermsName"])
    for other in await records.parts.list(part.pool_id, TERMS):
        if other.key != part.key and (other.document["ClientId"], other.document["TermsName"]) == mark:
            raise Refused(Reason.TERMS_EXIST, "The app client has terms of this name already")
