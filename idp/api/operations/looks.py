"""Looks of the hosted pages and terms (cognito.md 3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.api.call import Call
from idp.api.paging import cut_page
from idp.api.present import present, timestamp
from idp.api.registry import operation
from idp.management.branding import ALL, read_look
from idp.management.looks import no_terms
from idp.model import Part, Pool

Answer = Mapping[str, object]


@operation("GetUICustomization")
async def get_ui_customization(call: Call) -> Answer:
    """Return a client's customization, or else the pool's; an empty one where there is none."""
    pool = await call.pool()
    client_id = await _client_id(call)
    part = await call.core.management.looks.get_ui(pool, client_id)
    return {"UICustomization": _ui(call, pool, part, client_id)}


@operation("SetUICustomization")
async def set_ui_customization(call: Call) -> Answer:
    """Set the CSS or the logo; what is not given stays."""
    pool = await call.pool()
    client_id, given = await _client_id(call), call.input
    part = await call.core.management.looks.set_ui(pool, client_id, given.get("CSS"), given.get("ImageFile"))
    return {"UICustomization": _ui(call, pool, part, client_id)}


async def _client_id(call: Call) -> str:
    """Return ClientId, which must be of this pool; empty for all clients."""
    if call.text("ClientId") in ("", ALL):
        return ""
    _, client = await call.pool_client()
    return client.id


def _ui(call: Call, pool: Pool, part: Part | None, client_id: str) -> dict[str, Any]:
    if part is None:
        return {"UserPoolId": pool.id, "ClientId": client_id or ALL}
    image = read_look(part).image_name
    return present(
        UserPoolId=pool.id,
        ClientId=part.key,
        CSS=part.document.get("CSS"),
        ImageUrl=f"{call.core.public_url}/look/{pool.id}/{image}" if image else None,
        CreationDate=timestamp(part.created_at),
        LastModifiedDate=timestamp(part.updated_at),
    )


@operation("CreateTerms")
async def create_terms(call: Call) -> Answer:
    """Add a document for a client's sign-up page."""
    pool, client = await call.pool_client()
    return {"Terms": _terms(await call.core.management.looks.create_terms(pool, client.id, call.input))}


@operation("DescribeTerms")
async def describe_terms(call: Call) -> Answer:
    """Return a document."""
    for part in await call.core.management.looks.terms(await call.pool()):
        if part.key == call.text("TermsId"):
            return {"Terms": _terms(part)}
    raise no_terms()


@operation("DescribeTermsByClient")
async def describe_terms_by_client(call: Call) -> Answer:
    """Return a client's document of a name."""
    pool, client = await call.pool_client()
    for part in await call.core.management.looks.terms(pool):
        if (part.document["ClientId"], part.document["TermsName"]) == (client.id, call.text("TermsName")):
            return {"Terms": _terms(part)}
    raise no_terms()


@operation("UpdateTerms")
async def update_terms(call: Call) -> Answer:
    """Replace the members that are given."""
    desk = call.core.management.looks
    return {"Terms": _terms(await desk.update_terms(await call.pool(), call.text("TermsId"), call.input))}


@operation("DeleteTerms")
async def delete_terms(call: Call) -> Answer:
    """Remove a document."""
    await call.core.management.looks.delete_terms(await call.pool(), call.text("TermsId"))
    return {}


@operation("ListTerms")
async def list_terms(call: Call) -> Answer:
    """List a pool's documents."""
    pool = await call.pool()
    parts = sorted(await call.core.management.looks.terms(pool), key=lambda part: part.key)
    shown = ("TermsId", "TermsName", "Enforcement", "CreationDate", "LastModifiedDate")
    items = [(part.key, {name: _terms(part)[name] for name in shown}) for part in parts]
    page, following = cut_page(call, items, scope=pool.id, member="MaxResults")
    return present(Terms=page, NextToken=following)


def _terms(part: Part) -> dict[str, object]:
    return {
        **part.document,
        "TermsId": part.key,
        "UserPoolId": part.pool_id,
        "CreationDate": timestamp(part.created_at),
        "LastModifiedDate": timestamp(part.updated_at),
    }
