"""What a person does on the pool's pages, in a browser: by labels and button names, never by markup."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.support.stack import ADA, PASSWORD, Stack


async def sign_in(page: Page, *, username: str = ADA, password: str = PASSWORD) -> None:
    """Fill in the login page that is showing, and send it."""
    await page.get_by_label("Email").fill(username)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def expect_signed_in(page: Page, *, as_user: str = ADA) -> None:
    """The app shows who its user is."""
    await expect(page.locator("#who")).to_have_text(as_user)


async def newest_code(page: Page, stack: Stack, to: str) -> str:
    """Read the newest code for an address from the dev inbox, in a tab of its own."""
    tab = await page.context.new_page()
    await tab.goto(f"{stack.pool_url}/dev/inbox")
    message = await tab.get_by_role("article").filter(has_text=to).first.inner_text()
    await tab.close()
    code = re.search(r"\b[0-9]{6}\b", message)
    assert code, message
    return code[0]
