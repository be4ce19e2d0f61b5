"""What belongs to a client among its pool's parts, and goes with it: its looks and its terms."""

from __future__ import annotations

from idp.management.branding import UI
from idp.management.catalog import TERMS
from idp.management.style_records import IMAGE, STYLE, image_key
from idp.model import Client
from idp.store.base import Records


async def remove_client_parts(records: Records, client: Client) -> None:
    """Remove a client's UI customization, branding style and terms."""
    pool_id = client.pool_id
    if await records.parts.find(pool_id, UI, client.id) is not None:
        await records.parts.delete(pool_id, UI, client.id)
    for kind in (STYLE, TERMS):
        for part in await records.parts.list(pool_id, kind):
            if part.document["ClientId"] == client.id:
                await records.parts.delete(pool_id, kind, part.key)
                if kind == STYLE:
                    await records.parts.clear(pool_id, IMAGE, image_key(part.key, ""))
