"""Identity providers, kept and described (cognito.md 3.6, 7.1)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.api.call import Call
from idp.api.paging import cut_page
from idp.api.present import present, timestamp
from idp.api.registry import operation
from idp.model import Part

Answer = Mapping[str, object]


@operation("CreateIdentityProvider")
async def create_identity_provider(call: Call) -> Answer:
    """Add a provider."""
    desk, name = call.core.management.providers, call.text("ProviderName")
    return {"IdentityProvider": _describe(await desk.create(await call.pool(), name, call.input))}


@operation("DescribeIdentityProvider")
async def describe_identity_provider(call: Call) -> Answer:
    """Return a provider with its details."""
    desk, name = call.core.management.providers, call.text("ProviderName")
    return {"IdentityProvider": _describe(await desk.get(await call.pool(), name))}


@operation("UpdateIdentityProvider")
async def update_identity_provider(call: Call) -> Answer:
    """Replace the members that are given."""
    desk, name = call.core.management.providers, call.text("ProviderName")
    return {"IdentityProvider": _describe(await desk.update(await call.pool(), name, call.input))}


@operation("DeleteIdentityProvider")
async def delete_identity_provider(call: Call) -> Answer:
    """Remove a provider."""
    await call.core.management.providers.delete(await call.pool(), call.text("ProviderName"))
    return {}


@operation("ListIdentityProviders")
async def list_identity_providers(call: Call) -> Answer:
    """List a pool's providers by name."""
    pool = await call.pool()
    parts = sorted(await call.core.management.providers.list(pool), key=lambda part: part.key)
    items = [(part.key, _summarize(part)) for part in parts]
    page, following = cut_page(call, items, scope=pool.id, member="MaxResults")
    return present(Providers=page, NextToken=following)


@operation("GetIdentityProviderByIdentifier")
async def get_identity_provider_by_identifier(call: Call) -> Answer:
    """Return the provider that answers to an identifier."""
    part = await call.core.management.providers.by_identifier(await call.pool(), call.text("IdpIdentifier"))
    return {"IdentityProvider": _describe(part)}


def _summarize(part: Part) -> dict[str, object]:
    return {
        "ProviderName": part.key,
        "ProviderType": part.document["ProviderType"],
        "CreationDate": timestamp(part.created_at),
        "LastModifiedDate": timestamp(part.updated_at),
    }


def _describe(part: Part) -> dict[str, object]:
    return {"UserPoolId": part.pool_id, **_summarize(part), **part.document}
