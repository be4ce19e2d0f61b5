"""Signing in again, and more strongly, because the app asks for it: prompt, max_age, acr_values (2.5)."""

from __future__ import annotations

from typing import Any

import pytest

from idp.factors.preferences import Wish
from idp.factors.records import Factor
from idp.outcomes import TokenSet
from tests.support.hosted_pages import (
    CALLBACK,
    CLIENT,
    FACTORS,
    PASSWORD,
    House,
    Page,
    PageVisitor,
    answer_of,
    authorize_path,
)
from tests.support.open_house import OpenHouse
from tests.support.page_forms import add_person
from tests.support.pools import read_claims
from tests.support.second_factors import add_person_with_app, code_of, find

LOA = "urn:cognito:loa:{}".format


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    return await open_house(**FACTORS)


async def redeem(house: House, page: Page) -> TokenSet:
    known = await house.core.client(CLIENT)
    assert known is not None
    tokens = await house.core.tokens.redeem_code(
        *known, code=answer_of(page)["code"], redirect_uri=CALLBACK, code_verifier=None
    )
    assert isinstance(tokens, TokenSet), tokens
    return tokens


async def claims_of(house: House, page: Page) -> dict[str, Any]:
    return read_claims((await redeem(house, page)).id_token)


async def switch_app_on(house: House, name: str) -> str:
    """Give an account an app, which it had not when it signed in."""
    pool, user = await find(house, name)
    seed = await house.core.factors.tokens.associate(pool, user)
    assert isinstance(seed, str)
    assert await house.core.factors.tokens.verify(pool, user, code_of(house, seed)) is None
    assert await house.core.factors.preferences.wish(pool, user, {Factor.TOTP: Wish(True, True)}) is None
    house.clock.advance(60)
    return seed


async def enter(visitor: PageVisitor, page: Page, name: str) -> Page:
    return await visitor.submit(page, "/login", {"username": name, "password": PASSWORD})


async def test_tokens_say_what_was_proved_and_a_refresh_keeps_it(house: House) -> None:
    name, seed = await add_person_with_app(house)
    visitor = house.visitor()
    page = await visitor.submit(await visitor.sign_in(name), "/mfa", {"code": code_of(house, seed)})
    tokens = await redeem(house, page)
    known = await house.core.client(CLIENT)
    assert known is not None
    refreshed = await house.core.tokens.refresh(*known, refresh_token=tokens.refresh_token or "")
    assert isinstance(refreshed, TokenSet)
    for token in (tokens.id_token, tokens.access_token, refreshed.id_token, refreshed.access_token):
        said = read_claims(token)
        assert (said["acr"], said["amr"]) == (LOA(4), ["pwd", "otp", "mfa"])
    silent = read_claims((await redeem(house, await visitor.get(authorize_path()))).access_token)
    assert (silent["acr"], silent["amr"]) == (LOA(4), ["pwd", "otp", "mfa"])


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "100"}], ids=["prompt", "max_age"])
async def test_whoever_signs_in_again_has_a_new_time_of_sign_in(house: House, asked: dict[str, str]) -> None:
    name, visitor = await add_person(house), house.visitor()
    first = await claims_of(house, await visitor.sign_in(name))
    house.clock.advance(101)
    page = await visitor.get(authorize_path(**asked))
    assert not any("continue" in form.fields for form in page.forms)
    again = await claims_of(house, await enter(visitor, page, name))
    assert again["auth_time"] == first["auth_time"] + 101
    house.clock.advance(50)
    silent = await claims_of(house, await visitor.get(authorize_path(max_age="100")))
    assert silent["auth_time"] == again["auth_time"]


async def test_one_more_factor_raises_the_session_that_is_there(house: House) -> None:
    name, visitor = await add_person(house), house.visitor()
    assert (await claims_of(house, await visitor.sign_in(name)))["acr"] == LOA(1)
    seed = await switch_app_on(house, name)
    page = await visitor.get(authorize_path(acr_values=f"unknown {LOA(4)}"))
    assert f"You are signed in as {name}. This app asks you to confirm once more" in page.text
    page = await visitor.submit(page, "/login", {"continue": "1"})
    assert page.heading == "Confirm that it is you"
    raised = await claims_of(house, await visitor.submit(page, "/mfa", {"code": code_of(house, seed)}))
    assert (raised["acr"], raised["amr"]) == (LOA(4), ["pwd", "otp", "mfa"])
    assert raised["auth_time"] == int(house.clock.now())
    silent = await claims_of(house, await visitor.get(authorize_path(acr_values=LOA(4), prompt="none")))
    assert silent["acr"] == LOA(4)


async def test_continuing_alone_never_raises_a_session(house: House) -> None:
    name, visitor = await add_person(house), house.visitor()
    await visitor.sign_in(name)
    page = await visitor.get(authorize_path(acr_values=LOA(4)))
    page = await visitor.submit(page, "/login", {"continue": "1"})
    assert page.response.status_code == 200
    assert "stronger sign-in" in page.alerts
    assert 'name="continue"' not in page.text, "it would lead here again"
    assert "aria-invalid" not in page.text, "nothing that was typed is wrong"
    page = await enter(visitor, page, name)
    assert "stronger sign-in" in page.alerts
    silent = await visitor.get(authorize_path(acr_values=LOA(4), prompt="none"))
    assert answer_of(silent)["error"] == "login_required"


async def test_a_session_too_old_for_max_age_is_no_half_of_a_stronger_one(house: House) -> None:
    name, visitor = await add_person(house), house.visitor()
    await visitor.sign_in(name)
    await switch_app_on(house, name)
    house.clock.advance(60)
    page = await visitor.get(authorize_path(acr_values=LOA(4), max_age="60"))
    page = await visitor.submit(page, "/login", {"continue": "1"})
    assert page.heading != "Confirm that it is you"


async def test_ways_that_lead_no_further_are_not_offered(house: House) -> None:
    visitor = house.visitor()
    assert "/login/code" in (await visitor.get(authorize_path())).text
    assert "/login/code" not in (await visitor.get(authorize_path(acr_values=LOA(3)))).text


async def test_discovery_names_the_levels(house: House) -> None:
    pool = (await house.core.pools())[0]
    told = (await house.visitor().http.get(f"/{pool.id}/.well-known/openid-configuration")).json()
    assert told["acr_values_supported"] == [LOA(level) for level in (1, 2, 3, 4)]
