"""Which group a pool's console is for: the file's word, or a tag where the API made the pool."""

from __future__ import annotations

import pytest

from idp.console.client import TAG, admin_group
from idp.management.refusal import Refused
from idp.model import Group, Pool
from tests.support.console import ADMIN, HOME, MINA, find, sign_in
from tests.support.hosted_pages import PASSWORD, House, Page, PageVisitor


async def make_pool(house: House, **tags: str) -> Pool:
    """A pool of the API with somebody in the groups `admins` and `staff`."""
    pool = await house.core.management.pools.create(
        {"PoolName": "made", "UserPoolTags": tags}, region="eu-west-1"
    )
    for name in ("admins", "staff"):
        await house.core.groups.create(Group(pool.id, name))
        await house.core.administration.add(
            pool, username=f"{name}-one", password=PASSWORD, permanent=True, attributes={}
        )
        await house.core.administration.add_to_group(pool, f"{name}-one", name)
    return pool


async def come(house: House, pool: Pool, name: str) -> tuple[PageVisitor, Page]:
    visitor = house.visitor()
    return visitor, await sign_in(visitor, name, at=f"/admin/{pool.id}/users")


async def tag(house: House, pool: Pool, **tags: str) -> None:
    fresh = await house.core.find_pool(pool.id)
    await house.core.management.pools.tag(fresh, lambda _: tags)


async def test_tag_names_the_group(house: House) -> None:
    pool = await make_pool(house, **{TAG: "admins"})
    _, page = await come(house, pool, "admins-one")
    assert page.heading == "Users"
    _, page = await come(house, pool, "staff-one")
    assert page.response.status_code == 403


async def test_pool_without_the_tag_has_no_console(house: House) -> None:
    pool = await make_pool(house, other="admins")
    page = await house.visitor().get(f"/admin/{pool.id}/users")
    assert page.response.status_code == 404
    assert "AdminGroup" in page.text


async def test_change_of_the_tag_moves_the_key_at_once(house: House) -> None:
    pool = await make_pool(house, **{TAG: "admins"})
    visitor, _ = await come(house, pool, "admins-one")
    await tag(house, pool, **{TAG: "staff"})
    assert (await visitor.get(f"/admin/{pool.id}/users")).response.status_code == 403
    _, page = await come(house, pool, "staff-one")
    assert page.heading == "Users"
    await tag(house, pool)
    assert (await visitor.get(f"/admin/{pool.id}/users")).response.status_code == 404


@pytest.mark.parametrize("name", ["Admins", "admins ", "nosuch", "admins,staff", "*", "%"])
async def test_tag_means_the_one_group_of_this_very_name(house: House, name: str) -> None:
    pool = await make_pool(house, **{TAG: name})
    _, page = await come(house, pool, "admins-one")
    assert page.response.status_code == 403


async def test_group_of_the_same_name_in_another_pool_opens_nothing(house: House) -> None:
    pool = await make_pool(house, **{TAG: "admins"})
    visitor, _ = await come(house, pool, "admins-one")
    mina = await find(house, MINA)
    assert (await visitor.get(f"{HOME}/users")).heading == "Sign in"
    assert (await visitor.get(f"/admin/{pool.id}/users/{mina.sub}")).response.status_code == 404
    page = await sign_in(house.visitor(), ADMIN, at=f"/admin/{pool.id}/users")
    assert page.alerts  # the file's administrator is nobody in this pool
    group = await house.visitor().get(f"/admin/{pool.id}/group?name=admins")
    assert group.heading == "Sign in"


async def test_deleted_group_closes_the_console_even_for_its_members(house: House) -> None:
    pool = await make_pool(house, **{TAG: "admins"})
    visitor, _ = await come(house, pool, "admins-one")
    await house.core.groups.delete(pool, "admins")
    assert (await visitor.get(f"/admin/{pool.id}/users")).response.status_code == 403


async def test_tag_cannot_be_put_on_a_pool_of_the_file(house: House) -> None:
    pool = await house.core.find_pool("demo")
    with pytest.raises(Refused):
        await house.core.management.pools.tag(pool, lambda _: {TAG: "editors"})
    assert admin_group(await house.core.find_pool("demo")) == "admins"


def test_files_word_goes_before_a_tag() -> None:
    pool = Pool("us-east-1_x", "x", admin_group="a", kept={"UserPoolTags": {TAG: "b"}})
    assert admin_group(pool) == "a"
    assert admin_group(Pool("us-east-1_x", "x", kept={"UserPoolTags": {TAG: ""}})) is None
    assert admin_group(Pool("us-east-1_x", "x", kept={"UserPoolTags": None})) is None
