"""Fixtures of the end-to-end tests.

A browser and a plain stack per worker, a test authority, npm packages.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.support import chromium, node
from tests.support.stack import Stack, running_stack
from tests.support.tls_front import Authority, make_authority
from tests.support.visitor import Visitor

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that use the browser share its event loop, and are marked so that they can be left out."""
    for item in items:
        if item.path.is_relative_to(FOLDER) and "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.browser)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all the tests of a worker."""
    async with async_playwright() as playwright:
        browser = await chromium.launch(playwright)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page of a fresh profile; whatever the browser complained about fails the test."""
    context, watch = await chromium.new_context(browser)
    yield await context.new_page()
    await context.close()
    assert watch.complaints == []


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A load balancer that wants a login for everything, its pool, and a target."""
    with running_stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    """A browser-like session without a browser."""
    with Visitor() as visitor:
        yield visitor


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A throw-away certificate authority."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def run_node() -> Callable[..., dict[str, object]]:
    """Run a script of `tests/node`, its npm packages installed."""
    node.install()
    return node.run
