"""Every route of the application, found by enumeration: what is added later is attacked, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from idp.app import create_app
from idp.pages.visit import Visit, form_page
from tests.support.hosted_pages import (
    ORIGIN,
    House,
    PageVisitor,
    authorize_path,
    authorize_query,
    pools_document,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

MACHINES = {"/", "/oauth2/token", "/oauth2/revoke", "/oauth2/userInfo"}
"""Who posts here proves itself in the request; no cookie of a browser counts."""
STEPS = {"/changePassword", "/confirm", "/confirmforgotPassword", "/mfa", "/mfa/choose", "/mfa/resend",
         "/mfa/setup"}  # fmt: skip
"""Pages in the middle of something."""
VALUES = {"{pool}": "us-east-1_Example01", "{name}": "nothing.css"}


def routes(found: list[Any]) -> Iterator[Route]:
    """Every route, those of mounted parts included."""
    for route in found:
        if isinstance(route, Mount):
            yield from routes(route.routes)
        else:
            assert isinstance(route, Route), f"a kind of route that no test knows: {route}"
            yield route


def make_app() -> Starlette:
    """The application, closed: only its routes are looked at."""
    return create_app(pools_document(), public_url=ORIGIN, data_directory=Path("nowhere"))


def paths(method: str) -> list[str]:
    """Paths that take a method, with values for their parameters."""
    found = {route.path for route in routes(make_app().routes) if method in (route.methods or {method})}
    for name, value in VALUES.items():
        found = {path.replace(name, value) for path in found}
    return sorted(found)


# The console has a frame and tokens of its own: tests/idp/console/test_attacks.py posts to each of its forms.
FORMS = [path for path in paths("POST") if path not in MACHINES and not path.startswith("/admin/")]


async def token_fields(house: House, visitor: PageVisitor, token: str | None) -> dict[str, str]:
    """The hidden field as somebody would send it."""
    known = {"its own": visitor, "another browser's": house.visitor()}
    if token in known:
        page = await known[token].get(authorize_path(prompt="login"))
        token = page.form("/login").fields["_csrf"]
    return {} if token is None else {"_csrf": token}


async def test_every_form_stands_in_the_frame_that_checks_tokens() -> None:
    assert len(FORMS) >= 14
    frame = f"{form_page.__qualname__}.<locals>.endpoint"
    forms = [route for route in routes(make_app().routes) if route.path in FORMS]
    outside = {route.path for route in forms if route.endpoint.__qualname__ != frame}
    # Nobody comes to /feedback from an app: its frame is its own, and tests/idp/pages/test_feedback.py's.
    assert outside == {"/feedback"}, "a page with a form is made by idp.pages.visit.form_page"


@pytest.mark.parametrize(
    ("token", "answer"),
    [
        (None, (403, "shown")),
        ("", (403, "shown")),
        ("forged", (403, "shown")),
        ("another browser's", (403, "shown")),
        ("its own", (200, "taken")),
    ],
)
async def test_the_frame_takes_a_form_with_its_browsers_token_only(
    shared_house: House, token: str | None, answer: tuple[int, str]
) -> None:
    async def show(visit: Visit) -> Response:
        return PlainTextResponse("shown", visit.status)

    async def submit(_: Visit) -> Response:
        return PlainTextResponse("taken")

    visitor = shared_house.visitor()
    fields = {"anything": "at all", **await token_fields(shared_house, visitor, token)}
    probe = Route("/probe", form_page(show, submit), methods=["GET", "POST"])
    shared_house.app.routes.append(probe)
    try:
        got = await visitor.http.post(f"/probe?{authorize_query()}", data=fields)
    finally:
        shared_house.app.routes.remove(probe)
    assert (got.status_code, got.text) == answer


@pytest.mark.parametrize("token", [None, "", "forged", "another browser's"])
@pytest.mark.parametrize("path", FORMS)
async def test_a_form_is_not_taken_without_its_browsers_token(
    shared_house: House, path: str, token: str | None
) -> None:
    visitor = shared_house.visitor()
    await visitor.sign_in()
    before = dict(visitor.http.cookies)
    fields = {"username": "mina@example.com", **await token_fields(shared_house, visitor, token)}
    answer = await visitor.http.post(f"{path}?{authorize_query()}", data=fields, headers={"origin": ORIGIN})
    if path in STEPS:
        # Without a step there is nothing to show again: such a page leads back to the beginning.
        assert answer.headers["location"].split("?")[0] in {"/login", "/forgotPassword"}
    else:
        assert answer.status_code == 403
    assert before.get("cognito") == visitor.http.cookies.get("cognito")


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_from_another_site_is_refused_with_its_own_token(shared_house: House, path: str) -> None:
    visitor = shared_house.visitor()
    token = (await visitor.get(authorize_path())).form("/login").fields["_csrf"]
    address = f"{path}?{authorize_query()}"
    own = await visitor.http.post(address, data={"_csrf": token}, headers={"origin": ORIGIN})
    assert own.status_code != 403, "the control: the same post from our own page is let in"
    foreign = {"origin": "https://evil.example"}
    answer = await visitor.http.post(address, data={"_csrf": token}, headers=foreign)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", sorted({*paths("GET"), *paths("POST"), "/nowhere"}))
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
async def test_nothing_may_be_framed_or_sniffed(shared_house: House, path: str, method: str) -> None:
    answer = await shared_house.visitor().http.request(method, f"{path}?{authorize_query()}")
    assert answer.status_code < 500
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", sorted(MACHINES))
async def test_a_machine_endpoint_does_nothing_for_a_browsers_cookies(shared_house: House, path: str) -> None:
    visitor = shared_house.visitor()
    await visitor.sign_in()
    answer = await visitor.http.post(path, data={}, headers={"origin": "https://evil.example"})
    assert 400 <= answer.status_code < 500
    assert "access-control-allow-credentials" not in answer.headers
