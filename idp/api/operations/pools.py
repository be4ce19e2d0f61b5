"""User pools: made, described, changed, removed, listed (cognito.md 3.6, 3.7)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.api.call import Call
from idp.api.errors import not_found
from idp.api.paging import cut_page
from idp.api.pool_shapes import pool_description, pool_type
from idp.api.present import present
from idp.api.registry import operation
from idp.model import Pool

Answer = Mapping[str, object]


@operation("CreateUserPool")
async def create_user_pool(call: Call) -> Answer:
    """Make a pool; it is served at once."""
    pool = await call.core.management.pools.create(call.input, region=call.region)
    return {"UserPool": pool_type(pool, users=0)}


@operation("DescribeUserPool")
async def describe_user_pool(call: Call) -> Answer:
    """Return a pool's settings."""
    pool = await call.pool()
    async with call.core.store.reading() as records:
        users = await records.users.count(pool.id)
    return {"UserPool": pool_type(pool, users=users)}


@operation("UpdateUserPool")
async def update_user_pool(call: Call) -> Answer:
    """Replace a pool's settings."""
    await call.core.management.pools.update(await call.pool(), call.input)
    return {}


@operation("DeleteUserPool")
async def delete_user_pool(call: Call) -> Answer:
    """Remove a pool with its users, clients and keys."""
    await call.core.management.pools.delete(await call.pool())
    return {}


@operation("ListUserPools")
async def list_user_pools(call: Call) -> Answer:
    """List the pools by id."""
    pools = sorted(await call.core.pools(), key=lambda pool: pool.id)
    items = [(pool.id, pool_description(pool)) for pool in pools]
    page, following = cut_page(call, items, scope="pools", member="MaxResults")
    return present(UserPools=page, NextToken=following)


@operation("AddCustomAttributes")
async def add_custom_attributes(call: Call) -> Answer:
    """Add attributes to a pool's schema."""
    await call.core.management.pools.add_attributes(await call.pool(), call.input["CustomAttributes"])
    return {}


@operation("TagResource")
async def tag_resource(call: Call) -> Answer:
    """Put tags on a pool."""
    pool = await _tagged(call)
    await call.core.management.pools.tag(pool, lambda tags: {**tags, **call.input["Tags"]})
    return {}


@operation("UntagResource")
async def untag_resource(call: Call) -> Answer:
    """Take tags off a pool."""
    pool = await _tagged(call)
    gone = frozenset(call.input["TagKeys"])
    await call.core.management.pools.tag(
        pool, lambda tags: {key: value for key, value in tags.items() if key not in gone}
    )
    return {}


@operation("ListTagsForResource")
async def list_tags_for_resource(call: Call) -> Answer:
    """Return a pool's tags."""
    return {"Tags": (await _tagged(call)).kept.get("UserPoolTags", {})}


async def _tagged(call: Call) -> Pool:
    """Return the pool that ResourceArn names."""
    arn = call.text("ResourceArn")
    pool = await call.core.pool(arn.rpartition("userpool/")[2])
    if pool is None or ":cognito-idp:" not in arn:
        raise not_found(f"Resource {arn} does not exist.")
    return pool


@operation("GetLogDeliveryConfiguration")
async def get_log_delivery_configuration(call: Call) -> Answer:
    """Return where logs were said to go."""
    return _log_delivery(await call.pool())


@operation("SetLogDeliveryConfiguration")
async def set_log_delivery_configuration(call: Call) -> Answer:
    """Keep where logs should go; they go to the process's own log."""
    pool = await call.pool()
    given = {"LogConfigurations": call.input["LogConfigurations"]}
    return _log_delivery(await call.core.management.pools.keep(pool, given))


def _log_delivery(pool: Pool) -> Answer:
    entries = pool.kept.get("LogConfigurations", [])
    return {"LogDeliveryConfiguration": {"UserPoolId": pool.id, "LogConfigurations": entries}}
