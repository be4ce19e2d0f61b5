"""A code in the place of the password, without JavaScript."""

from __future__ import annotations

import pytest

from idp.factors.records import Factor
from tests.support.hosted_pages import (
    FACTORS,
    House,
    Page,
    PageVisitor,
    answer_of,
    authorize_query,
    newest_code,
)
from tests.support.open_house import OpenHouse
from tests.support.page_forms import add_person, new_address, switch_on
from tests.support.second_factors import find


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    return await open_house(**FACTORS)


async def ask(house: House, name: str, channel: str = "EMAIL_OTP") -> tuple[Page, PageVisitor]:
    visitor = house.visitor()
    page = await visitor.get(f"/login/code?{authorize_query()}")
    return await visitor.submit(page, "/login/code", {"username": name, "channel": channel}), visitor


async def test_a_mailed_code_signs_in(house: House) -> None:
    name = await add_person(house)
    page, visitor = await ask(house, name)
    assert "If this account can sign in this way" in page.text
    code = await newest_code(house.core, name)
    assert len(code) == 8
    back = await visitor.submit(page, "/mfa", {"code": code})
    assert "code" in answer_of(back)


@pytest.mark.parametrize("who", ["nobody", "disabled", "with a second step", "with a temporary password"])
async def test_who_cannot_sign_in_this_way_looks_like_who_can(house: House, who: str) -> None:
    name = new_address() if who == "nobody" else await add_person(house, permanent="temporary" not in who)
    if who == "disabled":
        await house.core.administration.disable((await find(house, name))[0], name)
    if who == "with a second step":
        await switch_on(house, name, Factor.EMAIL)
    page, visitor = await ask(house, name)
    assert page.heading == "Confirm that it is you"
    assert "code is on its way to p***@e***." in page.text
    page = await visitor.submit(page, "/mfa/resend", {})
    assert "A new code is on its way." in page.text
    page = await visitor.submit(page, "/mfa", {"code": "12345678"})
    assert page.alerts == "This code is not right. Please try again."
    await house.core.outbox.drain()
    assert await house.core.outbox.messages() == ()


async def test_asking_has_an_end_for_every_name_alike(house: House) -> None:
    for name in (await add_person(house), new_address()):
        for _ in range(5):
            await ask(house, name)
        page, _ = await ask(house, name)
        assert page.alerts == "Too many tries. Please wait a while before the next one."


async def test_where_codes_are_not_offered_there_is_no_page(open_house: OpenHouse) -> None:
    house = await open_house()
    page = await house.visitor().get(f"/login/code?{authorize_query()}")
    assert page.heading == "Sign in"
    assert "/login/code" not in page.text


async def test_a_channel_that_is_not_offered_is_not_used(house: House) -> None:
    page, _ = await ask(house, await add_person(house), "WEB_AUTHN")
    assert page.heading == "Sign in with a code"
