"""The second step on the hosted pages: codes by app, mail and text message, choosing, setting up."""

from __future__ import annotations

import re

import pyotp
import pytest

from idp.factors.records import Factor
from tests.support.hosted_pages import FACTORS, PASSWORD, House, answer_of, authorize_path, newest_code
from tests.support.open_house import OpenHouse
from tests.support.page_forms import add_person, new_address, switch_on
from tests.support.second_factors import REQUIRED, add_person_with_app, code_of, find, seed_on

PHONE = "+12025550123"


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    return await open_house(**FACTORS)


async def test_an_app_is_asked_for_after_the_password(house: House) -> None:
    name, seed = await add_person_with_app(house)
    visitor = house.visitor()
    page = await visitor.sign_in(name)
    assert page.heading == "Confirm that it is you"
    assert "cognito" not in visitor.http.cookies
    back = await visitor.submit(page, "/mfa", {"code": code_of(house, seed)})
    assert answer_of(back).keys() == {"code", "state"}
    assert "cognito" in visitor.http.cookies


async def test_a_code_with_spaces_is_the_code(house: House) -> None:
    name, seed = await add_person_with_app(house)
    visitor = house.visitor()
    code = code_of(house, seed)
    page = await visitor.submit(await visitor.sign_in(name), "/mfa", {"code": f" {code[:3]} {code[3:]} "})
    assert "code" in answer_of(page)


async def test_a_wrong_code_leaves_the_page_and_the_sign_in_good(house: House) -> None:
    name, seed = await add_person_with_app(house)
    visitor = house.visitor()
    page = await visitor.submit(await visitor.sign_in(name), "/mfa", {"code": "000000"})
    assert page.alerts == "This code is not right. Please try again."
    page = await visitor.submit(page, "/mfa", {"code": ""})
    assert page.alerts == "Please enter the code."
    assert "code" in answer_of(await visitor.submit(page, "/mfa", {"code": code_of(house, seed)}))


@pytest.mark.parametrize(
    ("factor", "to", "masked"),
    [(Factor.EMAIL, "", "p***@e***"), (Factor.SMS, PHONE, "+*******0123")],
    ids=["mail", "text message"],
)
async def test_a_code_is_sent_and_sent_again(house: House, factor: Factor, to: str, masked: str) -> None:
    name = await add_person(house, phone_number=PHONE)
    await switch_on(house, name, factor)
    visitor = house.visitor()
    page = await visitor.sign_in(name)
    assert f"We sent a code to {masked}." in page.text
    first = await newest_code(house.core, to or name)
    page = await visitor.submit(page, "/mfa/resend", {})
    assert "A new code is on its way." in page.text
    second = await newest_code(house.core, to or name)
    if first != second:
        page = await visitor.submit(page, "/mfa", {"code": first})
        assert page.alerts == "This code is not right. Please try again."
    assert "code" in answer_of(await visitor.submit(page, "/mfa", {"code": second}))


async def test_sending_again_has_an_end(house: House) -> None:
    name = await add_person(house)
    await switch_on(house, name, Factor.EMAIL)
    visitor = house.visitor()
    page = await visitor.sign_in(name)
    for _ in range(4):
        page = await visitor.submit(page, "/mfa/resend", {})
        assert page.alerts == ""
    page = await visitor.submit(page, "/mfa/resend", {})
    assert page.alerts == "Too many tries. Please wait a while before the next one."
    assert "code" in answer_of(
        await visitor.submit(page, "/mfa", {"code": await newest_code(house.core, name)})
    )


async def test_one_of_several_is_chosen(house: House) -> None:
    name = await add_person(house, phone_number=PHONE)
    await switch_on(house, name, Factor.EMAIL, Factor.SMS)
    visitor = house.visitor()
    page = await visitor.sign_in(name)
    assert page.heading == "How do you want to confirm that it is you?"
    assert re.findall(r'name="choice" value="(\w+)"', page.text) == ["SMS_MFA", "EMAIL_OTP"]
    page = await visitor.submit(page, "/mfa/choose", {"choice": "SMS_MFA"})
    assert "code" in answer_of(
        await visitor.submit(page, "/mfa", {"code": await newest_code(house.core, PHONE)})
    )


async def test_a_temporary_password_is_replaced_before_the_second_step(house: House) -> None:
    name = await add_person(house, permanent=False, password="Temporary-1")
    await switch_on(house, name, Factor.EMAIL)
    visitor = house.visitor()
    page = await visitor.sign_in(name, "Temporary-1")
    typed = {"password": PASSWORD, "confirm_password": PASSWORD}
    page = await visitor.submit(page, "/changePassword", typed)
    assert page.heading == "Confirm that it is you"
    assert "cognito" not in visitor.http.cookies


async def test_a_required_app_is_set_up_and_then_asked_for(open_house: OpenHouse) -> None:
    house = await open_house(**REQUIRED)
    name = await add_person(house)
    visitor = house.visitor()
    page = await visitor.sign_in(name)
    assert page.heading == "Set up a second step"
    seed = seed_on(page)
    uri = next(tag["href"] for kind, tag in page.tags if kind == "a" and tag["href"].startswith("otpauth"))
    app = pyotp.parse_uri(uri)
    assert (app.secret, app.issuer, app.name) == (seed, "demo", name)
    assert '<svg viewBox="0 0' in page.text
    page = await visitor.submit(page, "/mfa/setup", {"code": "000000"})
    assert "Check that your phone" in page.alerts
    assert seed_on(page) == seed, "a wrong code does not change the key"
    back = await visitor.submit(page, "/mfa/setup", {"code": code_of(house, seed)})
    assert "code" in answer_of(back)
    house.clock.advance(30)
    later = house.visitor()
    page = await later.sign_in(name)
    assert page.heading == "Confirm that it is you"
    assert "code" in answer_of(await later.submit(page, "/mfa", {"code": code_of(house, seed)}))


async def test_an_address_is_set_up_where_there_is_none(open_house: OpenHouse) -> None:
    house = await open_house(
        MfaConfiguration="ON", EnabledMfas=["EMAIL_OTP"], UsernameAttributes=[], UserPoolUsers=[]
    )
    pool = (await house.core.pools())[0]
    await house.core.administration.add(pool, username="bob", password=PASSWORD, permanent=True)
    visitor = house.visitor()
    page = await visitor.sign_in("bob")
    assert page.heading == "Set up a second step"
    page = await visitor.submit(page, "/mfa/setup", {"email": "no address"})
    assert page.alerts == "Please enter an email address."
    page = await visitor.submit(page, "/mfa/setup", {"email": "bob@example.com"})
    page = await visitor.submit(page, "/mfa/resend", {})
    code = await newest_code(house.core, "bob@example.com")
    assert "code" in answer_of(await visitor.submit(page, "/mfa", {"code": code}))
    _, user = await find(house, "bob")
    assert user.has_verified("email")


async def test_after_sign_up_whoever_has_no_second_step_sets_one_up(open_house: OpenHouse) -> None:
    house = await open_house(**REQUIRED)
    visitor, name = house.visitor(), new_address()
    page = await visitor.get(authorize_path().replace("/oauth2/authorize", "/signup"))
    typed = {"username": name, "password": PASSWORD, "confirm_password": PASSWORD}
    page = await visitor.submit(page, "/signup", typed)
    page = await visitor.submit(page, "/confirm", {"code": await newest_code(house.core, name)})
    assert page.heading == "Set up a second step"
    assert "cognito" not in visitor.http.cookies


async def test_where_nothing_can_be_had_the_person_is_told(open_house: OpenHouse) -> None:
    house = await open_house(MfaConfiguration="ON", EnabledMfas=["SMS_MFA"])
    page = await house.visitor().sign_in(await add_person(house))
    assert page.alerts.startswith("A second factor is required here")


async def test_korean(house: House) -> None:
    name, _ = await add_person_with_app(house)
    visitor = house.visitor()
    page = await visitor.get(authorize_path(lang="ko"))
    page = await visitor.submit(page, "/login", {"username": name, "password": PASSWORD})
    assert page.heading == "본인 확인"
