"""The page that a mail about a risky sign-in leads to."""

from __future__ import annotations

import re
from html import unescape

import pytest

from idp.protection.feedback import LIFETIME_SECONDS, seal_feedback
from idp.protection.origins import describe_origin
from idp.protection.records import AuthEvent, RiskConfiguration
from tests.support.hosted_pages import House, PageVisitor
from tests.support.open_house import OpenHouse
from tests.support.pools import POOL_ID

ON = {"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}}
NOTIFYING = {
    f"{level}Action": {"EventAction": "BLOCK", "Notify": True} for level in ("Low", "Medium", "High")
}
MINA = "mina@example.com"


async def surprised(open_house: OpenHouse) -> tuple[House, PageVisitor, dict[str, str]]:
    """A pool in which mina signed in at home and was blocked elsewhere; the links of the mail about it."""
    house = await open_house(**ON)
    await house.visitor(address="192.0.2.7").sign_in()
    house.clock.advance(60)
    await house.core.threats.configure(RiskConfiguration(POOL_ID, "", 0.0, takeover={"Actions": NOTIFYING}))
    away = house.visitor(address="198.51.100.7")
    page = await away.sign_in()
    assert "We could not make sure that it is you" in page.alerts
    await house.core.outbox.drain()
    body = (await house.core.outbox.messages())[0].body
    links = re.findall(r"https?://\S+?(/feedback\?value=(valid|invalid)&token=\S+)", body)
    assert len(links) == 2
    return house, away, {value: path for path, value in links}


async def event_of(house: House) -> AuthEvent:
    pool = (await house.core.pools())[0]
    async with house.core.store.reading() as records:
        user = await records.users.by_login(pool.id, MINA)
    assert user is not None
    return (await house.core.history.of(pool, user.sub, limit=9))[0]


async def test_opening_a_link_changes_nothing_and_the_buttons_do(open_house: OpenHouse) -> None:
    house, visitor, links = await surprised(open_house)
    for link in links.values():
        page = await visitor.get(link)
        assert page.heading == "Was this you?"
        assert "198.51.100.7" in page.text
    assert (await event_of(house)).feedback == {}
    done = await visitor.submit(page, "/feedback", {"value": "valid"})
    assert done.heading == "Thank you"
    feedback = (await event_of(house)).feedback
    assert (feedback["FeedbackValue"], feedback["Provider"]) == ("Valid", "User")
    assert (await visitor.sign_in()).response.status_code == 302, "place and browser are known now"


async def test_who_says_no_is_told_to_change_the_password(open_house: OpenHouse) -> None:
    house, visitor, links = await surprised(open_house)
    page = await visitor.get(links["invalid"])
    done = await visitor.submit(page, "/feedback", {"value": "invalid"})
    assert done.heading == "Please change your password"
    assert (await event_of(house)).feedback["FeedbackValue"] == "Invalid"


async def test_the_link_chooses_which_button_comes_first(open_house: OpenHouse) -> None:
    _, visitor, links = await surprised(open_house)
    for value, link in links.items():
        page = await visitor.get(link)
        buttons = [values["value"] for tag, values in page.tags if tag == "button"]
        assert (buttons[0], len(buttons)) == (value, 2)


@pytest.mark.parametrize("kind", ["nonsense", "too old", "another pool", "another user", "no event"])
async def test_tokens_that_do_not_fit_open_and_record_nothing(open_house: OpenHouse, kind: str) -> None:
    house, visitor, links = await surprised(open_house)
    event, vault, now = await event_of(house), house.core.vault, house.clock.now()
    token = {
        "nonsense": "nonsense",
        "too old": seal_feedback(vault, POOL_ID, event.sub, event.id, now=now - LIFETIME_SECONDS),
        "another pool": seal_feedback(vault, "us-east-1_Other0001", event.sub, event.id, now=now),
        "another user": seal_feedback(vault, POOL_ID, "somebody", event.id, now=now),
        "no event": seal_feedback(vault, POOL_ID, event.sub, "nothing", now=now),
    }[kind]
    shown = await visitor.get(f"/feedback?token={token}&value=valid")
    assert shown.response.status_code == 400
    page = await visitor.get(links["valid"])
    sent = await visitor.submit(page, "/feedback", {"token": token, "value": "valid"})
    assert sent.response.status_code == 400
    assert (await event_of(house)).feedback == {}


@pytest.mark.parametrize(
    ("changes", "headers"),
    [({"_csrf": "forged"}, None), ({}, {"origin": "https://evil.example"}), ({"value": "maybe"}, None)],
    ids=["no token of the form", "another site", "no such word"],
)
async def test_a_form_that_is_not_ours_records_nothing(
    open_house: OpenHouse, changes: dict[str, str], headers: dict[str, str] | None
) -> None:
    house, visitor, links = await surprised(open_house)
    page = await visitor.get(links["valid"])
    sent = await visitor.submit(page, "/feedback", {"value": "valid", **changes}, headers=headers)
    assert sent.response.status_code in {400, 403}
    assert (await event_of(house)).feedback == {}


async def test_nothing_of_a_browsers_own_words_is_on_the_page(open_house: OpenHouse) -> None:
    house, visitor, links = await surprised(open_house)
    event = await event_of(house)
    evil = describe_origin("198.51.100.7", user_agent="<script>alert(1)</script>")
    context = {**evil.context, "City": "<b>Berlin"}
    async with house.core.store.writing() as records:
        await records.auth_events.update(
            (event.pool_id, event.id), lambda old: AuthEvent(**{**_members(old), "context": context})
        )
    page = await visitor.get(links["valid"])
    assert "script" not in page.text
    assert "<b>" not in page.text
    assert "<b>Berlin" in unescape(page.text)


def _members(event: AuthEvent) -> dict[str, object]:
    return {name: getattr(event, name) for name in AuthEvent.__dataclass_fields__}
