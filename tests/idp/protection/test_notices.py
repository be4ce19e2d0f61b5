"""The mails about risky sign-ins."""

from __future__ import annotations

import html
from html.parser import HTMLParser
from typing import Any

import pytest

from idp.model import Pool, User, UserStatus
from idp.protection.notices import DEFAULTS, Notice, build_notice, kind_of, values_of
from idp.protection.origins import Place, describe_origin
from idp.protection.records import RiskDecision

EVIL = "<script>{feedback-token}</script>\"'"
GAPS = (
    "{username}|{ip-address}|{city}|{country}|{device-name}|{login-time}|{event-id}|{feedback-token}|"
    "{one-click-link-valid}|{one-click-link-invalid}|{unknown}"
)
URL = "https://login.example.com/feedback"


def notice(username: str = "ann", *, agent: str = "Chrome Windows", city: str = "Berlin") -> Notice:
    user = User(
        "pool", "sub", username, UserStatus.CONFIRMED, 0.0, 0.0, attributes={"email": "ann@example.com"}
    )
    place = Place(52.5, 13.4, city, "Germany")
    origin = describe_origin("192.0.2.7", user_agent=agent, place=place)
    return Notice(
        Pool("pool", "staff"), user, "event-1", 1_800_000_000.0, origin, "the-token", feedback_url=URL
    )


def mail(body: str, *, kind: str = "HtmlBody") -> dict[str, Any]:
    return {"BlockEmail": {"Subject": "Blocked", kind: body}}


def test_every_placeholder_is_filled_and_nothing_else() -> None:
    message = build_notice(notice(), mail(GAPS, kind="TextBody"), kind="BlockEmail")
    assert message.body == (
        "ann|192.0.2.7|Berlin|Germany|Chrome, Windows|2027-01-15 08:00:00 UTC|event-1|the-token|"
        f"{URL}?value=valid&token=the-token|{URL}?value=invalid&token=the-token|{{unknown}}"
    )
    assert (message.recipient, message.subject, message.is_html) == ("ann@example.com", "Blocked", False)


def test_what_is_filled_in_is_text_even_in_html_and_is_not_filled_again() -> None:
    message = build_notice(notice(EVIL, agent=EVIL, city=EVIL), mail(f"<p>{GAPS}</p>"), kind="BlockEmail")
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append(tag)  # type: ignore[method-assign]
    parser.feed(message.body)
    assert tags == ["p"]
    assert message.is_html
    assert html.escape(EVIL) in message.body
    assert message.body.count("the-token") == 3  # the placeholder and the two links
    assert "&amp;token=" in message.body


def test_what_a_browser_calls_itself_is_in_no_mail() -> None:
    values = values_of(notice(agent="Chrome {one-click-link-valid} <b>Windows"))
    assert values["device-name"] == "Chrome, Windows"


@pytest.mark.parametrize("kind", DEFAULTS)
def test_without_a_text_of_the_pools_there_is_one_of_ours(kind: str) -> None:
    message = build_notice(notice(), {}, kind=kind)
    assert "{" not in message.body
    assert f"{URL}?value=valid&token=the-token" in message.body
    only_subject = build_notice(notice(), {kind: {"Subject": "Hello"}}, kind=kind)
    assert (only_subject.subject, only_subject.body) == ("Hello", message.body)


def test_a_mail_may_have_both_bodies_a_sender_and_an_address_for_answers() -> None:
    both = {"Subject": "Both", "HtmlBody": "<p>{username}</p>", "TextBody": "{username} & Co"}
    configuration = {"MfaEmail": both, "From": "Staff <a@example.com>", "ReplyTo": "b@example.com"}
    message = build_notice(notice("a&b"), configuration, kind="MfaEmail")
    assert (message.body, message.alternative) == ("<p>a&amp;b</p>", "a&b & Co")
    assert (message.sender, message.reply_to) == ("Staff <a@example.com>", "b@example.com")
    assert "the-token" not in repr(message)
    assert "the-token" not in repr(notice())


def test_which_mail_says_what_was_done() -> None:
    assert kind_of(RiskDecision.BLOCK, asks_second=False) == "BlockEmail"
    assert kind_of(RiskDecision.ACCOUNT_TAKEOVER, asks_second=True) == "MfaEmail"
    assert kind_of(RiskDecision.ACCOUNT_TAKEOVER, asks_second=False) == "NoActionEmail"
