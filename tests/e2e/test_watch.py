"""The watch that every browser test relies on sees what it is there to see."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.support import chromium
from tests.support.target import Received, Target, reply

STRICT = "Content-Security-Policy: default-src 'none'\r\n"
PAGES = {
    "policy violation": (STRICT, "<script>document.title = 'never'</script>"),
    "error of a script": ("", "<script>throw new Error('broken')</script>"),
    "missing picture": ("", "<img src=/missing alt=''>"),
    "console error": ("", "<script>console.error('oh')</script>"),
}


@pytest.mark.parametrize(("header", "body"), PAGES.values(), ids=PAGES.keys())
async def test_a_faulty_page_is_noticed(browser: Browser, header: str, body: str) -> None:
    assert len(await complaints_about(browser, header, f"<!doctype html><title>x</title>{body}")) == 1


async def test_a_sound_page_is_not(browser: Browser) -> None:
    assert await complaints_about(browser, STRICT, "<!doctype html><title>x</title><p>fine") == []


async def complaints_about(browser: Browser, header: str, body: str) -> list[str]:
    """Open a page made of this and return what the watch noted."""

    def respond(received: Received) -> bytes:
        if received.target == "/":
            return reply(body.encode(), content_type="text/html", extra=header)
        return reply(b"", status="404 Not Found")

    with Target(respond) as target:
        context, watch = await chromium.new_context(browser)
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{target.port}/", wait_until="networkidle")
        await context.close()
    return watch.complaints
