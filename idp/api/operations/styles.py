"""Managed login branding (cognito.md 3.6)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.api.call import Call
from idp.api.errors import invalid_parameter
from idp.api.present import timestamp
from idp.api.registry import operation
from idp.model import Part

Answer = Mapping[str, object]


@operation("CreateManagedLoginBranding")
async def create_managed_login_branding(call: Call) -> Answer:
    """Make a client's style."""
    pool, client = await call.pool_client()
    return await _answer(call, await call.core.management.styles.create(pool, client.id, call.input))


@operation("DescribeManagedLoginBranding")
async def describe_managed_login_branding(call: Call) -> Answer:
    """Return a style."""
    desk, style_id = call.core.management.styles, call.text("ManagedLoginBrandingId")
    return await _answer(call, await desk.get(await call.pool(), style_id))


@operation("DescribeManagedLoginBrandingByClient")
async def describe_managed_login_branding_by_client(call: Call) -> Answer:
    """Return a client's style."""
    pool, client = await call.pool_client()
    return await _answer(call, await call.core.management.styles.of_client(pool, client.id))


@operation("UpdateManagedLoginBranding")
async def update_managed_login_branding(call: Call) -> Answer:
    """Lay settings and images over a style's; what is not given stays."""
    for member in ("UserPoolId", "ManagedLoginBrandingId"):  # the model has them as optional
        if not call.text(member):
            raise invalid_parameter(f"{member} is required")
    desk, style_id = call.core.management.styles, call.text("ManagedLoginBrandingId")
    return await _answer(call, await desk.update(await call.pool(), style_id, call.input))


@operation("DeleteManagedLoginBranding")
async def delete_managed_login_branding(call: Call) -> Answer:
    """Remove a style; the client's pages have this site's own again."""
    desk, style_id = call.core.management.styles, call.text("ManagedLoginBrandingId")
    await desk.delete(await call.pool(), style_id)
    return {}


async def _answer(call: Call, part: Part) -> Answer:
    merged = bool(call.input.get("ReturnMergedResources"))
    described = await call.core.management.styles.describe(part, merged=merged)
    dates = {"CreationDate": timestamp(part.created_at), "LastModifiedDate": timestamp(part.updated_at)}
    return {"ManagedLoginBranding": described | dates}
