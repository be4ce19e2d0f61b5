"""Passkeys and second steps in a real Chromium, whose virtual authenticator holds the passkeys."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, CDPSession, Page, async_playwright, expect
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from idp.app import create_app
from tests.support import chromium
from tests.support.hosted_pages import CLIENT, PASSWORD, pools_document
from tests.support.page_checks import LOW_CONTRAST, UNLABELLED
from tests.support.pools import CHEAP
from tests.support.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
STRICT = "strictclient"
PERSON = "mina@example.com"
FIRST = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "WEB_AUTHN"]}}


@dataclass(frozen=True, slots=True)
class Scene:
    """One pool with every way to begin and one that requires a second step, and an app."""

    browser: Browser
    pool: str
    app: str

    def page_at(self, path: str, client: str = CLIENT, **changes: str) -> str:
        """A page of the pool, as the app links to it."""
        asked = {"client_id": client, "redirect_uri": f"{self.app}/home", "response_type": "code"} | changes
        return f"{self.pool}{path}?{urlencode(asked)}"


def make_app(url: str) -> Starlette:
    async def home(_: Any) -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>app</title><h1>Welcome</h1>")

    return Starlette(routes=[Route("/home", home)])


def make_documents(app: str) -> list[dict[str, Any]]:
    [open_pool] = pools_document(
        Policies=FIRST, MfaConfiguration="OPTIONAL", EnabledMfas=["SOFTWARE_TOKEN_MFA"]
    )
    open_pool["UserPoolClients"][0]["CallbackURLs"] = [f"{app}/home"]
    [strict] = pools_document(
        UserPoolName="strict",
        UserPoolId="us-east-1_Strict001",
        MfaConfiguration="ON",
        EnabledMfas=["SOFTWARE_TOKEN_MFA"],
    )
    client = {**strict["UserPoolClients"][0], "ClientId": STRICT, "CallbackURLs": [f"{app}/home"]}
    people = [
        {"Username": name, "Password": PASSWORD, "Attributes": {"email_verified": "true"}}
        for name in ("mina@example.com", "noah@example.com")
    ]
    return [open_pool, {**strict, "UserPoolClients": [client], "UserPoolUsers": people}]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    data = tmp_path_factory.mktemp("factors") / "data"
    async with AsyncExitStack() as stack:
        driver = await stack.enter_async_context(async_playwright())
        browser = await chromium.launch(driver)
        stack.push_async_callback(browser.close)
        app = await stack.enter_async_context(serving(make_app))

        def make_pool(url: str) -> Any:
            return create_app(make_documents(app), public_url=url, data_directory=data, hash_cost=CHEAP)

        pool = await stack.enter_async_context(serving(make_pool, host="localhost"))
        yield Scene(browser, pool, app)


async def add_authenticator(page: Page) -> CDPSession:
    """Give the page's browser a device with a screen lock that is always opened."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


async def sign_in(page: Page, name: str = PERSON) -> None:
    await page.get_by_label("Email").fill(name)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def sign_in_anywhere(page: Page, login: str) -> None:
    """Sign in whatever the language."""
    await page.goto(login)
    await page.locator("input[name=username]").fill(PERSON)
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.locator("form[action*='/login?'] button").first.click()


async def newest_code(page: Page, scene: Scene) -> str:
    tab = await page.context.new_page()
    await tab.goto(f"{scene.pool}/dev/inbox")
    code = await tab.get_by_test_id("code").first.inner_text()
    await tab.close()
    return code


async def test_a_passkey_is_added_signs_in_and_is_deleted(scene: Scene) -> None:
    context, watch = await chromium.new_context(scene.browser)
    page = await context.new_page()
    await add_authenticator(page)
    await page.goto(scene.page_at("/oauth2/authorize"))
    await sign_in(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Welcome")
    await page.goto(scene.page_at("/passkeys/add").replace("&response_type=code", ""))
    await page.get_by_role("button", name="Add a passkey").click()
    await expect(page.get_by_role("status").first).to_have_text("The passkey was added.")
    await page.get_by_role("button", name="Add a passkey").click()
    await expect(page.get_by_text("This device has a passkey for you already.")).to_be_visible()
    await context.clear_cookies()
    await page.goto(scene.page_at("/oauth2/authorize"))
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "Welcome"
    )  # conditional: offered and taken
    await page.goto(scene.page_at("/passkeys/add"))
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("status").first).to_have_text("The passkey was deleted.")
    await expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    await context.close()
    assert watch.complaints == []


async def test_the_button_asks_for_a_passkey(scene: Scene) -> None:
    context, watch = await chromium.new_context(scene.browser)
    page = await context.new_page()
    await page.add_init_script("delete PublicKeyCredential.isConditionalMediationAvailable")
    await add_authenticator(page)
    await page.goto(scene.page_at("/oauth2/authorize"))
    await sign_in(page)
    await page.wait_for_url(f"{scene.app}/**")
    await page.goto(scene.page_at("/passkeys/add"))
    await page.get_by_role("button", name="Add a passkey").click()
    await expect(page.get_by_role("status").first).to_have_text("The passkey was added.")
    await context.clear_cookies()
    await page.goto(scene.page_at("/oauth2/authorize"))
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Welcome")
    await context.close()
    assert watch.complaints == []


async def test_without_a_passkey_the_page_says_that_it_did_not_work(scene: Scene) -> None:
    context, watch = await chromium.new_context(scene.browser)
    page = await context.new_page()
    await add_authenticator(page)
    await page.goto(scene.page_at("/oauth2/authorize"))
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_text("That did not work. Please try again.")).to_be_visible()
    await sign_in(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Welcome")
    await context.close()
    assert watch.complaints == []


async def test_without_javascript_passkeys_are_not_offered(scene: Scene) -> None:
    context, _ = await chromium.new_context(scene.browser, java_script_enabled=False)
    page = await context.new_page()
    await page.goto(scene.page_at("/oauth2/authorize"))
    await expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    await expect(page.get_by_role("link", name="Sign in with a code")).to_be_visible()
    await sign_in(page)
    await page.wait_for_url(f"{scene.app}/**")
    await context.close()


async def test_a_code_in_the_place_of_the_password(scene: Scene) -> None:
    context, watch = await chromium.new_context(scene.browser)
    page = await context.new_page()
    await page.goto(scene.page_at("/oauth2/authorize"))
    await page.get_by_role("link", name="Sign in with a code").click()
    await page.get_by_label("Email").fill(PERSON)
    await page.get_by_role("button", name="Email me a code").click()
    await expect(page.get_by_label("Code", exact=True)).to_be_focused()
    await page.get_by_label("Code", exact=True).fill(await newest_code(page, scene))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Welcome")
    await context.close()
    assert watch.complaints == []


async def test_a_required_app_is_set_up_from_the_picture(scene: Scene) -> None:
    context, watch = await chromium.new_context(scene.browser)
    page = await context.new_page()
    await page.goto(scene.page_at("/oauth2/authorize", STRICT))
    await sign_in(page, "noah@example.com")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Set up a second step")
    picture = page.get_by_role("img", name="QR code")
    box = await picture.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) > 150, "large enough to scan"
    key = re.sub(r"\s", "", await page.locator("#key").inner_text())
    await page.get_by_label("Code", exact=True).fill(pyotp.TOTP(key).now())
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Welcome")
    await context.clear_cookies()
    await page.goto(scene.page_at("/oauth2/authorize", STRICT))
    await sign_in(page, "noah@example.com")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    await expect(page.get_by_label("Code", exact=True)).to_be_focused()
    await context.close()
    assert watch.complaints == []


LOOKS = [("light", "en", 1280), ("dark", "ko", 320), ("light", "ko", 320), ("dark", "en", 1280)]


@pytest.mark.parametrize(("scheme", "lang", "width"), LOOKS)
async def test_pages_fit_and_keep_their_contrast(scene: Scene, scheme: str, lang: str, width: int) -> None:
    context, watch = await chromium.new_context(
        scene.browser, viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    page = await context.new_page()

    async def judge(name: str) -> None:
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert await page.evaluate(LOW_CONTRAST) == [], name
        assert await page.evaluate(UNLABELLED) == [], name
        await chromium.picture(page, f"factors-{name}-{lang}-{scheme}-{width}")

    await page.goto(scene.page_at("/login", lang=lang))
    await judge("login")
    await page.goto(scene.page_at("/login/code", lang=lang))
    await judge("code")
    await page.locator("input[name=username]").fill(f"{scheme}{width}@example.com")
    await page.locator("button[value=EMAIL_OTP]").click()
    await page.wait_for_url("**/mfa?*")
    await judge("mfa")
    await sign_in_anywhere(page, scene.page_at("/login", STRICT, lang=lang))
    await page.wait_for_url("**/mfa/setup?*")
    await judge("setup")
    await sign_in_anywhere(page, scene.page_at("/login", lang=lang))
    await page.wait_for_url(f"{scene.app}/**")
    await page.goto(scene.page_at("/passkeys/add", lang=lang))
    await judge("passkeys")
    await context.close()
    assert watch.complaints == []
