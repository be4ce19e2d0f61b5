"""Past the second step without it: straight to the app, others' steps, old codes, guessing, planting."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from idp.factors.records import Factor
from tests.support.hosted_pages import (
    FACTORS,
    NEW_PASSWORD,
    House,
    Page,
    PageVisitor,
    answer_of,
    authorize_path,
    authorize_query,
    newest_code,
)
from tests.support.open_house import OpenHouse
from tests.support.page_forms import add_person, switch_on
from tests.support.second_factors import REQUIRED, add_person_with_app, code_of, seed_on


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    return await open_house(**FACTORS)


def step_of(page: Page) -> str:
    return parse_qs(urlsplit(str(page.response.url)).query)["step"][0]


async def with_step(visitor: PageVisitor, path: str, step: str) -> Page:
    return await visitor.get(f"{path}?{authorize_query()}&step={step}")


async def test_the_password_alone_opens_nothing(house: House) -> None:
    name, _ = await add_person_with_app(house)
    visitor = house.visitor()
    await visitor.sign_in(name)
    for path in ("/oauth2/authorize", "/login"):
        assert (await visitor.get(f"{path}?{authorize_query()}")).heading == "Sign in"
    silent = await visitor.http.get(authorize_path(prompt="none"))
    assert "error=login_required" in silent.headers["location"]
    page = await visitor.get(f"/login?{authorize_query()}")
    page = await visitor.submit(page, "/login", {"continue": "1", "username": name, "password": "x"})
    assert page.heading == "Sign in"


async def test_a_step_opens_no_other_page_and_no_other_browser(house: House) -> None:
    name, seed = await add_person_with_app(house)
    visitor, thief = house.visitor(), house.visitor()
    page = await visitor.sign_in(name)
    step = step_of(page)
    for path in ("/changePassword", "/confirm", "/mfa/setup", "/mfa/choose"):
        assert (await with_step(visitor, path, step)).heading == "Sign in"
    assert (await with_step(visitor, "/confirmforgotPassword", step)).heading == "Reset your password"
    assert (await with_step(thief, "/mfa", step)).heading == "Sign in"
    form = (await thief.get(f"/login?{authorize_query()}")).form("/login")
    fields = {"_csrf": form.fields["_csrf"], "step": step, "code": code_of(house, seed)}
    answer = await thief.http.post(
        f"/mfa?{authorize_query()}", data=fields, headers={"sec-fetch-site": "same-origin"}
    )
    assert answer.headers["location"].startswith("/login")
    assert "cognito" not in thief.http.cookies


async def test_another_users_code_does_not_pass_and_ones_own_step_stays_ones_own(house: House) -> None:
    """Somebody who has an account of their own, and the victim's password, mixes the two."""
    (victim, _), (attacker, seed) = await add_person_with_app(house), await add_person_with_app(house)
    visitor = house.visitor()
    theirs = await visitor.sign_in(victim)
    mine = await visitor.sign_in(attacker)
    page = await visitor.submit(theirs, "/mfa", {"code": code_of(house, seed)})
    assert page.alerts == "This code is not right. Please try again."
    crossed = {"step": step_of(theirs), "code": code_of(house, seed)}
    page = await visitor.submit(mine, "/mfa", crossed)
    assert page.alerts == "This code is not right. Please try again."
    assert "cognito" not in visitor.http.cookies


async def test_a_code_and_a_step_work_once(house: House) -> None:
    name, seed = await add_person_with_app(house)
    visitor = house.visitor()
    page = await visitor.sign_in(name)
    code = code_of(house, seed)
    assert "code" in answer_of(await visitor.submit(page, "/mfa", {"code": code}))
    again = house.visitor()
    looked_on = await again.submit(await again.sign_in(name), "/mfa", {"code": code})
    assert looked_on.alerts == "This code was used already. Please wait for the next one."
    house.clock.advance(60)
    replayed = await visitor.submit(page, "/mfa", {"code": code_of(house, seed)})
    assert replayed.heading == "Sign in"
    assert replayed.alerts == "This took too long. Please sign in again."


async def test_guessing_locks_and_knowing_the_password_does_not_unlock(house: House) -> None:
    name, seed = await add_person_with_app(house)
    visitor = house.visitor()
    page = await visitor.sign_in(name)
    for _ in range(5):
        page = await visitor.submit(page, "/mfa", {"code": "000000"})
    fresh = house.visitor()
    page = await fresh.sign_in(name)
    page = await fresh.submit(page, "/mfa", {"code": code_of(house, seed)})
    assert page.alerts == "Too many failed attempts. Please wait a moment and try again."
    house.clock.advance(2)
    assert "code" in answer_of(await fresh.submit(page, "/mfa", {"code": code_of(house, seed)}))


async def test_guessing_a_mailed_code_ends_it_and_all_codes_together_have_an_end(house: House) -> None:
    name = await add_person(house)
    await switch_on(house, name, Factor.EMAIL)
    visitor = house.visitor()
    seen: set[str] = set()
    page = await visitor.sign_in(name)
    for _ in range(40):
        house.clock.advance(20)
        page = await visitor.submit(page, "/mfa", {"code": "99999x"})
        seen.add(page.alerts)
        if "expired" in page.alerts:
            page = await visitor.submit(page, "/mfa/resend", {})
        if page.heading == "Sign in":
            page = await visitor.sign_in(name)
    assert any("Too many failed attempts" in alert or "Too many tries" in alert for alert in seen)
    assert "cognito" not in visitor.http.cookies


async def test_a_step_ends_with_the_clients_time_and_with_the_password(house: House) -> None:
    name, seed = await add_person_with_app(house)
    late, changed = house.visitor(), house.visitor()
    page = await late.sign_in(name)
    house.clock.advance(180)
    assert (await late.submit(page, "/mfa", {"code": code_of(house, seed)})).heading == "Sign in"
    page = await changed.sign_in(name)
    pool = (await house.core.pools())[0]
    await house.core.administration.set_password(pool, name, NEW_PASSWORD, permanent=True)
    assert (await changed.submit(page, "/mfa", {"code": code_of(house, seed)})).heading == "Sign in"
    assert "cognito" not in changed.http.cookies


async def test_a_disabled_user_gets_no_further(house: House) -> None:
    name, seed = await add_person_with_app(house)
    visitor = house.visitor()
    page = await visitor.sign_in(name)
    pool = (await house.core.pools())[0]
    await house.core.administration.disable(pool, name)
    page = await visitor.submit(page, "/mfa", {"code": code_of(house, seed)})
    assert page.heading == "Sign in"
    assert "cognito" not in visitor.http.cookies


async def test_a_planted_session_is_not_the_one_that_signs_in(house: House) -> None:
    name, seed = await add_person_with_app(house)
    visitor = house.visitor()
    visitor.http.cookies.set("cognito", "planted", domain="login.example")
    page = await visitor.sign_in(name)
    await visitor.submit(page, "/mfa", {"code": code_of(house, seed)})
    stranger = house.visitor()
    stranger.http.cookies.set("cognito", "planted", domain="login.example")
    assert (await stranger.get(authorize_path())).heading == "Sign in"


async def test_setting_up_begins_with_the_password_and_replaces_nothing(open_house: OpenHouse) -> None:
    """Somebody with the password begins first, and goes on after its owner is done."""
    house = await open_house(**REQUIRED)
    name = await add_person(house)
    thief, owner = house.visitor(), house.visitor()
    begun = await thief.sign_in(name)
    page = await owner.sign_in(name)
    assert seed_on(begun) != seed_on(page)
    back = await owner.submit(page, "/mfa/setup", {"code": code_of(house, seed_on(page))})
    assert "code" in answer_of(back)
    refused = await thief.submit(begun, "/mfa/setup", {"code": code_of(house, seed_on(begun))})
    assert "cognito" not in thief.http.cookies
    assert refused.alerts
    assert (await house.visitor().get(f"/mfa/setup?{authorize_query()}")).heading == "Sign in"


async def test_the_seed_is_in_no_address(open_house: OpenHouse) -> None:
    """Addresses end up in histories, logs and Referer headers."""
    house = await open_house(**REQUIRED)
    page = await house.visitor().sign_in(await add_person(house))
    seed = seed_on(page)
    assert seed not in str(page.response.url)
    assert page.response.headers["cache-control"].startswith("no-cache, no-store")


async def test_a_reset_password_does_not_pass_the_second_step_by(house: House) -> None:
    name, _ = await add_person_with_app(house)
    visitor = house.visitor()
    page = await visitor.get(f"/forgotPassword?{authorize_query()}")
    page = await visitor.submit(page, "/forgotPassword", {"username": name})
    typed = {"password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    code = await newest_code(house.core, name)
    page = await visitor.submit(page, "/confirmforgotPassword", {"code": code, **typed})
    assert page.heading == "Sign in"
    page = await visitor.sign_in(name, NEW_PASSWORD)
    assert page.heading == "Confirm that it is you"
