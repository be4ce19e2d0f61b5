"""A person's whole life in the pool, in a real browser: signing up, forgetting, a temporary password."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.support.chromium import picture
from tests.support.operator import users
from tests.support.pool_pages import expect_signed_in, newest_code, sign_in
from tests.support.stack import PASSWORD, Stack

NEW_PASSWORD = "Another-Staple-7"


async def sign_up(page: Page, stack: Stack, email: str) -> None:
    """Create an account as far as the page that asks for the code."""
    await page.goto(f"{stack.url}/page/new")
    await page.get_by_role("link", name="Create an account").click()
    await picture(page, "sign-up")
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    repeat = page.get_by_label("Repeat the password")
    if await repeat.count():
        await repeat.fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Enter your code")


async def test_sign_up_with_the_mailed_code_ends_in_the_app(page: Page, stack: Stack) -> None:
    await sign_up(page, stack, "grace@example.com")
    await picture(page, "confirm")
    await page.get_by_label("Code").fill(await newest_code(page, stack, "grace@example.com"))
    await page.get_by_role("button", name="Confirm and continue").click()
    await expect_signed_in(page, as_user="grace@example.com")
    assert page.url == f"{stack.url}/page/new"


async def test_wrong_code_says_so_and_the_right_one_still_works(page: Page, stack: Stack) -> None:
    await sign_up(page, stack, "edsger@example.com")
    code = await newest_code(page, stack, "edsger@example.com")
    await page.get_by_label("Code").fill("000000" if code != "000000" else "111111")
    await page.get_by_role("button", name="Confirm and continue").click()
    await expect(page.get_by_role("alert")).to_contain_text("That code is not right.")
    await page.get_by_label("Code").fill(code)
    await page.get_by_role("button", name="Confirm and continue").click()
    await expect_signed_in(page, as_user="edsger@example.com")


async def test_a_weak_password_is_refused_with_what_it_lacks(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.url}/page/new")
    await page.get_by_role("link", name="Create an account").click()
    await page.get_by_label("Email").fill("weak@example.com")
    await page.get_by_label("Password", exact=True).fill("onlylowercase")
    repeat = page.get_by_label("Repeat the password")
    if await repeat.count():
        await repeat.fill("onlylowercase")
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("alert")).to_contain_text(re.compile("uppercase"))
    await picture(page, "sign-up-weak")


async def test_forgotten_password_is_replaced_by_code(page: Page, stack: Stack) -> None:
    await sign_up(page, stack, "alan@example.com")
    await page.get_by_label("Code").fill(await newest_code(page, stack, "alan@example.com"))
    await page.get_by_role("button", name="Confirm and continue").click()
    await expect_signed_in(page, as_user="alan@example.com")
    await page.context.clear_cookies()

    await page.goto(f"{stack.url}/page/after")
    await page.get_by_role("link", name="Forgot your password?").click()
    await picture(page, "forgot")
    await page.get_by_label("Email").fill("alan@example.com")
    await page.get_by_role("button", name="Send a code").click()
    await picture(page, "forgot-reset")
    await page.get_by_label("Code").fill(await newest_code(page, stack, "alan@example.com"))
    await page.get_by_label("New password").fill(NEW_PASSWORD)
    repeat = page.get_by_label("Repeat the password")
    if await repeat.count():
        await repeat.fill(NEW_PASSWORD)
    await page.get_by_role("button", name="Set new password").click()
    await expect(page.get_by_text("Your password is changed.")).to_be_visible()
    await sign_in(page, username="alan@example.com", password=NEW_PASSWORD)
    await expect_signed_in(page, as_user="alan@example.com")
    assert page.url == f"{stack.url}/page/after"


async def test_forgot_password_answers_alike_for_strangers(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.url}/page")
    await page.get_by_role("link", name="Forgot your password?").click()
    await page.get_by_label("Email").fill("stranger@example.com")
    await page.get_by_role("button", name="Send a code").click()
    await expect(page.get_by_text("a code is on its way")).to_be_visible()


async def test_temporary_password_must_be_changed_at_first_login(page: Page, stack: Stack) -> None:
    words = ["add", "barbara@example.com", "--temporary", "--password-stdin"]
    users(stack.folder, *words, typed="Temporary-Pass-1\n")
    await page.goto(f"{stack.url}/page")
    await sign_in(page, username="barbara@example.com", password="Temporary-Pass-1")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Choose your password")
    await picture(page, "change-password")
    await page.get_by_label("New password").fill(NEW_PASSWORD)
    repeat = page.get_by_label("Repeat the password")
    if await repeat.count():
        await repeat.fill(NEW_PASSWORD)
    await page.get_by_role("button", name="Save and continue").click()
    await expect_signed_in(page, as_user="barbara@example.com")


async def test_dev_inbox_page_is_tidy(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.pool_url}/dev/inbox")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Dev inbox")
    await picture(page, "inbox")
    await page.goto(f"{stack.pool_url}/")
    await picture(page, "pool-home")
