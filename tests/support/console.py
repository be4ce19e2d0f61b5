"""A house whose pool has an administrator, for the tests of the console; and a second pool beside it."""

from __future__ import annotations

from typing import Any

from idp.model import User
from tests.support.hosted_pages import CLIENT, PASSWORD, House, Page, PageVisitor, pools_document
from tests.support.pools import POOL_ID

ADMIN, MINA = "root@example.com", "mina@example.com"
OTHER_ADMIN, OTHER_POOL = "boss@example.com", "us-east-1_Second001"
HOME = f"/admin/{POOL_ID}"


def seed(name: str, *groups: str) -> dict[str, Any]:
    """A confirmed user of the configuration."""
    attributes = {"email": name, "email_verified": "true"}
    return {"Username": name, "Password": PASSWORD, "Attributes": attributes, "Groups": list(groups)}


def console_document(**changes: Any) -> list[dict[str, Any]]:
    """Two pools with a console and an administrator each; `changes` are of the first."""
    groups = [{"GroupName": "admins"}, {"GroupName": "editors"}]
    on = {"AdminGroup": "admins", "UserPoolGroups": groups}
    users = [seed(ADMIN, "admins"), seed(MINA)]
    [first] = pools_document(**{**on, "UserPoolUsers": users, **changes})
    [second] = pools_document(**on, UserPoolUsers=[seed(OTHER_ADMIN, "admins")])
    second |= {"UserPoolName": "other", "UserPoolId": OTHER_POOL, "UserPoolClients": []}
    assert first["UserPoolClients"][0]["ClientId"] == CLIENT
    return [first, second]


async def sign_in(
    visitor: PageVisitor, name: str = ADMIN, *, at: str = f"{HOME}/users", password: str = PASSWORD
) -> Page:
    """Open a page of the console and sign in on the way."""
    page = await visitor.get(at)
    return await visitor.submit(page, "/login", {"username": name, "password": password})


async def find(house: House, name: str, pool_id: str = POOL_ID) -> User:
    """Return a user as the store has them."""
    pool = await house.core.find_pool(pool_id)
    found = await house.core.administration.get(pool, name)
    assert isinstance(found, tuple), found
    return found[0]
