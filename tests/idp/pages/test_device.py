"""Browsers are told apart by a cookie, in pools with threat protection."""

from __future__ import annotations

import pytest

from idp.pages.device import COOKIE
from idp.protection.records import RiskConfiguration
from tests.support.hosted_pages import House, PageVisitor, authorize_path
from tests.support.open_house import OpenHouse
from tests.support.pools import POOL_ID

ON = {"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}}
LOW = {"LowAction": {"EventAction": "BLOCK", "Notify": False}}


async def is_let_in(visitor: PageVisitor) -> bool:
    return (await visitor.sign_in()).response.status_code == 302


def keep(visitor: PageVisitor, value: str) -> None:
    visitor.http.cookies.set(COOKIE, value, domain="login.example", path="/")


async def blocking(open_house: OpenHouse) -> tuple[House, PageVisitor]:
    """A pool that blocks new browsers, and the browser that it knows."""
    house = await open_house(**ON)
    known = house.visitor()
    assert await is_let_in(known)
    house.clock.advance(60)
    await house.core.threats.configure(RiskConfiguration(POOL_ID, "", 0.0, takeover={"Actions": LOW}))
    return house, known


async def test_a_browser_of_the_same_kind_is_another_device(open_house: OpenHouse) -> None:
    house, known = await blocking(open_house)
    assert not await is_let_in(house.visitor())
    later = house.visitor()  # the browser's session is over, its cookie for the device is not
    keep(later, known.http.cookies[COOKIE])
    assert await is_let_in(later)


@pytest.mark.parametrize("kind", ["made up", "long", "none"])
async def test_an_id_that_is_made_up_is_no_known_device(open_house: OpenHouse, kind: str) -> None:
    house, known = await blocking(open_house)
    stranger = house.visitor()
    if kind != "none":
        keep(stranger, "A" * (22 if kind == "made up" else 4000))
    assert not await is_let_in(stranger)
    assert stranger.http.cookies[COOKIE] != known.http.cookies[COOKIE]


async def test_the_cookie_is_for_the_server_alone_and_stays(open_house: OpenHouse) -> None:
    house = await open_house(public_url="https://login.example", **ON)
    visitor = PageVisitor(house.app, origin="https://login.example")
    answer = await visitor.http.get(authorize_path(), follow_redirects=True)
    name = f"__Host-{COOKIE}"
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{name}=")]
    assert "Domain" not in cookie
    for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/", f"Max-Age={400 * 86_400}"):
        assert word in cookie
    before = visitor.http.cookies[name]
    await visitor.get(authorize_path())
    assert visitor.http.cookies[name] == before


async def test_an_id_that_another_site_of_the_domain_planted_is_not_taken(open_house: OpenHouse) -> None:
    house = await open_house(public_url="https://login.example", **ON)
    visitor, planted = PageVisitor(house.app, origin="https://login.example"), "A" * 22
    keep(visitor, planted)
    await visitor.get(authorize_path())
    assert visitor.http.cookies[f"__Host-{COOKIE}"] != planted


async def test_other_pools_set_none(house: House) -> None:
    visitor = house.visitor()
    await visitor.get(authorize_path())
    assert COOKIE not in visitor.http.cookies
