"""The list of users, one user, and every action: what the store says afterwards and what the log keeps."""

from __future__ import annotations

import logging
import re

import pytest

from idp.console.paging import PAGE
from idp.console.users import read_search
from idp.model import UserFilter, UserStatus
from tests.support.console import ADMIN, HOME, MINA, console_document, find, seed, sign_in
from tests.support.hosted_pages import NEW_PASSWORD, PASSWORD, House, Page, PageVisitor, authorize_path
from tests.support.open_house import OpenHouse


async def open_user(house: House, visitor: PageVisitor, name: str = MINA) -> Page:
    return await sign_in(visitor, at=f"{HOME}/users/{(await find(house, name)).sub}")


@pytest.mark.parametrize(
    ("by", "text", "wanted"),
    [
        ("email", "Mina@", UserFilter("email", ("mina@",), is_prefix=True)),
        ("username", '%_"\\', UserFilter("username", ('%_"\\',), is_prefix=True)),
        ("name", '" ^= "x', UserFilter("name", ('" ^= "x',), is_prefix=True)),
        ("status", "dis", UserFilter("enabled", ("false",))),
        ("cognito:user_status", "conf", UserFilter("status", ("CONFIRMED",))),
        ("email", "", None),
    ],
)
def test_search_means_the_characters_that_were_typed(by: str, text: str, wanted: UserFilter | None) -> None:
    assert read_search(by, text) == wanted


@pytest.mark.parametrize("text", ["%", "_", "m%", "' or 1=1 --", '"', "\\"])
async def test_wildcards_find_nobody(house: House, text: str) -> None:
    visitor = house.visitor()
    await sign_in(visitor)
    for by in ("email", "sub"):
        page = await visitor.get(f"{HOME}/users", params={"by": by, "q": text})
        assert "Nobody fits" in page.text


async def test_list_goes_on_and_back_without_losing_or_repeating_anybody(open_house: OpenHouse) -> None:
    names = [f"p{number:03}@example.com" for number in range(2 * PAGE + 3)]
    house = await open_house(document=console_document(UserPoolUsers=[seed(ADMIN, "admins")]))
    pool = await house.core.find_pool("demo")
    for name in names:
        await house.core.administration.add(
            pool, username=name, password=PASSWORD, attributes={"email": name, "name": "Person"}
        )
    visitor = house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/users?by=name&q=per")
    seen = [shown(page)]
    while link := neighbour(page, "next"):
        page = await visitor.get(link)
        seen.append(shown(page))
    assert sorted(name for part in seen for name in part) == names
    assert [len(part) for part in seen] == [PAGE, PAGE, 3]
    back = []
    while link := neighbour(page, "prev"):
        page = await visitor.get(link)
        back.append(shown(page))
    assert back == seen[-2::-1]


def shown(page: Page) -> list[str]:
    return re.findall(r'<th scope="row"><a [^>]*>([^<]*)</a>', page.text)


def neighbour(page: Page, rel: str) -> str | None:
    return next((tag["href"] for _, tag in page.tags if tag.get("rel") == rel), None)


async def test_position_of_another_list_is_the_first_page(house: House) -> None:
    visitor = house.visitor()
    await sign_in(visitor)
    page = await visitor.get(f"{HOME}/users?by=email&page=made-up")
    assert len(shown(page)) == 2


async def test_new_user_is_invited_by_mail(house: House) -> None:
    visitor = house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/users/new")
    page = await visitor.submit(page, "/users/new", {"username": "new@example.com", "invite": "1"})
    assert "An invitation went to new@example.com" in page.text
    await house.core.outbox.drain()
    assert [m.recipient for m in await house.core.outbox.messages()] == ["new@example.com"]
    assert (await find(house, "new@example.com")).status is UserStatus.FORCE_CHANGE_PASSWORD


async def test_temporary_password_that_was_not_mailed_is_shown_once_and_works(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    visitor = house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/users/new")
    form = page.form("/users/new")
    del form.fields["invite"]
    page = await visitor.submit(page, "/users/new", {"username": "new@example.com"})
    found = re.search(r'data-testid="secret">([^<]+)<', page.text)
    assert found
    assert "set-cookie" not in page.response.headers
    landed = await house.visitor().sign_in("new@example.com", found.group(1))
    assert landed.heading == "Choose your password"
    assert found.group(1) not in caplog.text


async def test_refused_new_user_keeps_what_was_typed(house: House) -> None:
    visitor = house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/users/new")
    page = await visitor.submit(page, "/users/new", {"username": MINA, "requiredAttributes[name]": "Min A"})
    assert page.response.status_code == 400
    assert page.alerts
    assert 'value="Min A"' in page.text


async def test_attributes_are_changed_one_by_one_and_emptied(house: House) -> None:
    visitor = house.visitor()
    page = await open_user(house, visitor)
    page = await visitor.submit(page, "/attributes", {"requiredAttributes[name]": "Mina Kim"})
    assert "The changes are saved" in page.text
    assert (await find(house, MINA)).attributes["name"] == "Mina Kim"
    await visitor.submit(page, "/attributes", {"requiredAttributes[name]": ""})
    assert "name" not in (await find(house, MINA)).attributes
    assert (await find(house, MINA)).attributes["email_verified"] == "true"


async def test_new_address_is_not_verified_just_because_the_old_one_was(house: House) -> None:
    visitor = house.visitor()
    page = await open_user(house, visitor)
    changed = {"requiredAttributes[email]": "other@example.com"}
    await visitor.submit(page, "/attributes", {**changed, "email_verified": "true"})
    assert not (await find(house, "other@example.com")).has_verified("email")


async def test_refused_attribute_is_told_and_kept_in_the_form(house: House) -> None:
    visitor = house.visitor()
    page = await open_user(house, visitor)
    page = await visitor.submit(page, "/attributes", {"requiredAttributes[birthdate]": "someday"})
    assert page.response.status_code == 400
    assert page.alerts
    assert 'value="someday"' in page.text


async def test_disabling_locks_out_and_enabling_lets_in(house: House) -> None:
    visitor, person = house.visitor(), house.visitor()
    page = await open_user(house, visitor)
    page = await visitor.submit(page, "/disable", {})
    assert "The user is disabled" in page.text
    assert (await person.sign_in()).alerts
    await visitor.submit(page, "/enable", {})
    assert (await find(house, MINA)).enabled


async def test_password_is_set_for_good_or_for_once(house: House) -> None:
    visitor = house.visitor()
    page = await open_user(house, visitor)
    weak = await visitor.submit(page, "/password", {"password": "short", "permanent": "1"})
    assert weak.response.status_code == 400
    await visitor.submit(page, "/password", {"password": NEW_PASSWORD, "permanent": "1"})
    assert (await find(house, MINA)).status is UserStatus.CONFIRMED
    await visitor.submit(page, "/password", {"password": PASSWORD})
    assert (await find(house, MINA)).status is UserStatus.FORCE_CHANGE_PASSWORD


async def test_reset_mails_a_code(house: House) -> None:
    visitor = house.visitor()
    page = await visitor.submit(await open_user(house, visitor), "/reset-password", {})
    assert "a code went to" in page.text
    assert (await find(house, MINA)).status is UserStatus.RESET_REQUIRED


async def test_signing_out_everywhere_ends_browser_sessions_too(house: House) -> None:
    visitor, person = house.visitor(), house.visitor()
    await person.sign_in()
    await visitor.submit(await open_user(house, visitor), "/sign-out", {})
    page = await person.get(authorize_path())
    assert page.heading == "Sign in"
    assert "Continue as" not in page.text


async def test_deleting_wants_the_name_typed(house: House) -> None:
    visitor = house.visitor()
    page = await open_user(house, visitor)
    refused = await visitor.submit(page, "/delete", {"confirmation": "mina"})
    assert "Nothing was deleted" in refused.alerts
    page = await visitor.submit(page, "/delete", {"confirmation": MINA})
    assert f"{MINA} was deleted" in page.text
    assert shown(page) == [ADMIN]


async def test_groups_come_and_go(house: House) -> None:
    visitor = house.visitor()
    page = await open_user(house, visitor)
    page = await visitor.submit(page, "/add-group", {"group": "editors"})
    assert "Added to the group editors" in page.text
    page = await visitor.submit(page, "/remove-group", {"group": "editors"})
    assert "In no group" in page.text


@pytest.mark.parametrize(
    ("action", "typed"),
    [("disable", {}), ("delete", {"confirmation": ADMIN}), ("remove-group", {"group": "admins"})],
)
async def test_nobody_takes_their_own_access_away(house: House, action: str, typed: dict[str, str]) -> None:
    visitor = house.visitor()
    page = await open_user(house, visitor, ADMIN)
    form = page.form("/attributes")
    form.action = form.action.replace("/attributes", f"/{action}")
    page = await visitor.submit(page, f"/{action}", typed)
    assert "your own access" in page.alerts
    assert (await visitor.get(f"{HOME}/users")).heading == "Users"


async def test_username_that_is_anothers_sub_is_not_mistaken_for_them(open_house: OpenHouse) -> None:
    users = [seed("root", "admins"), seed("victim")]
    for user in users:
        user["Attributes"] = {"email": f"{user['Username']}@example.com", "email_verified": "true"}
    house = await open_house(document=console_document(UsernameAttributes=[], UserPoolUsers=users))
    victim = await find(house, "victim")
    pool = await house.core.find_pool("demo")
    await house.core.administration.add(pool, username=victim.sub, password=PASSWORD)
    visitor = house.visitor()
    page = await sign_in(visitor, "root", at=f"{HOME}/users/{victim.sub}")
    assert "victim" in page.heading
    await visitor.submit(page, "/disable", {})
    assert not (await find(house, "victim")).enabled
    assert (await find(house, victim.sub)).enabled


async def test_every_action_leaves_an_audit_line_without_secrets(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "idp.console.desk")
    visitor, mina, root = house.visitor(), await find(house, MINA), await find(house, ADMIN)
    page = await open_user(house, visitor)
    await visitor.submit(page, "/password", {"password": NEW_PASSWORD, "permanent": "1"})
    await visitor.submit(page, "/add-group", {"group": "editors"})
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert all(f"admin={root.sub}" in line and mina.sub in line for line in lines)
    assert "action=add-group" in lines[1]
    assert "group='editors'" in lines[1]
    assert NEW_PASSWORD not in caplog.text


@pytest.mark.parametrize("path", ["/users/nosuch", "/users/%27%20or%201", "/users/%3Cscript%3E"])
async def test_unknown_user_is_not_found(house: House, path: str) -> None:
    visitor = house.visitor()
    await sign_in(visitor)
    assert (await visitor.get(f"{HOME}{path}")).response.status_code == 404
