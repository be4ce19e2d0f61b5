"""Managed login branding styles of a pool's clients, kept as its parts (cognito.md 3.6).

A style is one document: the settings as they came, and what its images are. The images are parts of their
own, by the name that they are served by, so that a page's picture is one small read.
"""

from __future__ import annotations

import base64
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from idp.management.catalog import Catalog
from idp.management.declared import refuse_declared
from idp.management.pools import PoolDesk
from idp.management.refusal import Reason, Refused
from idp.management.style_assets import MOST_ASSETS, Upload, lay_over
from idp.management.style_records import IMAGE, STYLE, Style, image_key, read_style
from idp.management.style_settings import defaults, merge
from idp.management.style_wishes import Wish, check_size, new_style, read_wish
from idp.model import Part, Pool
from idp.store.base import NotFound, Records

MOST_STYLES: Final = 20
MOST_HELD_BYTES: Final = 16_000_000


class StyleDesk:
    """Makes, changes and removes styles."""

    def __init__(self, pools: PoolDesk, catalog: Catalog) -> None:
        self._pools = pools
        self._catalog = catalog
        self._served: OrderedDict[str, bytes] = OrderedDict()

    async def create(self, pool: Pool, client_id: str, members: Mapping[str, Any]) -> Part:
        """Make a client's style; raises Refused."""
        wish, now = read_wish(members, ()), self._pools.clock.now()
        async with self._pools.store.writing(alone=True) as records:
            known = await records.parts.list(pool.id, STYLE)
            if any(part.document["ClientId"] == client_id for part in known):
                message = "The app client has a managed login branding style already"
                raise Refused(Reason.BRANDING_EXISTS, message)
            if len(known) >= MOST_STYLES:
                raise Refused(Reason.LIMIT, f"a user pool has at most {MOST_STYLES} branding styles")
            part = Part(pool.id, STYLE, str(uuid.uuid4()), new_style(client_id, wish).to_document(), now, now)
            await records.parts.create(part)
            await put_images(records, part, wish.uploads)
        await self._catalog.refresh()
        return part

    async def update(self, pool: Pool, style_id: str, members: Mapping[str, Any]) -> Part:
        """Lay settings and images over a style's; UseCognitoProvidedValues takes all of them away.

        Raises Refused.
        """
        now = self._pools.clock.now()
        async with self._pools.store.writing(alone=True) as records:
            await refuse_declared(records, pool, STYLE, style_id)
            old = await _hold(records, pool, style_id)
            wish = read_wish(members, read_style(old).assets)
            part = replace(old, document=_change(old, wish), updated_at=now)
            await records.parts.update((pool.id, STYLE, style_id), lambda _: part)
            await put_images(records, part, wish.uploads)
            await drop_images(records, part, old)
        await self._catalog.refresh()
        return part

    async def delete(self, pool: Pool, style_id: str) -> None:
        """Remove a style and its images; raises Refused."""
        async with self._pools.store.writing(alone=True) as records:
            await refuse_declared(records, pool, STYLE, style_id)
            await _hold(records, pool, style_id)
            await records.parts.delete(pool.id, STYLE, style_id)
            await records.parts.clear(pool.id, IMAGE, image_key(style_id, ""))
        await self._catalog.refresh()

    async def get(self, pool: Pool, style_id: str) -> Part:
        """Return a style; raises Refused."""
        async with self._pools.store.reading() as records:
            part = await records.parts.find(pool.id, STYLE, style_id)
        if part is None:
            raise no_style()
        return part

    async def of_client(self, pool: Pool, client_id: str) -> Part:
        """Return a client's style; raises Refused."""
        async with self._pools.store.reading() as records:
            known = await records.parts.list(pool.id, STYLE)
        found = next((part for part in known if part.document["ClientId"] == client_id), None)
        if found is None:
            raise no_style()
        return found

    async def describe(self, part: Part, *, merged: bool = False) -> dict[str, Any]:
        """Spell a style with its images; `merged` adds the settings that it does not change."""
        style = read_style(part)
        below = defaults(is_provided=style.is_provided) if merged else {}
        async with self._pools.store.reading() as records:
            assets = [
                asset.describe() | {"Bytes": await _read_image(records, part, asset.name)}
                for asset in style.assets
            ]
        return {
            "ManagedLoginBrandingId": part.key,
            "UserPoolId": part.pool_id,
            "UseCognitoProvidedValues": style.is_provided,
            "Settings": merge(below, style.settings),
            "Assets": assets,
        }

    async def file(self, pool_id: str, name: str) -> tuple[bytes, str] | None:
        """Return an image or a stylesheet by the name that it is served by, and its type."""
        found = self._catalog.content(pool_id, name) or await self.image(pool_id, name)
        if found is None and await self._catalog.look_again():
            found = self._catalog.content(pool_id, name) or await self.image(pool_id, name)
        return found

    async def image(self, pool_id: str, name: str) -> tuple[bytes, str] | None:
        """Return an image by the name that it is served by, and its type."""
        at = self._catalog.image(pool_id, name)
        if at is None:
            return None
        content = self._served.get(name)
        if content is None:
            async with self._pools.store.reading() as records:
                part = await records.parts.find(pool_id, IMAGE, image_key(at[0], name))
            if part is None:
                return None
            content = base64.b64decode(part.document["Bytes"])
            self._keep(name, content)
        return content, at[1]

    def _keep(self, name: str, content: bytes) -> None:
        """Hold an image in memory: strangers may ask for it, and unsealing it each time would be dear."""
        self._served[name] = content
        while sum(map(len, self._served.values())) > MOST_HELD_BYTES:
            self._served.popitem(last=False)


def _change(old: Part, wish: Wish) -> dict[str, Any]:
    style = read_style(old)
    if wish.is_provided:
        return new_style(style.client_id, wish).to_document()
    if wish.is_provided is None and not (wish.settings or wish.uploads):
        return dict(old.document)
    assets = lay_over(style.assets, [upload.asset for upload in wish.uploads])
    if len(assets) > MOST_ASSETS:
        raise Refused(Reason.INVALID, f"a style has at most {MOST_ASSETS} images")
    settings = merge(style.settings, wish.settings)
    check_size(settings)
    return Style(style.client_id, False, settings, assets).to_document()


async def put_images(records: Records, style: Part, uploads: Iterable[Upload]) -> None:
    """Keep the images of a style; what is there by a name is that image already."""
    for upload in uploads:
        key = image_key(style.key, upload.asset.name)
        if upload.content and await records.parts.find(style.pool_id, IMAGE, key) is None:
            document = {"Bytes": base64.b64encode(upload.content).decode()}
            at = style.updated_at
            await records.parts.create(Part(style.pool_id, IMAGE, key, document, at, at))


async def drop_images(records: Records, style: Part, before: Part) -> None:
    """Remove the images that a style had before and has no more."""
    wanted = {asset.name for asset in read_style(style).assets}
    for name in {asset.name for asset in read_style(before).assets} - wanted:
        await records.parts.delete(style.pool_id, IMAGE, image_key(style.key, name))


async def _read_image(records: Records, style: Part, name: str) -> str:
    return str((await records.parts.get(style.pool_id, IMAGE, image_key(style.key, name))).document["Bytes"])


async def _hold(records: Records, pool: Pool, style_id: str) -> Part:
    try:
        return await records.parts.hold(pool.id, STYLE, style_id)
    except NotFound as gone:
        raise no_style() from gone


def no_style() -> Refused:
    """The style is not there."""
    return Refused(Reason.NOT_FOUND, "Managed login branding style does not exist.")
