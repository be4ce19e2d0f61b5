"""A forgotten password: same answer for every name, a code, a new password."""

from typing import Any

from tests.support.hosted_pages import (
    NEW_PASSWORD,
    PASSWORD,
    House,
    Page,
    PageVisitor,
    answer_of,
    authorize_path,
    authorize_query,
    newest_code,
)

MINA = "mina@example.com"
TYPED = {"password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}


async def ask(visitor: PageVisitor, username: str = MINA) -> Page:
    page = await visitor.get(f"/forgotPassword?{authorize_query()}")
    return await visitor.submit(page, "/forgotPassword", {"username": username})


async def test_code_sets_the_new_password_and_leads_to_sign_in(house: House) -> None:
    visitor = house.visitor()
    page = await ask(visitor)
    assert page.heading == "Choose a new password"
    code = await newest_code(house.core, MINA)
    page = await visitor.submit(page, "/confirmforgotPassword", {"code": code, **TYPED})
    assert page.heading == "Sign in"
    assert "Your password is changed." in page.text
    assert page.form("/login").fields["username"] == MINA
    back = await visitor.submit(page, "/login", {"password": NEW_PASSWORD})
    assert "code" in answer_of(back)
    assert (await house.visitor().sign_in()).alerts == "Incorrect username or password."


async def test_changed_password_ends_the_sessions_of_other_browsers(house: House) -> None:
    thief = house.visitor()
    await thief.sign_in()
    visitor = house.visitor()
    page = await ask(visitor)
    code = await newest_code(house.core, MINA)
    await visitor.submit(page, "/confirmforgotPassword", {"code": code, **TYPED})
    assert (await thief.get(authorize_path())).heading == "Sign in"


async def test_known_and_unknown_names_get_the_same_page(house: House) -> None:
    pages = [await ask(house.visitor(), name) for name in (MINA, "maxi@example.com", "nonsense")]
    assert {page.heading for page in pages} == {"Choose a new password"}
    assert {page.response.status_code for page in pages} == {200}
    assert "m***@e***" in pages[0].text
    assert "m***@e***" in pages[1].text


async def test_any_code_for_an_unknown_name_is_wrong(house: House) -> None:
    visitor = house.visitor()
    page = await ask(visitor, "maxi@example.com")
    page = await visitor.submit(page, "/confirmforgotPassword", {"code": "123456", **TYPED})
    known_visitor = house.visitor()
    known = await ask(known_visitor)
    code = await newest_code(house.core, MINA)
    wrong = "123456" if code != "123456" else "654321"
    known = await known_visitor.submit(known, "/confirmforgotPassword", {"code": wrong, **TYPED})
    assert page.alerts == known.alerts == "That code is not right. Please check it and try again."


async def test_problems_are_told_together_and_the_code_stays_good(house: House) -> None:
    visitor = house.visitor()
    page = await ask(visitor)
    code = await newest_code(house.core, MINA)
    page = await visitor.submit(
        page, "/confirmforgotPassword", {"code": "", "password": "x", "confirm_password": ""}
    )
    assert "enter the code" in page.alerts
    assert "uppercase" in page.alerts
    page = await visitor.submit(page, "/confirmforgotPassword", {"code": code, **TYPED})
    assert page.heading == "Sign in"


async def test_code_stays_in_the_form_while_only_the_password_is_wrong(house: House) -> None:
    visitor = house.visitor()
    page = await ask(visitor)
    page = await visitor.submit(page, "/confirmforgotPassword", {"code": '12"34', "password": "short"})
    assert page.form("/confirmforgotPassword").fields["code"] == '12"34'
    page = await visitor.submit(page, "/confirmforgotPassword", {"code": "000000", **TYPED})
    assert page.form("/confirmforgotPassword").fields["code"] == ""


async def test_expired_code_asks_for_a_new_one(house: House) -> None:
    visitor = house.visitor()
    page = await ask(visitor)
    code = await newest_code(house.core, MINA)
    house.clock.advance(3600)
    page = await visitor.submit(page, "/confirmforgotPassword", {"code": code, **TYPED})
    assert page.alerts == "That code has expired. Please ask for a new one."


async def test_reset_page_without_its_step_starts_over(house: House) -> None:
    page = await house.visitor().get(f"/confirmforgotPassword?{authorize_query()}&step=forged")
    assert page.heading == "Reset your password"


async def test_step_of_one_browser_is_worth_nothing_in_another(house: House) -> None:
    page = await ask(house.visitor())
    stolen = await house.visitor().get(str(page.response.url))
    assert stolen.heading == "Reset your password"


async def test_reset_by_an_administrator_leads_to_the_reset_page(house: House) -> None:
    pool = (await house.core.pools())[0]
    await house.core.administration.reset(pool, MINA)
    page = await house.visitor().sign_in(MINA, PASSWORD)
    assert page.heading == "Reset your password"
    assert "has to be set anew" in page.text
    assert page.form("/forgotPassword").fields["username"] == MINA


async def test_pool_without_self_service_says_so_to_everybody(open_house: Any) -> None:
    setting = {"RecoveryMechanisms": [{"Name": "admin_only", "Priority": 1}]}
    house = await open_house(AccountRecoverySetting=setting)
    page = await house.visitor().get(authorize_path())
    assert "/forgotPassword" not in page.text
    for name in (MINA, "nobody@example.com"):
        page = await ask(house.visitor(), name)
        assert page.alerts.startswith("Your password cannot be reset here.")


async def test_empty_name_is_asked_for(house: House) -> None:
    assert (await ask(house.visitor(), " ")).alerts == "Email: please fill this in."
