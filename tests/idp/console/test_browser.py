"""The console in a real Chromium: an administrator's day, widths, contrast and labels."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from idp.app import create_app
from idp.core import Core
from idp.model import Group
from tests.support import chromium
from tests.support.console import ADMIN, HOME, MINA, console_document
from tests.support.hosted_pages import CLIENT, PASSWORD
from tests.support.page_checks import LOW_CONTRAST, UNLABELLED
from tests.support.pools import CHEAP
from tests.support.serving import serving

BOSS = "boss"
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@dataclass(frozen=True, slots=True)
class Scene:
    """A browser and the address of the console."""

    browser: Browser
    origin: str
    client: str
    """An app client that the API made."""
    pool: str
    """Likewise, a pool."""

    @property
    def home(self) -> str:
        """The console of the pool that the file declares."""
        return self.origin + HOME


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("console")

    apps: list[Any] = []

    def make(url: str) -> Any:
        protected = console_document(UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"})
        apps.append(create_app(protected, public_url=url, data_directory=folder, hash_cost=CHEAP))
        return apps[0]

    async with AsyncExitStack() as stack:
        driver = await stack.enter_async_context(async_playwright())
        browser = await chromium.launch(driver)
        stack.push_async_callback(browser.close)
        origin = await stack.enter_async_context(serving(make, host="localhost"))
        yield Scene(browser, origin, *await furnish(apps[0].state.core))


async def furnish(core: Core) -> tuple[str, str]:
    """Add what only the API can make; returns the ids of a client and of a pool."""
    members = {
        "ClientName": "Shop",
        "GenerateSecret": True,
        "CallbackURLs": ["https://shop.example/callback"],
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid", "email"],
        "AllowedOAuthFlowsUserPoolClient": True,
    }
    client = await core.management.clients.create(await core.find_pool("demo"), members)
    await core.management.clients.add_secret(client, None)
    tags = {"albacore:AdminGroup": "admins", "team": "blue"}
    pool = await core.management.pools.create({"PoolName": "Made", "UserPoolTags": tags}, region="eu-west-1")
    await core.groups.create(Group(pool.id, "admins"))
    await core.administration.add(pool, username=BOSS, password=PASSWORD, permanent=True, attributes={})
    await core.administration.add_to_group(pool, BOSS, "admins")
    return client.id, pool.id


async def sign_in(scene: Scene, page: Page, path: str = "/users", *, boss: bool = False) -> None:
    home = f"{scene.origin}/admin/{scene.pool}" if boss else scene.home
    await page.goto(home + path)
    await page.locator("#field-username").fill(BOSS if boss else ADMIN)
    await page.locator("#password").fill(PASSWORD)
    await page.locator("button[type=submit]").first.click()
    await page.wait_for_url(f"{home}{path}")


async def test_administrator_finds_changes_and_deletes_a_user(scene: Scene) -> None:
    """Without JavaScript: the console needs none."""
    context, watch = await chromium.new_context(scene.browser, java_script_enabled=False)
    page = await context.new_page()
    await sign_in(scene, page)
    await page.get_by_role("link", name="New user").click()
    await page.get_by_label("Email").fill("zoe@example.com")
    await page.get_by_label("Send the invitation").uncheck()
    await page.get_by_role("button", name="Create user").click()
    await expect(page.get_by_test_id("secret")).to_be_visible()
    await chromium.picture(page, "console-once")
    await page.get_by_role("link", name="Users").click()
    await page.get_by_label("begins with").fill("zoe")
    await page.get_by_role("button", name="Search").click()
    await expect(page.get_by_role("row")).to_have_count(2)
    await page.get_by_role("link", name="zoe@example.com").click()
    await page.get_by_label("Full name").fill("Zoe Park")
    await page.get_by_role("button", name="Save changes").click()
    await expect(page.get_by_role("status")).to_have_text("The changes are saved.")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("Added to the group")
    await page.get_by_role("button", name="Disable").click()
    await expect(page.get_by_text("Disabled", exact=True)).to_be_visible()
    await page.get_by_label("Type zoe@example.com").fill("zoe@example.com")
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page.get_by_role("status")).to_have_text("zoe@example.com was deleted.")
    await page.reload()
    await expect(page.get_by_role("status")).to_have_count(0)
    await page.get_by_role("link", name="Import and export").click()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download").click()
    csv = Path(await (await download.value).path()).read_bytes()
    assert MINA.encode() in csv
    header = csv.splitlines()[0]
    content = header.replace(b"\xef\xbb\xbf", b"") + b"\n" + b"," * header.count(b",")
    file = {"name": "users.csv", "mimeType": "text/csv", "buffer": content}
    await page.get_by_label("CSV file").set_input_files(file)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Import users").click()
    await expect(page.get_by_role("status")).to_have_text("The import has begun.")
    while await page.get_by_role("link", name="Look again").count():
        await page.get_by_role("link", name="Look again").click()
    await expect(page.get_by_role("cell", name="cognito:username is missing")).to_be_visible()
    await chromium.picture(page, "console-import-job")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Name or id of the user pool")).to_be_visible()
    await context.close()
    assert watch.complaints == []


async def test_refusal_has_the_focus(scene: Scene) -> None:
    context, _ = await chromium.new_context(scene.browser)
    page = await context.new_page()
    await sign_in(scene, page)
    await page.get_by_role("link", name=MINA).click()
    await page.get_by_label(f"Type {MINA}").fill("somebody else")
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page.get_by_role("alert")).to_be_focused()
    await context.close()


async def paths_of(page: Page, scene: Scene) -> dict[str, str]:
    """Every page of the console by a word."""
    await page.goto(f"{scene.home}/users")
    user = await page.get_by_role("link", name=MINA).get_attribute("href") or ""
    admin = await page.get_by_role("link", name=ADMIN).get_attribute("href") or ""
    paths = {"users": "/users", "new-user": "/users/new", "user": user.removeprefix(HOME)}
    paths |= {"events": f"{admin.removeprefix(HOME)}/events", "admin": admin.removeprefix(HOME)}
    groups = {"groups": "/groups", "group": "/group?name=admins"}
    made = f"/clients/{scene.client}"
    clients = {"clients": "/clients", "client": f"/clients/{CLIENT}", "made-client": made}
    clients |= {"edit-client": f"{made}/edit", "new-client": "/new-client"}
    return paths | groups | clients | {"settings": "/settings", "import": "/import"}


@pytest.mark.parametrize(
    ("lang", "scheme", "width"),
    [("en", "light", 1280), ("ko", "dark", 1280), ("en", "dark", 360), ("ko", "light", 320)],
)
async def test_pages_fit_and_keep_their_contrast(scene: Scene, lang: str, scheme: str, width: int) -> None:
    viewport = {"width": width, "height": 800}
    context, watch = await chromium.new_context(
        scene.browser, viewport=viewport, color_scheme=scheme, locale=lang
    )
    page = await context.new_page()
    await sign_in(scene, page)
    for word, path in (await paths_of(page, scene)).items():
        await page.goto(scene.home + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert await page.evaluate(LOW_CONTRAST) == [], path
        assert await page.evaluate(UNLABELLED) == [], path
        await chromium.picture(page, f"console-{word}-{lang}-{scheme}-{width}")
    await context.close()
    assert watch.complaints == []


@pytest.mark.parametrize(("lang", "scheme", "width"), [("en", "light", 1280), ("ko", "dark", 360)])
async def test_pages_of_a_pool_of_the_api_fit_and_keep_their_contrast(
    scene: Scene, lang: str, scheme: str, width: int
) -> None:
    viewport = {"width": width, "height": 800}
    context, watch = await chromium.new_context(
        scene.browser, viewport=viewport, color_scheme=scheme, locale=lang, java_script_enabled=True
    )
    page = await context.new_page()
    await sign_in(scene, page, "/settings", boss=True)
    sections = [f"/{name}" for name in ("general", "password", "sign_in", "mfa", "messages", "tags")]
    for path in ("", *sections):
        await page.goto(f"{scene.origin}/admin/{scene.pool}/settings{path}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert await page.evaluate(LOW_CONTRAST) == [], path
        assert await page.evaluate(UNLABELLED) == [], path
        await chromium.picture(page, f"console-api{path.replace('/', '-')}-{lang}-{scheme}-{width}")
    await page.goto(f"{scene.origin}/admin/{scene.pool}/settings/password")
    await page.locator("input[type=text]").first.fill("3")
    await page.locator("button[type=submit]").last.click()
    await expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    await chromium.picture(page, f"console-api-wrong-{lang}-{scheme}-{width}")
    await context.close()
    assert watch.complaints == []
