"""Domains of pools (cognito.md 3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.api.call import Call
from idp.api.errors import invalid_parameter
from idp.api.pool_shapes import domain_description
from idp.api.registry import operation
from idp.model import Pool

Answer = Mapping[str, object]
_UNSERVED: Final = {
    "Routing": "there are no replicas in other regions",
    "CustomDomainConfig": "the pool is served at its public URL, with the load balancer's certificates",
}


@operation("CreateUserPoolDomain")
async def create_user_pool_domain(call: Call) -> Answer:
    """Give a pool its domain."""
    _refuse_unserved(call)
    pool, domain = await call.pool(), call.text("Domain")
    version = call.input.get("ManagedLoginVersion", 1)
    return _version(await call.core.management.domains.create(pool, domain, version))


@operation("DescribeUserPoolDomain")
async def describe_user_pool_domain(call: Call) -> Answer:
    """Return whose domain it is; an unknown one has an empty description."""
    pool = await call.core.management.domains.find(call.text("Domain"))
    return {"DomainDescription": domain_description(pool) if pool else {}}


@operation("UpdateUserPoolDomain")
async def update_user_pool_domain(call: Call) -> Answer:
    """Change the version of a domain's hosted pages."""
    _refuse_unserved(call)
    pool, version = await call.pool(), call.input.get("ManagedLoginVersion")
    return _version(await call.core.management.domains.update(pool, call.text("Domain"), version))


@operation("DeleteUserPoolDomain")
async def delete_user_pool_domain(call: Call) -> Answer:
    """Take a pool's domain away."""
    await call.core.management.domains.delete(await call.pool(), call.text("Domain"))
    return {}


def _version(pool: Pool) -> Answer:
    return {"ManagedLoginVersion": pool.domain_version}


def _refuse_unserved(call: Call) -> None:
    for member, why in _UNSERVED.items():
        if member in call.input:
            raise invalid_parameter(f"{member} is not supported: {why}")
