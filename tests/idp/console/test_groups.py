"""Groups in the console: made, changed, listed with their members, removed by name."""

from __future__ import annotations

import pytest

from idp.model import Group
from tests.support.console import ADMIN, HOME, MINA, sign_in
from tests.support.hosted_pages import House

ODD = 'a/b?c=1&d#"<é>'


async def test_group_is_made_changed_and_deleted(house: House) -> None:
    visitor, pool = house.visitor(), await house.core.find_pool("demo")
    page = await sign_in(visitor, at=f"{HOME}/groups")
    page = await visitor.submit(page, "/groups", {"name": ODD, "description": "odd", "precedence": "3"})
    assert page.response.url.path == f"{HOME}/groups"
    group = await house.core.groups.get(pool, ODD)
    assert isinstance(group, Group)
    assert (group.description, group.precedence, group.role_arn) == ("odd", 3, None)
    page = await visitor.get(f"{HOME}/group", params={"name": ODD})
    page = await visitor.submit(page, "/group/change", {"description": "odder", "precedence": ""})
    assert 'value="odder"' in page.text
    refused = await visitor.submit(page, "/group/delete", {"confirmation": "a"})
    assert "Nothing was deleted" in refused.alerts
    await visitor.submit(page, "/group/delete", {"confirmation": ODD})
    assert {each.name for each in await house.core.groups.list(pool)} == {"admins", "editors"}


@pytest.mark.parametrize(
    "typed",
    [
        {"name": "two words"},
        {"name": "x" * 129},
        {"name": "admins"},
        {"name": "fine", "precedence": "-1"},
        {"name": "fine", "precedence": "٣"},
        {"name": "fine", "precedence": "9999999999"},
        {"name": "fine", "role": "no arn"},
    ],
    ids=str,
)
async def test_unfit_group_is_refused_and_kept_in_the_form(house: House, typed: dict[str, str]) -> None:
    visitor, pool = house.visitor(), await house.core.find_pool("demo")
    page = await sign_in(visitor, at=f"{HOME}/groups")
    page = await visitor.submit(page, "/groups", typed)
    assert page.response.status_code == 400
    assert page.alerts
    assert f'value="{typed["name"]}"' in page.text
    assert len(await house.core.groups.list(pool)) == 2


async def test_members_are_listed_with_links(house: House) -> None:
    visitor = house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/group?name=admins")
    assert f">{ADMIN}</a>" in page.text
    assert MINA not in page.text


async def test_admin_group_is_not_deleted_from_inside(house: House) -> None:
    visitor, pool = house.visitor(), await house.core.find_pool("demo")
    page = await sign_in(visitor, at=f"{HOME}/group?name=editors")
    typed = {"name": "admins", "confirmation": "admins"}
    page = await visitor.submit(page, "/group/delete", typed)
    assert page.response.status_code == 400
    assert isinstance(await house.core.groups.get(pool, "admins"), Group)


async def test_unknown_group_is_not_found(house: House) -> None:
    visitor = house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/group?name=nosuch")
    assert page.response.status_code == 404
