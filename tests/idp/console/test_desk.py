"""The recent sign-in before dangerous acts, and the frame that no page can leave out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.routing import Route

from idp.console.desk import FILLING_SECONDS, RECENT_SECONDS
from idp.console.routes import routes
from idp.model import Group
from tests.support.console import ADMIN, HOME, MINA, find, sign_in
from tests.support.hosted_pages import NEW_PASSWORD, ORIGIN, PASSWORD, House, Page, PageVisitor

OWN = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
LATE = RECENT_SECONDS + FILLING_SECONDS + 1
STILL = "Nothing was changed"


async def grow_old(house: House, visitor: PageVisitor, at: str) -> Page:
    """Open a page with a fresh sign-in and leave it open for too long."""
    page = await sign_in(visitor, at=at)
    house.clock.advance(LATE)
    return page


@pytest.mark.parametrize(
    ("action", "typed"),
    [
        ("delete", {"confirmation": MINA}),
        ("password", {"password": NEW_PASSWORD, "permanent": "1"}),
        ("reset-password", {}),
        ("reset-factors", {}),
        ("remove-factor", {"factor": "SOFTWARE_TOKEN_MFA"}),
        ("delete-passkey", {"passkey": "any"}),
        ("attributes", {"requiredAttributes[email]": "thief@example.com"}),
        ("attributes", {"requiredAttributes[phone_number]": "+12025550123"}),
        ("add-group", {"group": "admins"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
async def test_dangerous_act_of_an_old_sign_in_is_not_done_but_leads_to_a_new_one(
    house: House, action: str, typed: Mapping[str, str]
) -> None:
    visitor, mina = house.visitor(), await find(house, MINA)
    page = await grow_old(house, visitor, f"{HOME}/users/{mina.sub}")
    token = page.form("/leave").fields["_csrf"]
    answer = await visitor.http.post(
        f"{HOME}/users/{mina.sub}/{action}", data={"_csrf": token, **typed}, headers=OWN
    )
    assert answer.status_code == 303
    assert "prompt=login" in answer.headers["location"]
    assert await find(house, MINA) == mina
    async with house.core.store.reading() as records:
        assert await records.groups.of(mina.pool_id, mina.sub) == ()
    page = await visitor.get(answer.headers["location"])
    page = await visitor.submit(page, "/login", {"username": ADMIN, "password": PASSWORD})
    assert page.response.url.path == f"{HOME}/users/{mina.sub}"
    assert STILL in page.text


async def test_after_the_new_sign_in_the_act_is_done(house: House) -> None:
    visitor, mina = house.visitor(), await find(house, MINA)
    page = await grow_old(house, visitor, f"{HOME}/users/{mina.sub}")
    page = await visitor.submit(page, "/delete", {"confirmation": MINA})
    page = await visitor.submit(page, "/login", {"username": ADMIN, "password": PASSWORD})
    page = await visitor.submit(page, "/delete", {"confirmation": MINA})
    assert f"{MINA} was deleted" in page.text


async def test_form_that_was_shown_in_time_may_be_filled_in_slowly(house: House) -> None:
    visitor, mina = house.visitor(), await find(house, MINA)
    await sign_in(visitor)
    house.clock.advance(RECENT_SECONDS - 1)
    page = await visitor.get(f"{HOME}/users/{mina.sub}")
    house.clock.advance(FILLING_SECONDS - 1)
    page = await visitor.submit(page, "/password", {"password": NEW_PASSWORD})
    assert "The temporary password is set" in page.text


async def test_old_sign_in_sees_a_way_to_renew_it_in_the_place_of_the_form(house: House) -> None:
    visitor, mina = house.visitor(), await find(house, MINA)
    await sign_in(visitor)
    house.clock.advance(RECENT_SECONDS + 1)
    for path in (f"/users/{mina.sub}", "/group?name=editors"):
        page = await visitor.get(HOME + path)
        assert not [form for form in page.forms if form.action.endswith("/delete")]
        assert "Sign in again to do this" in page.text
    link = next(tag["href"] for _, tag in page.tags if "prompt=login" in tag.get("href", ""))
    page = await visitor.get(link)
    assert page.heading == "Sign in"
    page = await visitor.submit(page, "/login", {"username": ADMIN, "password": PASSWORD})
    assert page.response.url.query == b"name=editors"
    assert page.form("/group/delete")


@pytest.mark.parametrize(
    ("action", "typed"),
    [("attributes", {"requiredAttributes[name]": "Mina K"}), ("add-group", {"group": "editors"})],
)
async def test_harmless_act_needs_no_recent_sign_in(
    house: House, action: str, typed: Mapping[str, str]
) -> None:
    visitor, mina = house.visitor(), await find(house, MINA)
    page = await grow_old(house, visitor, f"{HOME}/users/{mina.sub}")
    page = await visitor.submit(page, f"/{action}", typed)
    assert 'role="status"' in page.text
    assert STILL not in page.text


async def test_group_and_secret_stay_without_a_recent_sign_in(house: House) -> None:
    visitor, pool = house.visitor(), await house.core.find_pool("demo")
    client = await house.core.management.clients.create(pool, {"ClientName": "made", "GenerateSecret": True})
    page = await grow_old(house, visitor, f"{HOME}/group?name=editors")
    page = await visitor.submit(page, "/group/delete", {"confirmation": "editors"})
    assert page.heading == "Sign in"
    assert isinstance(await house.core.groups.get(pool, "editors"), Group)
    page = await visitor.submit(page, "/login", {"username": ADMIN, "password": PASSWORD})
    assert page.response.url.query == urlencode({"name": "editors"}).encode()
    house.clock.advance(LATE)
    await visitor.http.post(
        f"{HOME}/clients/{client.id}/add-secret",
        data={"_csrf": page.form("/leave").fields["_csrf"]},
        headers=OWN,
    )
    known = await house.core.client(client.id)
    assert known is not None
    assert len(known[1].secrets) == 1


def posted() -> list[str]:
    """Every path of the console that takes a form."""
    found = [route for route in routes() if isinstance(route, Route) and "POST" in (route.methods or ())]
    return sorted(route.path for route in found)


def fill(path: str, sub: str) -> str:
    """Give a path's parameters values that exist."""
    values = {"{pool}": HOME.rpartition("/")[2], "{sub}": sub, "{action}": "disable", "{client}": "webclient"}
    for name, value in values.items():
        path = path.replace(name, value)
    return path.replace("{job}", "import-1").replace("{section}", "password")


async def test_no_form_of_any_route_is_taken_without_the_sessions_token(house: House) -> None:
    """Over the routes themselves: one that is added tomorrow is in here, too."""
    visitor, stranger = house.visitor(), house.visitor()
    page, mina = await sign_in(visitor), await find(house, MINA)
    token = page.form("/leave").fields["_csrf"]
    assert len(posted()) >= 15
    for path in (fill(path, mina.sub) for path in posted()):
        assert "{" not in path
        for sent in ("", "x" * 64):
            form: Any = {"data": {"_csrf": sent}}
            if path.endswith("/import"):  # a form with a file
                form = {"files": {"_csrf": (None, sent)}}
            answer = await visitor.http.post(path, headers=OWN, **form)
            assert answer.status_code == 403, path
        foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        answer = await visitor.http.post(path, data={"_csrf": token}, headers=foreign)
        assert answer.status_code == 403, path
        answer = await stranger.http.post(path, data={"_csrf": token}, headers=OWN)
        assert answer.status_code == 303, path
        assert "/oauth2/authorize" in answer.headers["location"]
    assert await find(house, MINA) == mina


async def test_no_route_opens_to_somebody_outside_the_group(house: House) -> None:
    """Signed in, and no administrator: every address says so."""
    visitor, mina = house.visitor(), await find(house, MINA)
    await sign_in(visitor, MINA)
    every = [route for route in routes() if isinstance(route, Route) and route.path != "/admin"]
    for route in every:
        for method in route.methods or ():
            answer = await visitor.http.request(method, fill(route.path, mina.sub), headers=OWN)
            assert answer.status_code == 403, (method, route.path)
            assert answer.headers["x-frame-options"] == "DENY"
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
