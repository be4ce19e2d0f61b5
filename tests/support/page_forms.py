"""Every form of the hosted pages, reached as a person reaches it and ready to be sent.

Each call works with an account of its own, so that many tests can share one application.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count

from idp.factors.preferences import Wish
from idp.factors.records import Factor
from tests.support.hosted_pages import (
    NEW_PASSWORD,
    PASSWORD,
    House,
    Page,
    PageVisitor,
    authorize_path,
    authorize_query,
    newest_code,
)

Ready = tuple[Page, dict[str, str]]
_numbers = count(1)


def new_address() -> str:
    """An e-mail address that no test used before."""
    return f"person{next(_numbers)}@example.com"


async def add_person(
    house: House, *, permanent: bool = True, password: str = PASSWORD, **attributes: str
) -> str:
    """Add an account with a verified address and return its name."""
    pool, name = (await house.core.pools())[0], new_address()
    await house.core.administration.add(
        pool,
        username=name,
        password=password,
        permanent=permanent,
        attributes={"email": name, "email_verified": "true", **attributes},
    )
    return name


async def login_form(visitor: PageVisitor, house: House) -> Ready:
    """The sign-in form and the right password."""
    name = await add_person(house)
    return await visitor.get(authorize_path()), {"username": name, "password": PASSWORD}


async def signup_form(visitor: PageVisitor, house: House) -> Ready:
    """The sign-up form, filled in well."""
    page = await visitor.get(f"/signup?{authorize_query()}")
    return page, {"username": new_address(), "password": PASSWORD, "confirm_password": PASSWORD}


async def confirm_form(visitor: PageVisitor, house: House) -> Ready:
    """The code form after sign-up, with the right code."""
    page, typed = await signup_form(visitor, house)
    page = await visitor.submit(page, "/signup", typed)
    return page, {"code": await newest_code(house.core, typed["username"])}


async def resend_form(visitor: PageVisitor, house: House) -> Ready:
    """The form that asks for a new code."""
    return await visitor.get(f"/resendcode?{authorize_query()}"), {"username": new_address()}


async def forgot_form(visitor: PageVisitor, house: House) -> Ready:
    """The form that asks for a password code."""
    return await visitor.get(f"/forgotPassword?{authorize_query()}"), {"username": await add_person(house)}


async def reset_form(visitor: PageVisitor, house: House) -> Ready:
    """The new-password form, with the right code."""
    page, typed = await forgot_form(visitor, house)
    page = await visitor.submit(page, "/forgotPassword", typed)
    code = await newest_code(house.core, typed["username"])
    return page, {"code": code, "password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}


async def change_form(visitor: PageVisitor, house: House) -> Ready:
    """The form that replaces a temporary password."""
    name = await add_person(house, permanent=False, password="Temporary-1")
    page = await visitor.sign_in(name, "Temporary-1")
    return page, {"password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}


async def switch_on(house: House, name: str, *factors: Factor) -> None:
    """Switch second factors on for an account."""
    pool = (await house.core.pools())[0]
    user, _ = await house.core.administration.get(pool, name)  # type: ignore[misc]
    wishes = {factor: Wish(enabled=True) for factor in factors}
    assert await house.core.factors.preferences.wish(pool, user, wishes) is None


async def code_form(visitor: PageVisitor, house: House) -> Ready:
    """The form for a mailed second factor, with the right code."""
    name = await add_person(house)
    await switch_on(house, name, Factor.EMAIL)
    page = await visitor.sign_in(name)
    return page, {"code": await newest_code(house.core, name)}


async def another_code_form(visitor: PageVisitor, house: House) -> Ready:
    """The form that asks for another code."""
    page, _ = await code_form(visitor, house)
    return page, {}


async def choice_form(visitor: PageVisitor, house: House) -> Ready:
    """The form that lets a person choose a second factor."""
    name = await add_person(house, phone_number="+12025550123")
    await switch_on(house, name, Factor.EMAIL, Factor.SMS)
    return await visitor.sign_in(name), {"choice": "EMAIL_OTP"}


async def code_request_form(visitor: PageVisitor, house: House) -> Ready:
    """The form that asks for a code in the place of the password."""
    name = await add_person(house)
    page = await visitor.get(f"/login/code?{authorize_query()}")
    return page, {"username": name, "channel": "EMAIL_OTP"}


FORMS: dict[str, Callable[[PageVisitor, House], Awaitable[Ready]]] = {
    "/login": login_form,
    "/signup": signup_form,
    "/confirm": confirm_form,
    "/resendcode": resend_form,
    "/forgotPassword": forgot_form,
    "/confirmforgotPassword": reset_form,
    "/changePassword": change_form,
    "/login/code": code_request_form,
    "/mfa": code_form,
    "/mfa/resend": another_code_form,
    "/mfa/choose": choice_form,
}
