"""How a finished form leads back to the app: a page for browsers, Cognito's redirect for scripts."""

import html

from tests.support.hosted_pages import (
    CALLBACK,
    CLIENT,
    PASSWORD,
    House,
    PageVisitor,
    authorize_path,
    read_page,
)

CSS = ".label-customizable { color: green }"
BROWSER = {"sec-fetch-mode": "navigate", "sec-fetch-site": "same-origin"}


async def sign_in(visitor: PageVisitor, headers: dict[str, str]) -> tuple[str, str]:
    """Sign in with these headers; returns the sign-in page's policy and the answer's markup."""
    response = await visitor.http.get(authorize_path(), headers=headers, follow_redirects=True)
    form = read_page(response).form("/login")
    typed = {"username": "mina@example.com", "password": PASSWORD}
    answer = await visitor.http.post(form.action, data={**form.fields, **typed}, headers=headers)
    assert answer.status_code == (200 if headers else 302)
    return response.headers["content-security-policy"], answer.text


async def test_browser_leaves_by_a_page_and_its_policy_names_no_other_site(house: House) -> None:
    visitor = house.visitor()
    policy, text = await sign_in(visitor, BROWSER)
    assert "form-action 'self';" in policy
    assert f'http-equiv="refresh" content="0;url={CALLBACK}?code=' in html.unescape(text)
    assert "cognito" in visitor.http.cookies


async def test_page_in_between_and_error_pages_look_like_the_clients(house: House) -> None:
    pool_and_client = await house.core.client(CLIENT)
    assert pool_and_client
    await house.core.management.looks.set_ui(pool_and_client[0], CLIENT, CSS, None)
    visitor = house.visitor()
    _, text = await sign_in(visitor, BROWSER)
    error = await visitor.get(f"/error?error=redirect_mismatch&client_id={CLIENT}")
    nowhere = await visitor.get("/error?error=unauthorized_client&client_id=nobody")
    await house.core.management.looks.set_ui(pool_and_client[0], CLIENT, "", None)
    for shown in (text, error.text):
        assert "/look/" in shown
        assert "<span>demo</span>" in shown
    assert "/look/" not in nowhere.text


async def test_script_is_redirected_and_the_policy_names_the_app(house: House) -> None:
    policy, _ = await sign_in(house.visitor(), {})
    assert "form-action 'self' https://app.example;" in policy
