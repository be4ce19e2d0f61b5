"""The mails about risky sign-ins: which one, what it says, and the links in it (cognito.md 9). Pure.

`NotifyConfiguration` has a text for each of what can have been done; ours stand in for those that are not
set. What is filled in is escaped where the body is HTML, in one pass, so that nothing that a name spells is
filled again. Devices are called by words of our own (`idp.protection.origins`), never by what a browser says.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from idp.model import Pool, User
from idp.outbox.messages import Message
from idp.protection.origins import Origin
from idp.protection.records import RiskDecision

UNKNOWN: Final = "unknown"
PAGE: Final = "/feedback"
_GAP: Final = re.compile(r"\{([a-z-]+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A mail before it is filled; one of the bodies may be empty."""

    subject: str
    html: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A risky sign-in as its user is told of it."""

    pool: Pool
    user: User
    event_id: str
    at: float
    origin: Origin
    token: str = field(repr=False)
    """FeedbackToken: whoever has it may say whether it was them."""
    feedback_url: str
    """Where the page for that is."""


_FACTS: Final = (
    "Time: {login-time}\nDevice: {device-name}\nAddress: {ip-address}\nPlace: {city}, {country}\n\n"
    "Was it you? {one-click-link-valid}\nIt was not? Tell us, and change your password: "
    "{one-click-link-invalid}\n"
)
DEFAULTS: Final[Mapping[str, Template]] = {
    "BlockEmail": Template(
        "Blocked sign-in attempt",
        text="Hello,\n\nsomebody with your password tried to sign in, and was not let in:\n\n" + _FACTS,
    ),
    "MfaEmail": Template(
        "New sign-in attempt",
        text="Hello,\n\nwe asked for a second factor before this sign-in to your account:\n\n" + _FACTS,
    ),
    "NoActionEmail": Template(
        "New sign-in attempt",
        text="Hello,\n\nthere was an unusual sign-in to your account:\n\n" + _FACTS,
    ),
}


def kind_of(decision: RiskDecision, *, asks_second: bool) -> str:
    """Return the member of NotifyConfiguration that says what was done."""
    if decision is RiskDecision.BLOCK:
        return "BlockEmail"
    return "MfaEmail" if asks_second else "NoActionEmail"


def choose_template(configuration: Mapping[str, Any], kind: str) -> Template:
    """Return the configured mail, or ours."""
    given = configuration.get(kind)
    if not given or not (given.get("HtmlBody") or given.get("TextBody")):
        default = DEFAULTS[kind]
        return Template(given["Subject"], default.html, default.text) if given else default
    return Template(given["Subject"], given.get("HtmlBody", ""), given.get("TextBody", ""))


def build_notice(notice: Notice, configuration: Mapping[str, Any], *, kind: str) -> Message:
    """Write the mail to the user's address."""
    template, values = choose_template(configuration, kind), values_of(notice)
    body = _fill(template.html, values, html.escape) if template.html else _fill(template.text, values, str)
    alternative = _fill(template.text, values, str) if template.html and template.text else None
    return Message(
        recipient=notice.user.attributes["email"],
        subject=template.subject,
        body=body,
        is_html=bool(template.html),
        pool_id=notice.pool.id,
        sender=configuration.get("From"),
        reply_to=configuration.get("ReplyTo"),
        alternative=alternative,
    )


def values_of(notice: Notice) -> dict[str, str]:
    """Return what stands in the place of each placeholder."""
    context = notice.origin.context
    return {
        "username": notice.user.username,
        "ip-address": context.get("IpAddress", UNKNOWN),
        "city": context.get("City", UNKNOWN),
        "country": context.get("Country", UNKNOWN),
        "device-name": context.get("DeviceName", UNKNOWN),
        "login-time": datetime.fromtimestamp(notice.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "event-id": notice.event_id,
        "feedback-token": notice.token,
        "one-click-link-valid": _link(notice, "valid"),
        "one-click-link-invalid": _link(notice, "invalid"),
    }


def _link(notice: Notice, value: str) -> str:
    return f"{notice.feedback_url}?{urlencode({'value': value, 'token': notice.token})}"


def _fill(text: str, values: Mapping[str, str], spell: Callable[[str], str]) -> str:
    return _GAP.sub(lambda gap: spell(values[gap[1]]) if gap[1] in values else gap[0], text)
