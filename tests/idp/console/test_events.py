"""A user's history of sign-ins in the console: shown page by page, and judged."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from idp.console.events import RECENT, event_row
from idp.console.paging import PAGE
from idp.pages.i18n import catalogues
from idp.protection.history import Happening
from idp.protection.records import AuthEvent
from tests.support.console import HOME, MINA, OTHER_POOL, console_document, find, sign_in
from tests.support.hosted_pages import House
from tests.support.open_house import OpenHouse

ON = {"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}
MARKUP = "<img src=x onerror=alert(1)>"


async def remember(house: House, count: int, address: str = "192.0.2.7") -> None:
    """Let something happen to Mina, once a minute."""
    pool, mina = await house.core.find_pool("demo"), await find(house, MINA)
    client = (await house.core.clients(pool.id))[0]
    for number in range(count):
        house.clock.advance(1)
        risk = {"RiskDecision": "AccountTakeover", "RiskLevel": "High"}
        happening = Happening(f"event-{number}", "SignIn", "Fail", f"{address}{number}", risk=risk)
        house.core.history.note(pool, client, mina.sub, happening)
    await house.core.history.drain()


async def test_pool_without_threat_protection_says_that_there_is_no_history(house: House) -> None:
    mina = await find(house, MINA)
    page = await sign_in(house.visitor(), at=f"{HOME}/users/{mina.sub}")
    assert "No history is kept" in page.text


async def test_history_is_shown_newest_first_and_page_by_page(open_house: OpenHouse) -> None:
    house = await open_house(document=console_document(**ON))
    await remember(house, PAGE + 2, address="a")
    visitor, mina = house.visitor(), await find(house, MINA)
    page = await sign_in(visitor, at=f"{HOME}/users/{mina.sub}")
    assert page.text.count("rate-event") == 2 * RECENT
    assert "possible takeover" in page.text
    page = await visitor.get(f"{HOME}/users/{mina.sub}/events")
    assert page.text.count("rate-event") == 2 * PAGE
    assert f"a{PAGE + 1}<" in page.text.replace("\n", "<")
    link = next(tag["href"] for _, tag in page.tags if tag.get("rel") == "next")
    page = await visitor.get(link)
    assert page.text.count("rate-event") == 2 * 2
    assert not [tag for _, tag in page.tags if tag.get("rel") == "next"]


async def test_event_is_judged_and_the_judgement_is_logged(
    open_house: OpenHouse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "idp.console.desk")
    house = await open_house(document=console_document(**ON))
    await remember(house, 1, address=MARKUP)
    visitor, mina = house.visitor(), await find(house, MINA)
    page = await sign_in(visitor, at=f"{HOME}/users/{mina.sub}")
    assert "<img" not in page.text
    page = await visitor.submit(page, "/rate-event", {})  # the last of the two buttons
    assert "judged: somebody else (Admin" in page.text
    [event] = await house.core.history.of(await house.core.find_pool("demo"), mina.sub, limit=9)
    assert event.feedback["FeedbackValue"] == "Invalid"
    assert f"event='{event.id}' feedback='Invalid'" in caplog.text


@pytest.mark.parametrize(
    "typed", [{"feedback": "Perhaps"}, {"event": "00000000-0000-0000-0000-000000000000"}]
)
async def test_unknown_event_or_judgement_is_refused(open_house: OpenHouse, typed: dict[str, Any]) -> None:
    house = await open_house(document=console_document(**ON))
    await remember(house, 1)
    visitor, mina = house.visitor(), await find(house, MINA)
    page = await sign_in(visitor, at=f"{HOME}/users/{mina.sub}")
    page = await visitor.submit(page, "/rate-event", typed)
    assert page.response.status_code == 400
    [event] = await house.core.history.of(await house.core.find_pool("demo"), mina.sub, limit=9)
    assert not event.feedback


async def test_history_of_another_pools_user_is_not_found(open_house: OpenHouse) -> None:
    house = await open_house(document=console_document(**ON))
    visitor = house.visitor()
    boss = await find(house, "boss@example.com", OTHER_POOL)
    await sign_in(visitor)
    assert (await visitor.get(f"{HOME}/users/{boss.sub}/events")).response.status_code == 404


def test_word_that_nobody_knows_is_shown_as_it_is() -> None:
    event = AuthEvent("p", "1", "s", "c", 0.0, "SomethingNew", "Pass", risk={"RiskLevel": "Huge"})
    row = event_row(event, catalogues()["en"])
    assert row.kind == "SomethingNew"
    assert row.risks == ("Risk: Huge",)
