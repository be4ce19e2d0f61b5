"""Which parts of a pool the configuration file declares: those are changed there, and go when it drops them.

The list is kept beside the parts, one for each kind, so that what was made through the API stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from idp.management.refusal import invalid
from idp.model import Part, Pool
from idp.store.base import Records

DECLARED: Final = "declared"


async def declared_keys(records: Records, pool_id: str, kind: str) -> frozenset[str]:
    """Return the keys of a kind's declared parts."""
    part = await records.parts.find(pool_id, DECLARED, kind)
    return frozenset(part.document["Keys"]) if part else frozenset()


async def refuse_declared(records: Records, pool: Pool, kind: str, key: str) -> None:
    """Refuse to change what the configuration file declares: the next start would write over it."""
    if key in await declared_keys(records, pool.id, kind):
        raise invalid("This is declared in the configuration file; change it there")


async def declare(
    records: Records, pool_id: str, kind: str, documents: Mapping[str, Mapping[str, Any]], *, now: float
) -> frozenset[str]:
    """Write a kind's declared parts, by key, and remove those that are not declared any more; return them."""
    gone = await declared_keys(records, pool_id, kind) - set(documents)
    for key in gone:
        if await records.parts.find(pool_id, kind, key) is not None:
            await records.parts.delete(pool_id, kind, key)
    for key, document in documents.items():
        await _write(records, Part(pool_id, kind, key, document, now, now))
    await _remember(records, pool_id, kind, documents, now=now)
    return gone


async def _write(records: Records, part: Part) -> None:
    old = await records.parts.find(part.pool_id, part.kind, part.key)
    if old is None:
        await records.parts.create(part)
    elif old.document != part.document:
        at = (part.pool_id, part.kind, part.key)
        await records.parts.update(at, lambda kept: replace(part, created_at=kept.created_at))


async def _remember(records: Records, pool_id: str, kind: str, keys: Collection[str], *, now: float) -> None:
    kept = await declared_keys(records, pool_id, kind)
    if kept == set(keys):
        return
    part = Part(pool_id, DECLARED, kind, {"Keys": sorted(keys)}, now, now)
    if await records.parts.find(pool_id, DECLARED, kind) is None:
        await records.parts.create(part)
    else:
        await records.parts.update((pool_id, DECLARED, kind), lambda _: part)
