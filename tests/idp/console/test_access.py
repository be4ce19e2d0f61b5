"""Who comes in, and how: the pool's own sign-in page, its age, the group, and no other pool."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.console import (
    ADMIN,
    HOME,
    MINA,
    OTHER_ADMIN,
    OTHER_POOL,
    console_document,
    find,
    sign_in,
)
from tests.support.hosted_pages import ORIGIN, House
from tests.support.open_house import OpenHouse
from tests.support.second_factors import code_of, seed_on


async def test_administrator_signs_in_on_the_way_and_arrives_where_they_wanted_to_go(house: House) -> None:
    page = await sign_in(house.visitor(), at=f"{HOME}/users?by=email&q=mina")
    assert page.response.status_code == 200
    assert page.heading == "Users"
    assert page.response.url.query == b"by=email&q=mina"
    assert MINA in page.text
    assert f">{ADMIN}</a>" not in page.text


async def test_signed_in_user_without_the_group_is_told_so(house: House) -> None:
    page = await sign_in(house.visitor(), MINA)
    assert page.response.status_code == 403
    assert page.heading == "You are not an administrator here"
    assert ADMIN not in page.text


async def test_leaving_the_group_closes_the_console_at_once(house: House) -> None:
    visitor = house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/users/{(await find(house, MINA)).sub}")
    pool = await house.core.find_pool("demo")
    await house.core.administration.remove_from_group(pool, ADMIN, "admins")
    assert (await visitor.get(f"{HOME}/users")).response.status_code == 403
    refused = await visitor.submit(page, "/disable", {})
    assert refused.response.status_code == 403
    assert (await find(house, MINA)).enabled


@pytest.mark.parametrize("action", ["disable", "sign_out_of_browsers", "delete"])
async def test_taking_access_away_ends_the_administrators_session(house: House, action: str) -> None:
    visitor, pool = house.visitor(), await house.core.find_pool("demo")
    await sign_in(visitor)
    administration = house.core.administration
    if action == "sign_out_of_browsers":
        await administration.sign_out(pool, ADMIN, browsers=True)
    else:
        await getattr(administration, action)(pool, ADMIN)
    assert (await visitor.get(f"{HOME}/users")).heading == "Sign in"


async def test_old_sign_in_has_to_be_renewed_with_the_password(house: House) -> None:
    visitor = house.visitor()
    await sign_in(visitor)
    house.clock.advance(29 * 60)
    assert (await visitor.get(f"{HOME}/users")).heading == "Users"
    house.clock.advance(2 * 60)
    page = await visitor.get(f"{HOME}/users")
    assert page.heading == "Sign in"
    assert "Continue as" not in page.text


async def test_minutes_of_the_pool_bound_the_age_of_a_sign_in(open_house: OpenHouse) -> None:
    house = await open_house(document=console_document(AdminSessionMinutes=5))
    visitor = house.visitor()
    await sign_in(visitor)
    house.clock.advance(6 * 60)
    assert (await visitor.get(f"{HOME}/users")).heading == "Sign in"


async def test_session_of_an_app_opens_the_console_too(house: House) -> None:
    visitor = house.visitor()
    await visitor.sign_in(ADMIN)
    assert (await visitor.get(f"{HOME}/users")).heading == "Users"


async def test_administrator_of_another_pool_reaches_nothing(house: House) -> None:
    visitor = house.visitor()
    mina = await find(house, MINA)
    page = await sign_in(visitor, OTHER_ADMIN, at=f"/admin/{OTHER_POOL}/users")
    assert page.heading == "Users"
    assert (await visitor.get(f"{HOME}/users")).heading == "Sign in"
    assert (await visitor.get(f"/admin/{OTHER_POOL}/users/{mina.sub}")).response.status_code == 404
    token = page.form("/leave").fields["_csrf"]
    for path in (f"/admin/{OTHER_POOL}/users/{mina.sub}/disable", f"{HOME}/users/{mina.sub}/disable"):
        await visitor.http.post(path, data={"_csrf": token}, headers={"origin": ORIGIN})
    assert (await find(house, MINA)).enabled


async def test_pool_without_a_group_has_no_console_and_says_how_to_get_one(open_house: OpenHouse) -> None:
    house = await open_house()
    for path in ("/admin", f"{HOME}/users"):
        page = await house.visitor().get(path)
        assert "AdminGroup" in page.text
    query = f"client_id=admin-console.{HOME.rpartition('/')[2]}&redirect_uri={ORIGIN}{HOME}/enter"
    page = await house.visitor().get(f"/oauth2/authorize?{query}&response_type=code")
    assert page.response.status_code == 400


async def test_console_is_no_client_of_tokens_api_or_sign_up(house: House) -> None:
    visitor = house.visitor()
    page = await visitor.get(f"{HOME}/users")
    client = parse_qs(page.response.url.query.decode())["client_id"][0]
    assert await house.core.client(client) is None
    query = page.response.url.query.decode()
    assert "/signup" not in page.text
    shut = await visitor.get(f"/signup?{query}")
    assert "administrator" in shut.text
    answer = await visitor.http.post("/oauth2/token", data={"grant_type": "password", "client_id": client})
    assert answer.status_code == 400


async def test_coming_back_from_the_sign_in_carries_no_code(house: House) -> None:
    visitor = house.visitor()
    page = await visitor.get(f"{HOME}/users")
    form = page.form("/login")
    answer = await visitor.http.post(
        form.action,
        data={**form.fields, "username": ADMIN, "password": "Correct-Horse-1"},
        headers={"origin": ORIGIN, "sec-fetch-site": "same-origin"},
    )
    back = urlsplit(answer.headers["location"])
    assert (back.path, list(parse_qs(back.query))) == (f"{HOME}/enter", ["state"])


@pytest.mark.parametrize("state", ["", "https://evil.example/", "//evil.example", "/admin/../evil"], ids=str)
async def test_unsealed_state_leads_home_and_never_away(house: House, state: str) -> None:
    visitor = house.visitor()
    await sign_in(visitor)
    answer = await visitor.http.get(f"{HOME}/enter", params={"state": state})
    assert answer.headers["location"] == f"{HOME}/users"


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", f"/admin/{OTHER_POOL}/users"])
async def test_sealed_state_leads_to_this_console_only(house: House, wanted: str) -> None:
    visitor = house.visitor()
    await sign_in(visitor)
    pool_id = HOME.rpartition("/")[2]
    state = house.core.vault.seal_text(wanted, purpose=f"console-return:{pool_id}")
    answer = await visitor.http.get(f"{HOME}/enter", params={"state": state})
    assert answer.headers["location"] == f"{HOME}/users"


async def test_signing_out_ends_the_session(house: House) -> None:
    visitor = house.visitor()
    page = await sign_in(visitor)
    await visitor.submit(page, "/leave", {})
    assert (await visitor.get(f"{HOME}/users")).heading == "Sign in"


async def test_start_tells_strangers_no_names_and_leads_to_the_pool_that_is_named(house: House) -> None:
    visitor = house.visitor()
    page = await visitor.get("/admin")
    assert OTHER_POOL not in page.text
    assert (await visitor.get("/admin?pool=nosuch")).alerts
    assert (await visitor.get("/admin?pool=demo")).heading == "Sign in"


async def test_start_lists_the_pools_that_this_browser_administers_and_no_other(house: House) -> None:
    visitor = house.visitor()
    page = await sign_in(visitor)
    assert page.text.count('class="others"') == 1
    page = await visitor.get("/admin")
    assert f'href="{HOME}/users"' in page.text
    assert OTHER_POOL not in page.text
    await sign_in(visitor, OTHER_ADMIN, at=f"/admin/{OTHER_POOL}/users")
    page = await visitor.get("/admin")
    assert page.text.count("signed in") == 2
    plain = house.visitor()
    await sign_in(plain, MINA)
    assert HOME not in (await plain.get("/admin")).text


async def test_pages_are_not_framed_cached_or_scripted(house: House) -> None:
    page = await sign_in(house.visitor())
    headers = page.response.headers
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert "no-store" in headers["cache-control"]


async def test_required_second_factor_is_set_up_on_the_way_in(open_house: OpenHouse) -> None:
    factors = {"MfaConfiguration": "ON", "EnabledMfas": ["SOFTWARE_TOKEN_MFA"]}
    house = await open_house(document=console_document(**factors))
    visitor = house.visitor()
    page = await sign_in(visitor)
    assert page.response.url.path == "/mfa/setup"
    assert (await visitor.get(f"{HOME}/users")).heading == "Sign in"
    page = await visitor.submit(page, "/mfa/setup", {"code": code_of(house, seed_on(page))})
    assert page.heading == "Users"
