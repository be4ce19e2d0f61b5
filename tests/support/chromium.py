"""A real Chromium, and a watch on what it complains about.

The browser is Debian's: Playwright's own download is not needed. Without one the tests are skipped, but under
continuous integration (`CI` is set) that fails instead: a suite that skips its browser proves nothing.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Response

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
]
SCREENSHOTS = os.environ.get("ALBACORE_SCREENSHOTS")
TIMEOUT_MS = 10_000


def executable() -> str:
    """Return the browser's path; skips the test, or fails it under CI, when there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found:
        return found
    reason = "no Chromium on this machine: apt-get install chromium"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


async def launch(playwright: Playwright) -> Browser:
    """Start the browser without a window."""
    return await playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)


class Watch:
    """Collects what a page's author would see in the developer tools as an error.

    Content-Security-Policy violations are console errors too. That a document itself was answered with a
    4xx is the page's meaning (a refused password) and not a fault of it.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self._documents: set[str] = set()
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"uncaught: {error.error}"))
        context.on("response", self._response)

    def _response(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self._documents.add(response.url)

    def _console(self, message: ConsoleMessage) -> None:
        url = message.location["url"]
        # Chromium asks for an icon of documents that cannot name one, such as JSON.
        is_meant = url in self._documents or url.endswith("/favicon.ico")
        if message.type not in {"error", "warning"} or (
            is_meant and message.text.startswith("Failed to load")
        ):
            return
        self.complaints.append(f"{message.type}: {message.text} ({url})")


async def new_context(browser: Browser, **options: object) -> tuple[BrowserContext, Watch]:
    """Open a browser profile of its own, English unless said otherwise, and watch it."""
    context = await browser.new_context(**{"locale": "en-US", **options})  # type: ignore[arg-type]
    context.set_default_timeout(TIMEOUT_MS)
    return context, Watch(context)


async def picture(page: Page, name: str) -> None:
    """Keep a screenshot when `ALBACORE_SCREENSHOTS` names a folder for them."""
    if SCREENSHOTS:
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=f"{SCREENSHOTS}/{name}.png", full_page=True)
