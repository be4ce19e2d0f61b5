"""What an attacker tries on the pages: planted cookies, markup, framing, redirects."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.hosted_pages import (
    CALLBACK,
    CLIENT,
    NEW_PASSWORD,
    PASSWORD,
    House,
    Page,
    answer_of,
    authorize_path,
    authorize_query,
)
from tests.support.page_forms import FORMS, reset_form

MINA = "mina@example.com"
XSS = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
on_shared_loop = pytest.mark.asyncio(loop_scope="module")


@on_shared_loop
async def test_planted_session_is_not_the_one_that_signs_in(shared_house: House) -> None:
    attacker, victim = shared_house.visitor(), shared_house.visitor()
    await attacker.sign_in()
    planted = attacker.http.cookies["cognito"]
    victim.http.cookies.set("cognito", planted, domain="login.example")
    page = await victim.get(authorize_path(prompt="login"))
    await victim.submit(page, "/login", {"username": MINA, "password": PASSWORD})
    assert planted not in victim.http.cookies["cognito"].split("~")
    made_up = shared_house.visitor()
    made_up.http.cookies.set("cognito", "made-up", domain="login.example")
    await made_up.sign_in()
    sessions = made_up.http.cookies["cognito"].split("~")
    assert sessions[0] != "made-up"
    stranger = shared_house.visitor()
    stranger.http.cookies.set("cognito", "made-up", domain="login.example")
    assert (await stranger.get(authorize_path())).heading == "Sign in"


async def test_session_cookie_is_shut_away(house: House, open_house: Any) -> None:
    page = await house.visitor().sign_in()
    line = next(v for v in page.response.headers.get_list("set-cookie") if v.startswith("cognito="))
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=3600"} <= set(line.split("; "))
    assert "Domain" not in line
    assert "Secure" not in line
    secure = (await open_house(public_url="https://login.example")).visitor(origin="https://login.example")
    page = await secure.sign_in()
    lines = page.response.headers.get_list("set-cookie")
    assert lines
    assert all("Secure" in line for line in lines)
    assert page.response.headers["strict-transport-security"].startswith("max-age=")


REFLECTED = {
    "state on login": f"/login?{authorize_query(state=XSS)}",
    "login_hint": f"/login?{authorize_query(login_hint=XSS)}",
    "scope": f"/login?{authorize_query(nonce=XSS)}",
    "lang": f"/login?{authorize_query(lang=XSS)}",
    "unknown parameter": f"/login?{authorize_query()}&x={XSS}",
    "error word": f"/error?error={XSS}&client_id={XSS}",
    "unknown client": f"/oauth2/authorize?client_id={XSS}",
    "redirect_uri": f"/oauth2/authorize?client_id={CLIENT}&redirect_uri={XSS}",
    "path": f"/{XSS}",
    "logout": f"/logout?client_id={CLIENT}&logout_uri={XSS}",
    "step": f"/confirm?{authorize_query()}&step={XSS}",
    "inbox": f"/dev/inbox?to={XSS}",
    "home": f"/?x={XSS}",
}


@on_shared_loop
@pytest.mark.parametrize("path", REFLECTED.values(), ids=REFLECTED)
async def test_markup_in_an_address_stays_text(shared_house: House, path: str) -> None:
    assert_no_markup(await shared_house.visitor().get(path))


@on_shared_loop
@pytest.mark.parametrize("name", ["/login", "/signup", "/resendcode", "/forgotPassword"])
async def test_markup_in_a_field_stays_text(shared_house: House, name: str) -> None:
    visitor = shared_house.visitor()
    page, _ = await FORMS[name](visitor, shared_house)
    page = await visitor.submit(page, name, {"username": XSS, "password": "", "code": XSS})
    assert_no_markup(page)


async def test_markup_in_a_mail_stays_text(open_house: Any) -> None:
    house = await open_house(UsernameAttributes=[], UserPoolUsers=[])
    visitor = house.visitor(address="127.0.0.1", origin="http://localhost")
    page = await visitor.get(f"/signup?{authorize_query()}")
    name = "<script>alert(1)</script>"
    typed = {"username": name, "requiredAttributes[email]": "jun@example.com", "password": PASSWORD}
    page = await visitor.submit(page, "/signup", typed)
    assert page.heading == "Enter your code"
    assert_no_markup(await visitor.get("/dev/inbox"))


def foreign_scripts(page: Page) -> list[dict[str, str]]:
    """Scripts that are not the one file of our own."""
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert len(scripts) == page.text.count("<script")
    own = re.compile(r"/static/passkeys-[0-9a-f]{16}\.js")
    return [script for script in scripts if not own.fullmatch(script.get("src", ""))]


def assert_no_markup(page: Page) -> None:
    assert foreign_scripts(page) == []
    assert not [tag for tag, attributes in page.tags if any(name.startswith("on") for name in attributes)]
    assert not [tag for tag, _ in page.tags if tag == "img"]


PATHS = ["/", "/login", "/error?error=x", "/nowhere", "/dev/inbox", "/oauth2/token", "/oauth2/userInfo"]


@on_shared_loop
@pytest.mark.parametrize("path", [*PATHS, f"/login?{authorize_query()}", authorize_path()])
async def test_every_answer_forbids_framing_caching_and_sniffing(shared_house: House, path: str) -> None:
    response = await shared_house.visitor().http.get(path)
    headers = response.headers
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "no-store" in headers["cache-control"]
    assert headers["referrer-policy"] == "same-origin"
    assert re.fullmatch(r"[0-9a-f-]{36}", headers["x-amz-cognito-request-id"])


@on_shared_loop
async def test_pages_use_no_foreign_script_and_no_inline_style(shared_house: House) -> None:
    page = await shared_house.visitor().get(authorize_path())
    assert foreign_scripts(page) == []
    assert not [tag for tag, attributes in page.tags if tag == "style" or "style" in attributes]
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page.text)


@on_shared_loop
@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/login",
        "/login//evil.example",
        "/%2F%2Fevil.example",
        f"/login?{authorize_query(redirect_uri='https://evil.example/')}",
        f"/login?{authorize_query(redirect_uri='//evil.example')}",
        f"/signup?{authorize_query(redirect_uri=CALLBACK + '.evil.example')}",
        f"/logout?client_id={CLIENT}&logout_uri=https://evil.example/",
        f"/logout?client_id={CLIENT}&logout_uri=//evil.example",
        f"/logout?client_id={CLIENT}&post_logout_redirect_uri=https://evil.example/",
        f"/logout?client_id={CLIENT}&redirect_uri=https://evil.example/&response_type=code",
        f"/error?error=redirect_mismatch&client_id={CLIENT}&redirect_uri=https://evil.example/",
        f"/login?{authorize_query(lang='//evil.example')}",
    ],
)
async def test_nothing_leads_to_a_foreign_host(shared_house: House, path: str) -> None:
    visitor = shared_house.visitor()
    await visitor.sign_in()
    page = await visitor.get(path)
    assert "evil.example" not in page.response.headers.get("location", "")
    links = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in {"href", "action"}
    ]
    assert not [link for link in links if re.match(r"(?:[a-z]+:)?[/\\]{2}", link)]


@on_shared_loop
async def test_step_of_one_page_opens_no_other(shared_house: House) -> None:
    visitor = shared_house.visitor()
    page, _ = await reset_form(visitor, shared_house)
    step = page.form("/confirmforgotPassword").fields["step"]
    for path in ("/confirm", "/changePassword"):
        page = await visitor.get(f"{path}?{authorize_query()}&step={step}")
        assert page.heading == "Sign in"


@on_shared_loop
async def test_no_page_logs_a_secret(shared_house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    visitor = shared_house.visitor()
    page, typed = await reset_form(visitor, shared_house)
    page = await visitor.submit(page, "/confirmforgotPassword", typed)
    back = await visitor.submit(page, "/login", {"password": NEW_PASSWORD})
    secrets = [NEW_PASSWORD, typed["code"], answer_of(back)["code"], visitor.http.cookies["cognito"]]
    ours = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("idp"))
    assert "sign-in" in ours
    assert not [secret for secret in secrets if secret in ours]
