"""Logging in through the load balancer, in a real browser, from the first click to the app's page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support import chromium
from tests.support.chromium import picture
from tests.support.pool_pages import expect_signed_in, sign_in
from tests.support.stack import ADA, PASSWORD, Stack, authenticate, forward, group, rule, running_stack
from tests.support.target import Target


async def test_first_visit_asks_for_login_and_returns_to_the_page_asked_for(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.url}/page/deep?id=7&name=%ED%95%9C")
    await expect(page).to_have_url(re.compile(re.escape(f"{stack.pool_url}/login?")))
    await picture(page, "login")
    await sign_in(page)
    await expect_signed_in(page)
    assert page.url == f"{stack.url}/page/deep?id=7&name=%ED%95%9C"
    assert stack.target.last.target == "/page/deep?id=7&name=%ED%95%9C"
    await picture(page, "app")


async def test_second_visit_needs_no_login(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.url}/page")
    await sign_in(page)
    await expect_signed_in(page)
    response = await page.goto(f"{stack.url}/page/again")
    assert response is not None
    assert response.request.redirected_from is None


async def test_wrong_password_says_so_and_lets_try_again(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.url}/page")
    await sign_in(page, password="not-the-Password-1")
    await expect(page.get_by_role("alert")).to_contain_text("Incorrect username or password.")
    await picture(page, "login-wrong-password")
    await sign_in(page)
    await expect_signed_in(page)


async def test_unknown_user_reads_like_a_wrong_password(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.url}/page")
    await sign_in(page, username="nobody@example.com")
    await expect(page.get_by_role("alert")).to_contain_text("Incorrect username or password.")


async def test_two_tabs_can_log_in_at_once(page: Page, stack: Stack) -> None:
    """On AWS the tabs overwrite each other's nonce cookie and the first to finish gets 401 (alb.md 3.10)."""
    other = await page.context.new_page()
    await page.goto(f"{stack.url}/page/one")
    await other.goto(f"{stack.url}/page/two")
    await sign_in(page)
    await expect_signed_in(page)
    assert page.url == f"{stack.url}/page/one"
    await sign_in(other)
    await expect_signed_in(other)
    assert other.url == f"{stack.url}/page/two"


async def test_back_button_after_login_does_not_strand_the_user(page: Page, stack: Stack) -> None:
    await page.goto("about:blank")
    await page.goto(f"{stack.url}/page")
    await sign_in(page)
    await expect_signed_in(page)
    # The callback must not stay in the history: its code is spent.
    await page.go_back()
    assert "/oauth2/idpresponse" not in page.url
    await page.go_forward()
    await expect_signed_in(page)


async def test_reloading_a_used_callback_url_explains_itself(page: Page, stack: Stack) -> None:
    callbacks: list[str] = []
    page.on(
        "request", lambda request: callbacks.append(request.url) if "idpresponse" in request.url else None
    )
    await page.goto(f"{stack.url}/page")
    await sign_in(page)
    await expect_signed_in(page)
    response = await page.goto(callbacks[0])
    assert response is not None
    assert response.status in (200, 401)
    assert "Traceback" not in await page.content()


async def test_login_by_keyboard_alone(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.url}/page")
    # The first field has the focus, Tab goes to the password, Enter sends the form.
    await expect(page.get_by_label("Email")).to_be_focused()
    await page.keyboard.type(ADA)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect_signed_in(page)


async def test_login_page_speaks_korean_to_a_korean_browser(browser: Browser, stack: Stack) -> None:
    context, watch = await chromium.new_context(browser, locale="ko-KR")
    page = await context.new_page()
    await page.goto(f"{stack.url}/page")
    assert await page.locator("html").get_attribute("lang") == "ko"
    await expect(page.get_by_role("heading", level=1)).to_have_text("로그인")
    await picture(page, "login-korean")
    await page.locator("input[type=email], input[name=username]").first.fill(ADA)
    await page.locator("input[type=password]").fill(PASSWORD)
    await page.get_by_role("button", name="로그인").click()
    await expect_signed_in(page)
    await context.close()
    assert watch.complaints == []


async def test_login_page_fits_a_phone(browser: Browser, stack: Stack) -> None:
    context, watch = await chromium.new_context(browser, viewport={"width": 320, "height": 640})
    page = await context.new_page()
    await page.goto(f"{stack.url}/page")
    await picture(page, "login-phone")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await context.close()
    assert watch.complaints == []


@pytest.fixture(scope="module")
def three_targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Target, Target]]:
    """A stack whose rule for /page/pair* leads to a group of two more targets."""
    with (
        Target() as left,
        Target() as right,
        running_stack(
            tmp_path_factory.mktemp("three"),
            rules=[rule(10, "/page/pair*", authenticate(), forward("pair"))],
            extra_groups=[group(left.port, right.port, name="pair")],
        ) as stack,
    ):
        yield stack, left, right


async def test_rules_lead_to_their_groups_and_the_targets_of_a_group_take_turns(
    page: Page, three_targets: tuple[Stack, Target, Target]
) -> None:
    stack, left, right = three_targets
    await page.goto(f"{stack.url}/page/alone")
    await sign_in(page)
    await expect_signed_in(page)
    assert stack.target.last.target == "/page/alone"
    for _ in range(4):
        await page.goto(f"{stack.url}/page/pair")
        await expect_signed_in(page)
    assert [len(left.requests), len(right.requests)] == [2, 2]
    assert len(stack.target.requests) == 1
