"""How a session ends: by time, by signing out, by losing a cookie."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, expect

from tests.support.chromium import picture
from tests.support.pool_pages import expect_signed_in, sign_in
from tests.support.stack import CLIENT_ID, Ports, Stack, authenticate, fixed, forward, rule, running_stack
from tests.support.target import Received, Respond, echo, reply

SESSION_SECONDS = 2


def app_with_sign_out(ports: Ports) -> Respond:
    """An app that signs out as ALB's documentation tells: expire the shards, go to the pool's /logout."""
    query = urlencode({"client_id": CLIENT_ID, "logout_uri": f"{ports.url}/goodbye"})
    location = f"Location: {ports.pool_url}/logout?{query}\r\n"
    cookies = "".join(
        f"Set-Cookie: AWSELBAuthSessionCookie-{shard}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/\r\n"
        for shard in range(4)
    )

    def respond(received: Received) -> bytes:
        if received.target == "/sign-out":
            return reply(b"", extra=cookies + location, status="302 Found")
        return echo(received)

    return respond


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Ordinary sessions, sessions of two seconds under /page/short, a landing page without login."""
    rules = [
        rule(1, "/goodbye", fixed(200, "Signed out.")),
        rule(2, "/page/short", authenticate(SessionTimeout=SESSION_SECONDS), forward()),
    ]
    with running_stack(tmp_path_factory.mktemp("session"), rules=rules, respond=app_with_sign_out) as stack:
        yield stack


async def test_expired_session_logs_in_again_without_asking(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.url}/page/short")
    await sign_in(page)
    await expect_signed_in(page)
    first = stack.target.last.value("x-amzn-oidc-accesstoken")
    response = await page.goto(f"{stack.url}/page/short")
    assert response is not None
    assert response.request.redirected_from is None
    await asyncio.sleep(SESSION_SECONDS + 0.2)
    response = await page.goto(f"{stack.url}/page/short")
    assert response is not None
    assert response.request.redirected_from is not None, "the session should have been over"
    await expect_signed_in(page)
    assert page.url == f"{stack.url}/page/short"
    assert stack.target.last.value("x-amzn-oidc-accesstoken") != first


async def test_sign_out_ends_both_sessions(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.url}/page")
    await sign_in(page)
    await expect_signed_in(page)
    await page.goto(f"{stack.url}/sign-out")
    assert page.url == f"{stack.url}/goodbye"
    await expect(page.locator("body")).to_contain_text("Signed out.")
    await page.goto(f"{stack.url}/page")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await picture(page, "login-after-sign-out")


async def test_losing_only_the_session_cookie_is_healed_silently(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.url}/page")
    await sign_in(page)
    await expect_signed_in(page)
    await page.context.clear_cookies(name="AWSELBAuthSessionCookie-0")
    await page.goto(f"{stack.url}/page/healed")
    await expect_signed_in(page)
    assert page.url == f"{stack.url}/page/healed"


async def test_session_survives_a_restart(page: Page, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keys live in the data directory: a restart logs nobody out (design, "Sessions")."""
    folder = tmp_path_factory.mktemp("restart")
    with running_stack(folder) as stack:
        await page.goto(f"{stack.url}/page")
        await sign_in(page)
        await expect_signed_in(page)
    with running_stack(folder, ports=stack.ports) as stack:
        response = await page.goto(f"{stack.url}/page/later")
        assert response is not None
        assert response.request.redirected_from is None
        await expect_signed_in(page)
