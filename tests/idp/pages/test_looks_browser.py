"""Pages of a branding style and of the classic customization in a real Chromium, in light and in dark."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from idp.app import create_app
from idp.core import Core
from tests.support import chromium
from tests.support.hosted_pages import CALLBACK, CLIENT, pools_document
from tests.support.page_checks import UNLABELLED
from tests.support.pools import CHEAP
from tests.support.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LOGO = b"""<svg xmlns="http://www.w3.org/2000/svg" width="180" height="48">
<rect width="180" height="48" rx="8" fill="%s"/>
<text x="90" y="32" font-size="24" text-anchor="middle" fill="#fff">Harbour</text>
<script>document.documentElement.setAttribute("data-ran", "1")</script></svg>"""
SETTINGS: dict[str, Any] = {
    "categories": {
        "global": {"colorSchemeMode": "DYNAMIC", "pageHeader": {"enabled": True}},
        "form": {"location": {"horizontal": "START", "vertical": "CENTER"}},
        "later": {"anything": [1, "url(https://evil.example/x)"]},
    },
    "components": {
        "pageBackground": {"lightMode": {"color": "fdf3e7ff"}, "darkMode": {"color": "20140aff"}},
        "form": {
            "borderRadius": 2,
            "lightMode": {"backgroundColor": "fffdf9ff"},
            "darkMode": {"backgroundColor": "2b1c10ff"},
        },
        "primaryButton": {
            "lightMode": {"defaults": {"backgroundColor": "7a1f3dff", "textColor": "ffffffff"}},
            "darkMode": {"defaults": {"backgroundColor": "f2b5c6ff", "textColor": "30101aff"}},
        },
    },
}
ASSETS = [
    {"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "SVG", "Bytes": LOGO % b"#7a1f3d"},
    {"Category": "FORM_LOGO", "ColorMode": "DARK", "Extension": "SVG", "Bytes": LOGO % b"#b5566f"},
    {"Category": "PAGE_HEADER_LOGO", "ColorMode": "LIGHT", "Extension": "PNG", "Bytes": PNG},
    {"Category": "PAGE_BACKGROUND", "ColorMode": "DYNAMIC", "Extension": "PNG", "Bytes": PNG},
    {"Category": "FAVICON_SVG", "ColorMode": "DYNAMIC", "Extension": "SVG", "Bytes": LOGO % b"#7a1f3d"},
]
CSS = (
    ".submitButton-customizable { background-color: rgb(1, 60, 30); }"
    ".banner-customizable { padding: 7px; background-color: #ffe; }"
)
BUTTON = "() => getComputedStyle(document.querySelector('.card button[type=submit]')).backgroundColor"
CARD = (
    "() => { const s = getComputedStyle(document.querySelector('.card'));"
    " return [s.backgroundColor, s.borderTopLeftRadius]; }"
)
SHOWN = """() => [...document.querySelectorAll('.card .brand img')]
  .filter(image => image.getClientRects().length).map(image => [image.naturalWidth, image.alt])"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("looks")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        browser = await chromium.launch(driver)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(folder: Path) -> AsyncIterator[tuple[str, Core]]:
    """A pool on localhost, and its core: in the same process, so that a style is set without a request."""
    apps: list[Any] = []

    def make(url: str) -> Any:
        apps.append(
            create_app(pools_document(), public_url=url, data_directory=folder / "data", hash_cost=CHEAP)
        )
        return apps[-1]

    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(make, host="localhost"))
        yield url, apps[0].state.core


def login(url: str, path: str = "/login", **more: str) -> str:
    asked = {"client_id": CLIENT, "redirect_uri": CALLBACK, "response_type": "code", **more}
    return f"{url}{path}?{urlencode(asked)}"


async def style(core: Core, settings: dict[str, Any], assets: list[dict[str, Any]]) -> None:
    """Give the client this style in the place of any other."""
    known = await core.client(CLIENT)
    assert known
    desk, members = core.management.styles, {"Settings": settings, "Assets": assets}
    made = await desk.create(known[0], CLIENT, members)
    assert made.key


@pytest_asyncio.fixture(loop_scope="module")
async def styled(pool: tuple[str, Core]) -> AsyncIterator[str]:
    """The pool's address while its client has a style."""
    url, core = pool
    await style(core, SETTINGS, ASSETS)
    yield url
    known = await core.client(CLIENT)
    assert known
    part = await core.management.styles.of_client(known[0], CLIENT)
    await core.management.styles.delete(known[0], part.key)


async def open_page(browser: Browser, address: str, **options: Any) -> tuple[Page, chromium.Watch]:
    context, watch = await chromium.new_context(browser, **options)
    page = await context.new_page()
    await page.goto(address)
    return page, watch


@pytest.mark.parametrize(
    ("scheme", "button", "card"),
    [
        ("light", "rgb(122, 31, 61)", "rgb(255, 253, 249)"),
        ("dark", "rgb(242, 181, 198)", "rgb(43, 28, 16)"),
    ],
)
async def test_style_is_on_the_page_in_light_and_dark(
    browser: Browser, styled: str, scheme: str, button: str, card: str
) -> None:
    page, watch = await open_page(browser, login(styled), color_scheme=scheme)
    assert await page.evaluate(BUTTON) == button
    assert await page.evaluate(CARD) == [card, "2px"]
    assert await page.evaluate(SHOWN) == [[180, "demo"]]
    left = await page.evaluate("document.querySelector('main').getBoundingClientRect().left")
    assert left == 0, "the form is at the start"
    await expect(page.locator(".band.header")).to_be_visible()
    await expect(page.get_by_text("demo", exact=True)).to_have_count(1)
    assert await page.evaluate(UNLABELLED) == []
    await chromium.picture(page, f"style-{scheme}")
    await page.set_viewport_size({"width": 320, "height": 700})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await chromium.picture(page, f"style-{scheme}-phone")
    await page.context.close()
    assert watch.complaints == []


async def test_style_that_is_light_is_light_in_a_dark_browser(
    browser: Browser, pool: tuple[str, Core]
) -> None:
    url, core = pool
    await style(core, {"components": {"form": {"darkMode": {"backgroundColor": "000000ff"}}}}, [])
    page, watch = await open_page(browser, login(url), color_scheme="dark")
    assert await page.evaluate(CARD) == ["rgb(255, 255, 255)", "16px"]
    assert await page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    await chromium.picture(page, "style-always-light")
    await page.context.close()
    known = await core.client(CLIENT)
    assert known
    part = await core.management.styles.of_client(known[0], CLIENT)
    await core.management.styles.delete(known[0], part.key)
    assert watch.complaints == []


async def test_script_in_a_logo_does_not_run_where_the_logo_is_opened_by_itself(
    browser: Browser, styled: str
) -> None:
    page, _ = await open_page(browser, login(styled))
    address = await page.evaluate("() => document.querySelector('.card .brand img').src")
    assert address.startswith(f"{styled}/look/")
    await page.goto(address)
    assert await page.evaluate("document.documentElement.getAttribute('data-ran')") is None
    assert await page.evaluate("self.origin") == "null", "it has an origin of its own"
    await page.context.close()


async def test_classic_css_and_logo_are_on_the_page(browser: Browser, pool: tuple[str, Core]) -> None:
    url, core = pool
    known = await core.client(CLIENT)
    assert known
    await core.management.looks.set_ui(known[0], CLIENT, CSS, PNG)
    page, watch = await open_page(browser, login(url))
    assert await page.evaluate(BUTTON) == "rgb(1, 60, 30)"
    banner = "() => getComputedStyle(document.querySelector('.brand')).paddingTop"
    assert await page.evaluate(banner) == "7px"
    assert await page.evaluate("document.querySelector('.brand img').naturalWidth") == 1
    await chromium.picture(page, "classic")
    await core.management.looks.set_ui(known[0], CLIENT, "", b"")
    await page.context.close()
    assert watch.complaints == []
