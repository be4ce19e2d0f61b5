"""Signing in on the hosted page, without JavaScript."""

from dataclasses import replace

import pytest

from tests.support.hosted_pages import (
    CALLBACK,
    CLIENT,
    NEW_PASSWORD,
    PASSWORD,
    House,
    answer_of,
    authorize_path,
    authorize_query,
)


async def test_right_password_leads_back_to_the_app_with_code_and_state(house: House) -> None:
    back = await house.visitor().sign_in()
    assert back.response.status_code == 302
    assert answer_of(back).keys() == {"code", "state"}
    assert answer_of(back)["state"] == "a state/&=1"


async def test_authorize_keeps_the_query_on_the_way_to_the_page(house: House) -> None:
    response = await house.visitor().http.get(authorize_path())
    assert response.status_code == 302
    assert response.headers["location"].startswith("/login?client_id=webclient&redirect_uri=")


@pytest.mark.parametrize(
    ("username", "password"),
    [("mina@example.com", "Wrong-Horse-1"), ("nobody@example.com", PASSWORD), ("<b>", "x")],
    ids=["wrong password", "unknown", "nonsense"],
)
async def test_refused_sign_in_says_one_thing(house: House, username: str, password: str) -> None:
    page = await house.visitor().sign_in(username, password)
    assert page.response.status_code == 200
    assert page.alerts == "Incorrect username or password."
    assert page.form("/login").fields["username"] == username
    assert "cognito" not in page.response.cookies


async def test_second_request_needs_no_password(house: House) -> None:
    visitor = house.visitor()
    await visitor.sign_in()
    back = await visitor.get(authorize_path(state="two"))
    assert answer_of(back)["state"] == "two"


async def test_session_ends_an_hour_after_the_sign_in_and_use_does_not_extend_it(house: House) -> None:
    visitor = house.visitor()
    await visitor.sign_in()
    house.clock.advance(3599)
    assert "code" in answer_of(await visitor.get(authorize_path()))
    house.clock.advance(2)
    assert (await visitor.get(authorize_path())).heading == "Sign in"


async def test_prompt_login_and_max_age_ask_again(house: House) -> None:
    visitor = house.visitor()
    await visitor.sign_in()
    for changes in ({"prompt": "login"}, {"max_age": "30"}):
        house.clock.advance(60)
        page = await visitor.get(authorize_path(**changes))
        assert page.heading == "Sign in"
        assert "Continue as" not in page.text
        page = await visitor.submit(page, "/login", {"username": "mina@example.com", "password": PASSWORD})
        assert "code" in answer_of(page)


async def test_prompt_none_is_silent(house: House) -> None:
    visitor = house.visitor()
    assert answer_of(await visitor.get(authorize_path(prompt="none")))["error"] == "login_required"
    await visitor.sign_in()
    assert "code" in answer_of(await visitor.get(authorize_path(prompt="none")))


async def test_login_hint_is_filled_in(house: House) -> None:
    page = await house.visitor().get(authorize_path(login_hint="jun@example.com"))
    assert page.form("/login").fields["username"] == "jun@example.com"


async def test_missing_entries_are_named(house: House) -> None:
    page = await house.visitor().sign_in("", "")
    assert page.alerts == "Email: please fill this in."
    page = await house.visitor().sign_in("mina@example.com", "")
    assert page.alerts == "Please enter your password."


async def test_back_button_and_second_tab_can_sign_in_again(house: House) -> None:
    visitor = house.visitor()
    first = await visitor.get(authorize_path(state="one"))
    second = await visitor.get(authorize_path(state="two"))
    typed = {"username": "mina@example.com", "password": PASSWORD}
    codes = [answer_of(await visitor.submit(page, "/login", typed)) for page in (first, second, first)]
    assert [answer["state"] for answer in codes] == ["one", "two", "one"]
    assert len({answer["code"] for answer in codes}) == 3


async def test_signed_in_person_is_offered_to_continue(house: House) -> None:
    visitor = house.visitor()
    await visitor.sign_in()
    page = await visitor.get(f"/login?{authorize_query()}")
    assert "Continue as mina@example.com" in page.text
    form = page.forms[0]
    response = await visitor.http.post(form.action, data={**form.fields, "continue": "1"})
    assert response.headers["location"].startswith(f"{CALLBACK}?code=")
    assert "cognito" not in response.cookies, "a silent reuse makes no new session"


async def test_continue_without_a_session_shows_the_form(house: House) -> None:
    visitor = house.visitor()
    page = await visitor.get(authorize_path())
    page = await visitor.submit(page, "/login", {"continue": "1"})
    assert page.heading == "Sign in"


async def test_five_failures_lock_the_account_for_a_while(house: House) -> None:
    visitor = house.visitor()
    for _ in range(5):
        await visitor.sign_in(password="Wrong-Horse-1")
    page = await visitor.sign_in()
    assert page.alerts.startswith("Too many failed attempts.")
    house.clock.advance(60)
    assert "code" in answer_of(await visitor.sign_in())


async def test_temporary_password_is_replaced_and_signs_in(house: House) -> None:
    pool = (await house.core.pools())[0]
    await house.core.administration.add(pool, username="new@example.com", password="Temporary-1")
    visitor = house.visitor()
    page = await visitor.sign_in("new@example.com", "Temporary-1")
    assert page.heading == "Choose your password"
    page = await visitor.submit(page, "/changePassword", {"password": "short", "confirm_password": "other"})
    assert "needs more characters" in page.alerts
    assert "uppercase" in page.alerts
    assert "not the same" in page.alerts
    typed = {"password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    form = page
    page = await visitor.submit(page, "/changePassword", typed)
    assert "code" in answer_of(page)
    page = await visitor.submit(form, "/changePassword", typed)
    assert page.heading == "Sign in", "a second post of the same form is led to the sign-in page"
    assert "code" in answer_of(await house.visitor().sign_in("new@example.com", NEW_PASSWORD))


async def test_change_page_without_its_step_leads_to_sign_in(house: House) -> None:
    for path in ("/changePassword", "/confirm"):
        page = await house.visitor().get(f"{path}?{authorize_query()}&step=forged")
        assert page.heading == "Sign in"


async def test_no_sign_up_link_where_only_administrators_make_accounts(open_house: object) -> None:
    house = await open_house(AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})  # type: ignore[operator]
    page = await house.visitor().get(authorize_path())
    assert "/signup" not in page.text
    page = await house.visitor().get(f"/signup?{authorize_query()}")
    assert page.response.status_code == 403


async def test_a_client_reuses_a_session_for_as_long_as_it_says_where_sessions_are_tracked(
    house: House,
) -> None:
    core, visitor = house.core, house.visitor()
    pool = (await core.pools())[0]
    kept = {"UserSessionTracking": "ENABLED"}

    async def say(minutes: int) -> None:
        said = {"SSOSession": {"MaxValidityMinutes": minutes}}
        async with core.store.writing() as records:
            await records.pools.update((pool.id,), lambda old: replace(old, kept=kept))
            await records.clients.update((CLIENT,), lambda old: replace(old, kept=said))
        await core.management.catalog.refresh()

    await say(180)
    await visitor.sign_in()
    house.clock.advance(179 * 60)
    assert "code" in answer_of(await visitor.get(authorize_path()))
    house.clock.advance(60)
    assert 'name="continue"' not in (await visitor.get(authorize_path())).text
    await say(0)
    assert "code" in answer_of(await visitor.sign_in())
    assert answer_of(await visitor.get(authorize_path(prompt="none")))["error"] == "login_required"
    await say(60)
    assert "code" in answer_of(await visitor.get(authorize_path(prompt="none"))), "it was kept for others"
