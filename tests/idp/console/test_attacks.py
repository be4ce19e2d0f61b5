"""Forms from elsewhere, and markup in everything that people can name."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit

import pytest

from idp.model import Group
from idp.outcomes import SignedIn
from tests.support.console import ADMIN, HOME, MINA, find, sign_in
from tests.support.hosted_pages import ORIGIN, House, Page, PageVisitor

OWN = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
MARKUP = '"><img src=x onerror=alert(1)>{{7*7}}'


async def all_pages(house: House, visitor: PageVisitor) -> list[Page]:
    """Every page of the console that has forms."""
    first = await sign_in(visitor)
    mina = await find(house, MINA)
    pool = await house.core.find_pool("demo")
    members = {"ClientName": "made", "GenerateSecret": True}
    client = await house.core.management.clients.create(pool, members)
    paths = ("/users/new", f"/users/{mina.sub}", "/groups", "/group?name=editors", f"/clients/{client.id}")
    return [first, *[await visitor.get(HOME + path) for path in paths]]


@pytest.mark.parametrize(
    "attack", ["missing", "garbage", "other session", "double submit", "token of the sign-in page"]
)
async def test_form_without_this_sessions_token_does_nothing(house: House, attack: str) -> None:
    visitor, other = house.visitor(), house.visitor()
    pages = await all_pages(house, visitor)
    theirs = (await sign_in(other)).form("/leave").fields["_csrf"]
    xsrf = visitor.http.cookies.get("XSRF-TOKEN") or ""
    tokens = {"missing": "", "garbage": "x" * 64, "other session": theirs, "token of the sign-in page": xsrf}
    token = tokens.get(attack, "planted")
    if attack == "double submit":  # a neighbouring subdomain can plant a cookie, and knows what is in it
        visitor.http.cookies.set("XSRF-TOKEN", token)
    before = await find(house, MINA)
    posted = set()
    for page in pages:
        for form in page.forms:
            if "_csrf" in form.fields:
                typed = {**form.fields, "_csrf": token, "confirmation": MINA, "password": "Fine-Horse-77"}
                answer = await visitor.http.post(form.action, data=typed, headers=OWN)
                assert answer.status_code == 403, form.action
                posted.add(urlsplit(form.action).path.rpartition("/")[2])
    of_users = {"leave", "new", "attributes", "disable", "delete", "password", "sign-out"}
    assert of_users | {"groups", "change", "add-secret"} <= posted
    assert await find(house, MINA) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
async def test_form_from_another_origin_does_nothing_even_with_the_token(
    house: House, headers: dict[str, str]
) -> None:
    visitor = house.visitor()
    for page in await all_pages(house, visitor):
        for form in page.forms:
            if "_csrf" in form.fields:
                typed = {**form.fields, "confirmation": MINA}
                answer = await visitor.http.post(form.action, data=typed, headers=headers)
                assert answer.status_code == 403, form.action
    assert (await find(house, MINA)).enabled


async def test_actions_are_no_links(house: House) -> None:
    visitor = house.visitor()
    await sign_in(visitor)
    mina = await find(house, MINA)
    for action in ("disable", "delete", "sign-out"):
        page = await visitor.get(f"{HOME}/users/{mina.sub}/{action}")
        assert page.response.status_code == 405
    assert (await find(house, MINA)).enabled


async def test_markup_in_names_addresses_and_user_agents_is_text(house: House) -> None:
    core, pool = house.core, await house.core.find_pool("demo")
    client = (await core.clients(pool.id))[0]
    mina = await find(house, MINA)
    await core.groups.create(Group(pool.id, MARKUP))
    await core.administration.add_to_group(pool, MINA, MARKUP)
    await core.profile.update(pool, mina.sub, {"name": MARKUP, "nickname": MARKUP}, client=None)
    signed_in = SignedIn(mina, int(house.clock.now()))
    issued = await core.tokens.issue(
        pool, client, signed_in, device_key=None, address="192.0.2.1", user_agent=MARKUP
    )
    assert issued is not None
    visitor = house.visitor()
    await sign_in(visitor)
    group = urlencode({"name": MARKUP})
    for path in ("/users", f"/users/{mina.sub}", f"/users?q={MARKUP}", "/groups", f"/group?{group}"):
        page = await visitor.get(HOME + path)
        assert "<img" not in page.text, path
        assert "onerror=alert(1)&gt;" in page.text, path
        assert not [tag for tag, values in page.tags if tag == "script" or "onerror" in values]


async def test_flash_cookie_of_another_session_or_hand_is_ignored(house: House) -> None:
    visitor = house.visitor()
    await sign_in(visitor)
    visitor.http.cookies.set("console-flash", "made-up", path="/admin")
    page = await visitor.get(f"{HOME}/users")
    assert page.response.status_code == 200
    assert 'role="status"' not in page.text


async def test_repeated_field_is_refused(house: House) -> None:
    visitor = house.visitor()
    mina = await find(house, MINA)
    page = await sign_in(visitor, at=f"{HOME}/users/{mina.sub}")
    token = page.form("/leave").fields["_csrf"]
    body = f"_csrf={token}&confirmation={MINA}&confirmation={ADMIN}"
    answer = await visitor.http.post(
        f"{HOME}/users/{mina.sub}/delete",
        content=body,
        headers={**OWN, "content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400
    assert re.search("not complete", answer.text)
