"""What an attacker tries on the forms: posts from other sites and browsers, repeats, sizes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.hosted_pages import ORIGIN, House, authorize_path, authorize_query
from tests.support.page_forms import FORMS

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(params=FORMS, ids=str)
def action(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_form_is_accepted_from_its_own_page(shared_house: House, action: str) -> None:
    """The control of the tests below: the same post, untouched, does something."""
    visitor = shared_house.visitor()
    page, typed = await FORMS[action](visitor, shared_house)
    done = await visitor.submit(page, action, typed)
    assert done.response.status_code in {200, 302}
    assert done.alerts == ""


@pytest.mark.parametrize("token", [None, "", "forged", "another browser's"])
async def test_form_without_its_token_comes_back_fresh_and_does_nothing(
    shared_house: House, action: str, token: str | None
) -> None:
    visitor = shared_house.visitor()
    page, typed = await FORMS[action](visitor, shared_house)
    form = page.form(action)
    if token == "another browser's":
        token = (await shared_house.visitor().get(authorize_path())).form("/login").fields["_csrf"]
    fields = {name: value for name, value in (form.fields | {"_csrf": token}).items() if value is not None}
    refused = await visitor.http.post(form.action, data={**fields, **typed})
    assert refused.status_code == 403
    assert "cognito" not in refused.cookies
    again = await visitor.submit(page, action, typed)
    assert again.alerts == "", "the real form still works, so the refused one did nothing"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": ORIGIN},
    ],
    ids=str,
)
async def test_form_from_another_site_is_refused_even_with_the_token(
    shared_house: House, action: str, headers: dict[str, str]
) -> None:
    visitor = shared_house.visitor()
    page, typed = await FORMS[action](visitor, shared_house)
    refused = await visitor.submit(page, action, typed, headers=headers)
    assert refused.response.status_code == 403
    assert "another site" in refused.text
    assert (await visitor.submit(page, action, typed)).alerts == ""


async def test_repeated_field_is_refused(shared_house: House, action: str) -> None:
    visitor = shared_house.visitor()
    page, typed = await FORMS[action](visitor, shared_house)
    form = page.form(action)
    pairs = [*{**form.fields, **typed}.items(), ("_csrf", form.fields["_csrf"])]
    response = await visitor.http.post(
        form.action,
        content="&".join(f"{name}={value}" for name, value in pairs),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert response.status_code == 400


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
async def test_large_body_is_not_read(shared_house: House, action: str, declared: bool) -> None:
    async def chunks() -> Any:
        for _ in range(70):
            yield b"a" * 1024

    headers = {"content-type": "application/x-www-form-urlencoded"}
    content: Any = b"a" * 70_000 if declared else chunks()
    response = await shared_house.visitor().http.post(
        f"{action}?{authorize_query()}", content=content, headers=headers
    )
    assert response.status_code == 413
    assert "too large" in response.text


async def test_upload_is_no_form(shared_house: House, action: str) -> None:
    response = await shared_house.visitor().http.post(f"{action}?{authorize_query()}", files={"a": b"b"})
    assert response.status_code == 400
