"""A user's history of sign-ins as rows of a page: what, when, from where, how risky, judged by whom. Pure.

Kinds, answers and levels are Cognito's words; one that the catalogue does not know is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from idp.console.paging import moment
from idp.pages.i18n import Catalogue
from idp.protection.records import AuthEvent

RECENT: Final = 5
"""How many the user's own page shows."""
_WHERE: Final = ("City", "Country", "DeviceName")


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event in a list."""

    id: str
    kind: str
    answer: str
    is_bad: bool
    at: str
    address: str
    where: str
    steps: str
    risks: tuple[str, ...]
    judged: str
    """What it was judged to be, by whom and when; empty where nobody did."""
    feedback: str


def event_row(event: AuthEvent, catalogue: Catalogue) -> EventRow:
    """Lay an event out for a list."""
    value = str(event.feedback.get("FeedbackValue", ""))
    return EventRow(
        id=event.id,
        kind=_word(catalogue, event.kind),
        answer=_word(catalogue, event.response),
        is_bad=event.response == "Fail",
        at=moment(event.at),
        address=event.context.get("IpAddress", ""),
        where=", ".join(event.context[name] for name in _WHERE if event.context.get(name)),
        steps=", ".join(filter(None, map(_step, event.challenges))),
        risks=tuple(_risks(event, catalogue)),
        judged=_judged(event, catalogue) if value else "",
        feedback=value,
    )


def _step(challenge: Mapping[str, str]) -> str:
    return ": ".join(challenge[name] for name in ("ChallengeName", "ChallengeResponse") if name in challenge)


def _risks(event: AuthEvent, catalogue: Catalogue) -> list[str]:
    """Say what was risky; an event that was judged harmless says nothing."""
    found, level = [], event.risk.get("RiskLevel")
    if level:
        found.append(f"{catalogue.text('console.event.risk')}: {_word(catalogue, f'risk.{level}')}")
    decision = event.risk.get("RiskDecision")
    if decision and decision != "NoRisk":
        found.append(_word(catalogue, f"decision.{decision}"))
    if event.risk.get("CompromisedCredentialsDetected"):
        found.append(catalogue.text("console.event.compromised"))
    return found


def _judged(event: AuthEvent, catalogue: Catalogue) -> str:
    told = _word(catalogue, f"rated.{event.feedback['FeedbackValue']}")
    return f"{told} ({event.feedback.get('Provider', '')}, {moment(event.feedback.get('FeedbackDate'))})"


def _word(catalogue: Catalogue, word: str) -> str:
    return catalogue.texts.get(f"console.event.{word}", word.rpartition(".")[2])
