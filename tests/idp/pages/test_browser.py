"""The pages in a real Chromium: what the policy lets through, what it looks like, what a keyboard reaches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

from idp.app import create_app
from tests.support import chromium
from tests.support.hosted_pages import CLIENT, PASSWORD, pools_document
from tests.support.page_checks import LOW_CONTRAST, UNLABELLED
from tests.support.pools import CHEAP
from tests.support.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@dataclass(frozen=True, slots=True)
class Scene:
    """A pool on localhost and an app on another origin whose callback redirects to a third."""

    browser: Browser
    pool: str
    app: str

    def authorize(self, callback: str = "/cb", **changes: str) -> str:
        """Where the app sends a browser to sign in."""
        asked = {"client_id": CLIENT, "redirect_uri": self.app + callback, "response_type": "code"} | changes
        return f"{self.pool}/oauth2/authorize?{urlencode(asked)}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(folder: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        driver = await stack.enter_async_context(async_playwright())
        browser = await chromium.launch(driver)
        stack.push_async_callback(browser.close)
        app = await stack.enter_async_context(serving(make_app, host="127.0.0.1"))

        def make_pool(url: str) -> Any:
            client = pools_document()[0]["UserPoolClients"][0]
            client |= {"CallbackURLs": [f"{app}/cb", f"{app}/cb-elsewhere"]}
            document = pools_document(UserPoolClients=[client])
            return create_app(document, public_url=url, data_directory=folder / "data", hash_cost=CHEAP)

        pool = await stack.enter_async_context(serving(make_pool, host="localhost"))
        yield Scene(browser, pool, app)


def make_elsewhere(app: str) -> str:
    """An address of the app that the pool has never heard of."""
    return app.replace("127.0.0.1", "elsewhere.test") + "/home"


def make_app(url: str) -> Starlette:
    """An app whose callbacks redirect, one on the same origin and one to another host of its own."""

    async def home(_: Any) -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>app</title><h1>Welcome</h1>")

    def to(target: str) -> Any:
        async def answer(_: Any) -> RedirectResponse:
            return RedirectResponse(target, status_code=302)

        return answer

    return Starlette(
        routes=[
            Route("/cb", to(f"{url}/home")),
            Route("/cb-elsewhere", to(make_elsewhere(url))),
            Route("/home", home),
            Route("/favicon.ico", to("data:,")),
        ]
    )


async def fill_in(page: Page) -> None:
    await page.get_by_label("Email").fill("mina@example.com")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("callback", ["/cb", "/cb-elsewhere"], ids=["same origin", "on to another host"])
async def test_sign_in_passes_the_policy_all_the_way_into_the_app(scene: Scene, callback: str) -> None:
    """Chromium holds every redirect after the form against form-action."""
    context, watch = await chromium.new_context(scene.browser)
    page = await context.new_page()
    await page.goto(scene.authorize(callback))
    await fill_in(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Welcome")
    await context.close()
    assert watch.complaints == []


async def test_plain_http_browser_that_tells_less_about_itself_gets_in_too(scene: Scene) -> None:
    """Chromium sends Sec-Fetch-Mode on https and on this machine only."""
    context, watch = await chromium.new_context(scene.browser)
    page = await context.new_page()
    await page.goto(scene.authorize().replace("localhost", "pool.test"))
    await fill_in(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Welcome")
    await context.close()
    assert watch.complaints == []


async def test_back_button_does_not_meet_the_page_in_between(scene: Scene) -> None:
    context, _ = await chromium.new_context(scene.browser)
    page = await context.new_page()
    await page.goto("about:blank")
    await page.goto(scene.authorize())
    await fill_in(page)
    await page.wait_for_url(f"{scene.app}/home")
    await page.go_back()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    await expect(page.get_by_role("button", name="Continue as mina@example.com")).to_be_visible()
    await context.close()


async def test_pages_work_without_javascript(scene: Scene) -> None:
    context, _ = await chromium.new_context(scene.browser, java_script_enabled=False)
    page = await context.new_page()
    await page.goto(scene.authorize())
    await fill_in(page)
    await page.wait_for_url(f"{scene.app}/home")
    await context.close()


async def test_problem_has_the_focus_and_is_announced(scene: Scene) -> None:
    context, watch = await chromium.new_context(scene.browser)
    page = await context.new_page()
    await page.goto(scene.authorize())
    await page.get_by_label("Email").fill("mina@example.com")
    await page.get_by_label("Password", exact=True).fill("Wrong-Horse-1")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_focused()
    described = await page.get_by_label("Password", exact=True).get_attribute("aria-describedby")
    assert described == "problems"
    await context.close()
    assert watch.complaints == []


async def test_sign_up_is_reached_and_filled_by_keyboard(scene: Scene) -> None:
    context, watch = await chromium.new_context(scene.browser)
    page = await context.new_page()
    await page.goto(scene.authorize().replace("/oauth2/authorize", "/signup"))
    await page.keyboard.type("keys@example.com")
    for _ in range(2):
        await page.keyboard.press("Tab")
        await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Enter your code")
    await expect(page.get_by_label("Code")).to_be_focused()
    await context.close()
    assert watch.complaints == []


PATHS = ["/login", "/signup", "/forgotPassword", "/resendcode", "/error", "/"]


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_fit_and_keep_their_contrast(scene: Scene, scheme: str, lang: str, width: int) -> None:
    viewport = {"width": width, "height": 800}
    context, watch = await chromium.new_context(scene.browser, viewport=viewport, color_scheme=scheme)
    page = await context.new_page()
    for path in PATHS:
        await page.goto(scene.authorize(lang=lang).replace("/oauth2/authorize", path))
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert await page.evaluate(LOW_CONTRAST) == [], path
        assert await page.evaluate(UNLABELLED) == [], path
        await chromium.picture(page, f"pool{path.replace('/', '-')}-{lang}-{scheme}-{width}")
    await context.close()
    assert watch.complaints == []
