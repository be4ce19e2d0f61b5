"""A new account: the form, the code, and back in the app."""

import socket
from typing import Any

import pytest

from tests.support.hosted_pages import (
    PASSWORD,
    House,
    Page,
    PageVisitor,
    answer_of,
    authorize_path,
    authorize_query,
    newest_code,
)

JUN = "jun@example.com"
TYPED = {"username": JUN, "password": PASSWORD, "confirm_password": PASSWORD}


async def sign_up(visitor: PageVisitor, **changes: str) -> Page:
    page = await visitor.get(f"/signup?{authorize_query()}")
    return await visitor.submit(page, "/signup", TYPED | changes)


async def test_sign_up_confirms_and_goes_on_to_the_app(house: House) -> None:
    visitor = house.visitor()
    page = await sign_up(visitor)
    assert page.heading == "Enter your code"
    assert "j***@e***" in page.text
    page = await visitor.submit(page, "/confirm", {"code": await newest_code(house.core, JUN)})
    assert answer_of(page)["state"] == "a state/&=1"
    assert "code" in answer_of(await visitor.get(authorize_path(prompt="none"))), "and is signed in"


async def test_code_page_survives_reload_and_wrong_codes(house: House) -> None:
    visitor = house.visitor()
    page = await sign_up(visitor)
    again = await visitor.get(str(page.response.url))
    assert again.heading == "Enter your code"
    code = await newest_code(house.core, JUN)
    wrong = await visitor.submit(again, "/confirm", {"code": "000000" if code != "000000" else "111111"})
    assert wrong.alerts.startswith("That code is not right.")
    empty = await visitor.submit(wrong, "/confirm", {"code": " "})
    assert empty.alerts == "Please enter the code."
    assert "code" in answer_of(await visitor.submit(empty, "/confirm", {"code": code}))


async def test_second_post_of_the_code_leads_to_sign_in(house: House) -> None:
    visitor = house.visitor()
    page = await sign_up(visitor)
    code = await newest_code(house.core, JUN)
    await visitor.submit(page, "/confirm", {"code": code})
    page = await visitor.submit(page, "/confirm", {"code": code})
    assert page.heading == "Sign in"
    assert "This account is confirmed." in page.text


async def test_new_code_replaces_the_first(house: House) -> None:
    visitor = house.visitor()
    page = await sign_up(visitor)
    first = await newest_code(house.core, JUN)
    page = await visitor.submit(page, "/resendcode", {})
    assert page.heading == "Enter your code"
    second = await newest_code(house.core, JUN)
    if first != second:
        stale = await visitor.submit(page, "/confirm", {"code": first})
        assert stale.alerts.startswith("That code is not right.")
    assert "code" in answer_of(await visitor.submit(page, "/confirm", {"code": second}))


async def test_sign_in_before_the_code_asks_for_it_and_then_goes_on(house: House) -> None:
    await sign_up(house.visitor())
    visitor = house.visitor()
    page = await visitor.sign_in(JUN)
    assert page.heading == "Enter your code"
    page = await visitor.submit(page, "/confirm", {"code": await newest_code(house.core, JUN)})
    assert "code" in answer_of(page)


async def test_code_without_the_password_confirms_but_signs_nobody_in(house: House) -> None:
    """Whoever owns the mailbox must not be walked into an account that a stranger made with it."""
    await sign_up(house.visitor())
    owner = house.visitor()
    page = await owner.get(f"/resendcode?{authorize_query()}")
    page = await owner.submit(page, "/resendcode", {"username": JUN})
    page = await owner.submit(page, "/confirm", {"code": await newest_code(house.core, JUN)})
    assert page.heading == "Sign in"
    assert "cognito" not in owner.http.cookies


async def test_all_problems_are_told_at_once(house: House) -> None:
    page = await sign_up(house.visitor(), username="", password="abc", confirm_password="abd")
    for problem in (
        "Email: please fill",
        "more characters",
        "uppercase",
        "a number",
        "special",
        "not the same",
    ):
        assert problem in page.alerts
    assert PASSWORD not in page.text


async def test_typed_values_come_back_and_passwords_do_not(house: House) -> None:
    page = await sign_up(house.visitor(), password="weak-password-x")
    assert page.form("/signup").fields["username"] == JUN
    assert "weak-password-x" not in page.text


async def test_taken_name_is_told_as_cognito_does(house: House) -> None:
    page = await sign_up(house.visitor(), username="mina@example.com")
    assert page.alerts == "An account with this email exists already."


async def test_resend_answers_the_same_for_everybody(house: House) -> None:
    await sign_up(house.visitor())
    pages = []
    for username in (JUN, "mina@example.com", "nobody@example.com"):
        visitor = house.visitor()
        page = await visitor.get(f"/resendcode?{authorize_query()}")
        pages.append(await visitor.submit(page, "/resendcode", {"username": username}))
    assert {page.heading for page in pages} == {"Enter your code"}
    assert len({len(page.forms) for page in pages}) == 1


async def test_get_of_resend_sends_nothing(house: House) -> None:
    visitor = house.visitor()
    await sign_up(visitor)
    before = len(await house.core.outbox.messages())
    await visitor.get(f"/resendcode?{authorize_query()}")
    await house.core.outbox.drain()
    assert len(await house.core.outbox.messages()) == before


async def test_required_attributes_are_asked_for_and_kept(open_house: Any) -> None:
    schema = [{"Name": "name", "Required": True, "Mutable": True, "AttributeDataType": "String"}]
    house = await open_house(Schema=schema, UserPoolUsers=[])
    visitor = house.visitor()
    page = await sign_up(visitor)
    assert page.alerts == "Full name: please fill this in."
    page = await visitor.submit(
        page,
        "/signup",
        {"requiredAttributes[name]": "Jun Park", "requiredAttributes[custom:x]": "1", **TYPED},
    )
    assert page.heading == "Enter your code"
    pool = (await house.core.pools())[0]
    found = await house.core.administration.get(pool, JUN)
    assert found[0].attributes["name"] == "Jun Park"


async def test_pool_that_sends_no_codes_says_that_its_administrator_confirms(open_house: Any) -> None:
    house = await open_house(AutoVerifiedAttributes=[])
    page = await sign_up(house.visitor())
    assert "waiting for its administrator" in page.text
    assert not [form for form in page.forms if "code" in form.fields]


async def test_code_page_expires_with_its_code(house: House) -> None:
    visitor = house.visitor()
    page = await sign_up(visitor)
    house.clock.advance(24 * 3600 + 1)
    page = await visitor.get(str(page.response.url))
    assert page.heading == "Sign in"


@pytest.mark.parametrize("lang", ["ko", "en"])
async def test_pages_speak_both_languages(house: House, lang: str) -> None:
    visitor = house.visitor()
    page = await visitor.get(f"/signup?{authorize_query(lang=lang)}")
    assert page.heading == {"ko": "계정 만들기", "en": "Create your account"}[lang]
    page = await visitor.get(f"/login?{authorize_query()}")
    assert page.heading == {"ko": "로그인", "en": "Sign in"}[lang], "the choice is remembered"


async def test_mail_that_cannot_leave_is_a_problem_and_the_account_is_there(open_house: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    smtp = {"Host": "127.0.0.1", "Port": port, "Security": "none", "From": "pool@example.com"}
    house = await open_house(smtp=smtp)
    page = await sign_up(house.visitor())
    assert page.heading == "Enter your code"
    assert page.alerts == "The code could not be sent. Please try again in a moment."
    pool = (await house.core.pools())[0]
    assert (await house.core.administration.get(pool, JUN))[0].status == "UNCONFIRMED"
