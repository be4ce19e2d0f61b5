"""`albacore demo` as a newcomer meets it: read what it prints, follow it, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.support.chromium import picture
from tests.support.running import COMMAND, Running, free_ports


@dataclass(frozen=True, slots=True)
class Printed:
    """What the demo told its user."""

    url: str
    user: str
    password: str
    inbox: str
    public: str


def read_output(output: str) -> Printed:
    """Take the addresses and the user from the lines that the demo prints."""
    rows = dict(re.findall(r"^  (\S+(?: \S+)?) {2,}(.+)$", output, re.MULTILINE))
    user, password = re.fullmatch(r"(\S+) +password (\S+)", rows["sign in"].strip()).groups()  # type: ignore[union-attr]
    return Printed(rows["open"].strip(), user, password, rows["mail"].split()[0], rows["public"].split()[0])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Printed]:
    """A running demo on a free port."""
    folder: Path = tmp_path_factory.mktemp("demo")
    (port,) = free_ports(1)
    running = Running([COMMAND, "demo", "--port", str(port)], folder=folder)
    running.wait_until(lambda: "ready:" in running.output, what="the demo")
    yield read_output(running.output)
    running.stop()


async def sign_in(page: Page, user: str, password: str) -> None:
    await page.get_by_label(re.compile("email|username", re.IGNORECASE)).fill(user)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def test_the_printed_user_gets_in_and_sees_who_they_are(page: Page, demo: Printed) -> None:
    await page.goto(demo.url)
    await picture(page, "demo-login")
    await sign_in(page, demo.user, demo.password)
    await expect(page.get_by_text(demo.user).first).to_be_visible()
    await picture(page, "demo-app")


async def test_the_two_targets_take_turns(page: Page, demo: Printed) -> None:
    await page.goto(demo.url)
    await sign_in(page, demo.user, demo.password)
    await expect(page.get_by_text(demo.user).first).to_be_visible()
    seen = set()
    for _ in range(4):
        await page.reload()
        text = await page.inner_text("body")
        seen.update(re.findall(r"Answered by target (\w+)", text))
    assert seen == {"blue", "green"}


async def test_the_api_knows_who_signed_in_on_the_page(page: Page, demo: Printed) -> None:
    """A rule that denies and one that logs in share the session of their common client, as on AWS."""
    await page.goto(demo.url)
    await sign_in(page, demo.user, demo.password)
    await page.get_by_role("link", name="/api/me").click()
    await expect(page.locator("body")).to_contain_text(demo.user)


async def test_public_page_needs_no_login(page: Page, demo: Printed) -> None:
    response = await page.goto(demo.public)
    assert response is not None
    assert response.status == 200
    assert page.url == demo.public
    await picture(page, "demo-public")


async def test_a_newcomer_can_sign_up_with_the_printed_inbox(page: Page, demo: Printed) -> None:
    await page.goto(demo.url)
    await page.get_by_role("link", name="Create an account").click()
    await page.get_by_label("Email").fill("newcomer@example.com")
    for label in ("Password", "Repeat the password"):
        field = page.get_by_label(label, exact=True)
        if await field.count():
            await field.fill("New-Comer-1234")
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Enter your code")
    inbox = await page.context.new_page()
    await inbox.goto(demo.inbox)
    mail = await inbox.get_by_role("article").filter(has_text="newcomer@example.com").first.inner_text()
    await picture(inbox, "demo-inbox")
    code = re.search(r"\b[0-9]{6}\b", mail)
    assert code
    await page.get_by_label("Code").fill(code[0])
    await page.get_by_role("button", name="Confirm and continue").click()
    await expect(page.get_by_text("newcomer@example.com").first).to_be_visible()


async def test_signing_out_of_the_demo_asks_for_login_again(page: Page, demo: Printed) -> None:
    await page.goto(demo.url)
    await sign_in(page, demo.user, demo.password)
    await (
        page.get_by_role("link", name=re.compile("sign out", re.IGNORECASE))
        .or_(page.get_by_role("button", name=re.compile("sign out", re.IGNORECASE)))
        .click()
    )
    await picture(page, "demo-signed-out")
    await page.goto(demo.url)
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
