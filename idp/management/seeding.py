"""Brings a pool's declared parts into the store: providers, branding styles, classic looks, terms.

What the file no longer declares is removed; what was made through the API stays, unless the file declares
one for the same client, which takes its place under the same id.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from idp.config.document import PoolConfig
from idp.config.parts import StyleConfig
from idp.management.branding import ALL, UI
from idp.management.catalog import TERMS
from idp.management.declared import declare
from idp.management.providers import PROVIDER
from idp.management.style_records import IMAGE, STYLE, image_key
from idp.management.style_wishes import new_style
from idp.management.styles import drop_images, put_images
from idp.model import Client, Part
from idp.protection.declared import CONFIG, declare_risks
from idp.protection.records import RiskConfiguration
from idp.store.base import Records

Documents = dict[str, Mapping[str, Any]]


async def seed_parts(records: Records, entry: PoolConfig, clients: Iterable[Client], *, now: float) -> None:
    """Write a pool's declared parts; `clients` are those of the store, the declared ones among them."""
    pool_id, parts = entry.pool.id, entry.parts
    served = [client for client in clients if client.origin == "config" and client.active]
    ids = {ALL: ALL} | {client.name: client.id for client in served}
    ids |= {client.id: client.id for client in entry.clients if client.id}
    await declare(records, pool_id, PROVIDER, parts.providers, now=now)
    looks = {ids[look.client]: _look(look.css, look.image) for look in parts.looks}
    await declare(records, pool_id, UI, looks, now=now)
    wanted = [{"ClientId": ids[each.client], **each.document} for each in parts.terms]
    terms = await _keyed(records, pool_id, TERMS, wanted, of=_terms_mark)
    await declare(records, pool_id, TERMS, terms, now=now)
    await _seed_styles(records, pool_id, {ids[style.client]: style for style in parts.styles}, now=now)
    await declare_risks(records, pool_id, _risks(entry, ids, now=now))


def _risks(entry: PoolConfig, ids: Mapping[str, str], *, now: float) -> dict[str, RiskConfiguration]:
    found = {ids.get(each.client, ""): each.parts for each in entry.risks}
    return {
        client: RiskConfiguration(
            entry.pool.id, client, now, parts.compromised, parts.takeover, parts.exceptions, CONFIG
        )
        for client, parts in found.items()
    }


def _look(css: str, image: bytes) -> dict[str, str]:
    found = {"CSS": css, "Image": base64.b64encode(image).decode()}
    return {key: value for key, value in found.items() if value}


def _terms_mark(document: Mapping[str, Any]) -> tuple[str, str]:
    return document["ClientId"], document["TermsName"]


async def _seed_styles(
    records: Records, pool_id: str, declared: Mapping[str, StyleConfig], *, now: float
) -> None:
    before = {part.key: part for part in await records.parts.list(pool_id, STYLE)}
    wanted = [new_style(client, style.wish).to_document() for client, style in declared.items()]
    documents = await _keyed(records, pool_id, STYLE, wanted, of=lambda document: document["ClientId"])
    for gone in await declare(records, pool_id, STYLE, documents, now=now):
        await records.parts.clear(pool_id, IMAGE, image_key(gone, ""))
    for key, document in documents.items():
        part = Part(pool_id, STYLE, key, document, now, now)
        await put_images(records, part, declared[document["ClientId"]].wish.uploads)
        if key in before:
            await drop_images(records, part, before[key])


async def _keyed(
    records: Records,
    pool_id: str,
    kind: str,
    wanted: Iterable[Mapping[str, Any]],
    *,
    of: Callable[[Mapping[str, Any]], object],
) -> Documents:
    """Give documents the ids that those for the same thing have in the store, or new ones."""
    known = {of(part.document): part.key for part in await records.parts.list(pool_id, kind)}
    return {known.get(of(document)) or str(uuid.uuid4()): document for document in wanted}
