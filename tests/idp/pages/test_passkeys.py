"""Passkeys on the hosted pages, spoken to without a browser: what is accepted, and from whom."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.authenticator import Authenticator
from tests.support.hosted_pages import (
    CALLBACK,
    CLIENT,
    FACTORS,
    ORIGIN,
    PASSWORD,
    House,
    Page,
    PageVisitor,
    answer_of,
    authorize_query,
)
from tests.support.open_house import OpenHouse
from tests.support.page_forms import add_person
from tests.support.second_factors import add_person_with_app, code_of, find

SECURE = ORIGIN.replace("http:", "https:")


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    return await open_house(**FACTORS, public_url=SECURE)


def options_on(page: Page) -> dict[str, Any]:
    found = next(tag for kind, tag in page.tags if kind == "form" and "data-options" in tag)
    options: dict[str, Any] = json.loads(found["data-options"])
    return options


async def add_passkey(visitor: PageVisitor, name: str) -> Authenticator:
    """Sign in with the password and add a passkey."""
    await visitor.sign_in(name)
    page = await visitor.get(f"/passkeys/add?{authorize_query()}")
    device = Authenticator(SECURE)
    made = json.dumps(device.create(options_on(page)))
    page = await visitor.submit(page, "/passkeys/add", {"credential": made, "delete": ""})
    assert "The passkey was added." in page.text
    return device


async def open_login(visitor: PageVisitor) -> Page:
    return await visitor.get(f"/login?{authorize_query()}")


async def present(visitor: PageVisitor, page: Page, answer: dict[str, Any]) -> Page:
    return await visitor.submit(page, "/login/passkey", {"credential": json.dumps(answer)})


def visit(house: House) -> PageVisitor:
    return house.visitor(origin=SECURE)


async def test_a_passkey_is_added_and_signs_in_without_a_name(house: House) -> None:
    device = await add_passkey(visit(house), await add_person(house))
    visitor = visit(house)
    page = await open_login(visitor)
    assert "allowCredentials" not in options_on(page) or options_on(page)["allowCredentials"] == []
    back = await present(visitor, page, device.get(options_on(page)))
    assert answer_of(back).keys() == {"code", "state"}
    assert "cognito" in visitor.http.cookies


async def test_apps_link_to_the_page_with_client_and_redirect_uri_alone(house: House) -> None:
    visitor = visit(house)
    await visitor.sign_in(await add_person(house))
    response = await visitor.http.get("/passkeys/add", params={"client_id": CLIENT, "redirect_uri": CALLBACK})
    assert "Your passkeys" in response.text
    assert f'href="{CALLBACK}"' in response.text
    refused = await visitor.http.get(
        "/passkeys/add", params={"client_id": CLIENT, "redirect_uri": "https://evil.example"}
    )
    assert refused.headers["location"].startswith("/error")


async def test_whoever_is_not_signed_in_signs_in_first(house: House) -> None:
    page = await visit(house).get(f"/passkeys/add?{authorize_query()}")
    assert page.heading == "Sign in"
    assert "Please sign in first." in page.text


@pytest.mark.parametrize("asked", [{}, {"prompt": "login"}, {"max_age": "0"}], ids=["", "prompt", "max_age"])
async def test_who_signs_in_for_the_page_comes_back_to_it_and_then_to_the_app(
    house: House, asked: dict[str, str]
) -> None:
    visitor, name = visit(house), await add_person(house)
    page = await visitor.get(f"/passkeys/add?{authorize_query(**asked)}")
    page = await visitor.submit(page, "/login", {"username": name, "password": PASSWORD})
    assert page.heading == "Your passkeys"
    assert page.response.status_code == 200
    assert f'href="{CALLBACK}"' in page.text


async def test_a_second_factor_on_the_way_leads_back_as_well(house: House) -> None:
    visitor, (name, seed) = visit(house), await add_person_with_app(house)
    page = await visitor.get(f"/passkeys/add?{authorize_query()}")
    page = await visitor.submit(page, "/login", {"username": name, "password": PASSWORD})
    page = await visitor.submit(page, "/mfa", {"code": code_of(house, seed)})
    assert page.heading == "Your passkeys"


@pytest.mark.parametrize(
    "then", ["https://evil.example", "//evil.example", "/admin", "passkeys/../admin", "/passkeys/add", "x"]
)
async def test_a_sign_in_leads_nowhere_that_a_link_names(house: House, then: str) -> None:
    visitor = visit(house)
    page = await visitor.get(f"/login?{authorize_query(then=then)}")
    assert "then=" not in page.form("/login").action
    page = await visitor.submit(page, "/login", {"username": await add_person(house), "password": PASSWORD})
    assert answer_of(page).keys() == {"code", "state"}


async def test_the_script_is_our_own_and_only_where_it_is_needed(house: House, open_house: OpenHouse) -> None:
    with_keys = (await open_login(visit(house))).response
    assert "script-src 'self';" in with_keys.headers["content-security-policy"]
    assert with_keys.text.count("<script") == 1
    without = (await (await open_house()).visitor().get(f"/login?{authorize_query()}")).response
    assert "script-src" not in without.headers["content-security-policy"]
    assert "<script" not in without.text


async def test_an_answer_works_once_and_in_the_browser_that_was_asked(house: House) -> None:
    device = await add_passkey(visit(house), await add_person(house))
    visitor, thief = visit(house), visit(house)
    page = await open_login(visitor)
    answer = device.get(options_on(page))
    stolen = await open_login(thief)
    refused = await thief.submit(
        stolen,
        "/login/passkey",
        {"credential": json.dumps(answer), "step": page.form("/login/passkey").fields["step"]},
    )
    assert refused.alerts == "This took too long. Please try again."
    assert "code" in answer_of(await present(visitor, page, answer))
    again = await present(visitor, page, answer)
    assert again.alerts == "You cannot sign in with this passkey. Please use your password."
    assert "cognito" not in thief.http.cookies


LIES: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://evil.example"},
    "in clear": {"origin": ORIGIN},
    "another relying party": {"rp_id": "evil.example"},
    "no touch": {"present": False},
    "another challenge": {"challenge": "AAAA"},
    "no signature": {"signature": b""},
    "somebody's handle": {"user_handle": "c29tZWJvZHk"},
}


@pytest.mark.parametrize("lies", LIES.values(), ids=LIES)
async def test_what_does_not_hold_signs_nobody_in(house: House, lies: dict[str, Any]) -> None:
    device = await add_passkey(visit(house), await add_person(house))
    visitor = visit(house)
    page = await open_login(visitor)
    refused = await present(visitor, page, device.get(options_on(page), **lies))
    assert refused.alerts == "You cannot sign in with this passkey. Please use your password."
    assert "cognito" not in visitor.http.cookies


async def test_a_passkey_does_not_pass_a_second_step_by_that_its_user_switched_on(house: House) -> None:
    device = await add_passkey(visit(house), await add_person(house))
    name, _ = await add_person_with_app(house)
    pool, user = await find(house, name)
    async with house.core.store.writing() as records:
        [key] = await records.passkeys.of(pool.id, (await _owner(house, device)).sub)
        await records.passkeys.delete(pool.id, key.id_hash)
    options = await house.core.factors.passkeys.start_registration(pool, user)
    assert isinstance(options, dict)
    await house.core.factors.passkeys.complete_registration(pool, user, device.create(options))
    visitor = visit(house)
    page = await open_login(visitor)
    refused = await present(visitor, page, device.get(options_on(page)))
    assert refused.alerts == "You cannot sign in with this passkey. Please use your password."


async def _owner(house: House, device: Authenticator) -> Any:
    pool = (await house.core.pools())[0]
    async with house.core.store.reading() as records:
        for user in await records.users.list(pool.id):
            if await records.passkeys.of(pool.id, user.sub):
                return user
    raise LookupError


async def test_a_disabled_user_has_no_passkey(house: House) -> None:
    name = await add_person(house)
    device = await add_passkey(visit(house), name)
    pool, _ = await find(house, name)
    await house.core.administration.disable(pool, name)
    visitor = visit(house)
    page = await open_login(visitor)
    refused = await present(visitor, page, device.get(options_on(page)))
    assert refused.alerts == "You cannot sign in with this passkey. Please use your password."


async def test_a_passkey_of_somebody_else_cannot_be_deleted(house: House) -> None:
    name = await add_person(house)
    device = await add_passkey(visit(house), name)
    thief = visit(house)
    await thief.sign_in(await add_person(house))
    page = await thief.get(f"/passkeys/add?{authorize_query()}")
    credential_id = device.create({"user": {"id": ""}, "rp": {"id": "x"}, "challenge": ""})["id"]
    page = await thief.submit(page, "/passkeys/add", {"delete": credential_id})
    assert page.alerts == "There is no such passkey."
    pool, user = await find(house, name)
    assert len(await house.core.factors.passkeys.list(pool, user)) == 1


async def test_pages_served_at_an_address_offer_no_passkeys(open_house: OpenHouse) -> None:
    house = await open_house(**FACTORS, public_url="http://127.0.0.1:9000")
    page = await house.visitor(origin="http://127.0.0.1:9000").get(f"/login?{authorize_query()}")
    assert "passkey" not in page.text
