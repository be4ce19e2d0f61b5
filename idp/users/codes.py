"""Mailed codes: how they are made, how often they may be sent and tried, when they end (cognito.md 5.4).

Six digits stand only because guessing is bounded: a few wrong guesses kill a code, and tries are counted
per account over all its codes, so that asking for a new code does not buy new guesses. Unknown names get
the same bookkeeping.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from idp.model import CodePurpose, MailedCode

HOUR: Final = 3600.0
DAY: Final = 86_400.0
DIGITS: Final = 6
MOST_WRONG: Final = 5
"""Wrong guesses that one code survives, less one."""

SKEW: Final = 60.0
"""How far apart the clocks of two nodes may be; what is further ahead was noted before one was put back."""

Windows = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class CodeRules:
    """How long a code of one kind lives, and how many sends and tries are allowed per window of seconds."""

    lifetime: float
    sends: Windows
    attempts: Windows
    digits: int = DIGITS


_SIGN_IN: Final = CodeRules(
    180.0, sends=((5, 600.0), (10, HOUR), (50, DAY)), attempts=((15, HOUR), (50, DAY))
)
"""Codes of a sign-in; the client's AuthSessionValidity is their lifetime, this is its default."""
_FIRST: Final = replace(_SIGN_IN, digits=8)

_VERIFY: Final = CodeRules(24 * HOUR, sends=((5, HOUR), (20, DAY)), attempts=((15, HOUR), (50, DAY)))

RULES: Final = {
    CodePurpose.SIGN_UP: CodeRules(24 * HOUR, sends=((6, HOUR), (20, DAY)), attempts=((15, HOUR), (50, DAY))),
    CodePurpose.FORGOT_PASSWORD: CodeRules(
        HOUR, sends=((5, HOUR), (20, DAY)), attempts=((10, HOUR), (30, DAY))
    ),
    CodePurpose.VERIFY_EMAIL: _VERIFY,
    CodePurpose.VERIFY_PHONE: _VERIFY,
    CodePurpose.CHANGE_PASSWORD: CodeRules(HOUR, sends=(), attempts=((5, HOUR), (20, DAY))),
    CodePurpose.SECOND_BY_SMS: _SIGN_IN,
    CodePurpose.SECOND_BY_EMAIL: _SIGN_IN,
    CodePurpose.FIRST_BY_SMS: _FIRST,
    CodePurpose.FIRST_BY_EMAIL: _FIRST,
}


class Verdict(Enum):
    """What a try of a code came to."""

    RIGHT = auto()
    WRONG = auto()
    EXPIRED = auto()
    """No code, an old one, or one that was guessed at too often: ask for a new one."""
    TOO_MANY = auto()


def draw_code(digits: int = DIGITS) -> str:
    """Draw a code of random digits."""
    return f"{secrets.randbelow(10**digits):0{digits}d}"


def is_exhausted(events: Sequence[float], now: float, windows: Windows) -> bool:
    """Whether the next event at `now` would be one too many in some window."""
    return any(
        sum(now - seconds < event <= now + SKEW for event in events) >= most for most, seconds in windows
    )


def issue(
    record: MailedCode, code_hash: str, now: float, *, lifetime: float | None = None
) -> MailedCode | None:
    """Put a new code in the place of the old one, or return None when too many were sent."""
    rules = RULES[record.purpose]
    if is_exhausted(record.sends, now, rules.sends):
        return None
    sends = (*_recent(record.sends, now), now)
    ends = now + (lifetime or rules.lifetime)
    return replace(record, code_hash=code_hash, expires_at=ends, sends=sends, wrong=0)


def attempt(record: MailedCode, code_hash: str, now: float) -> tuple[Verdict, MailedCode]:
    """Try a code: the verdict and the record after it. A right code is used up."""
    if is_exhausted(record.attempts, now, RULES[record.purpose].attempts):
        return Verdict.TOO_MANY, record
    tried = replace(record, attempts=(*_recent(record.attempts, now), now))
    if record.code_hash is None or now >= record.expires_at:
        return Verdict.EXPIRED, tried
    if hmac.compare_digest(record.code_hash, code_hash):
        return Verdict.RIGHT, replace(tried, code_hash=None, wrong=0)
    wrong = record.wrong + 1
    return Verdict.WRONG, replace(
        tried, wrong=wrong, code_hash=None if wrong >= MOST_WRONG else record.code_hash
    )


def _recent(events: Sequence[float], now: float) -> tuple[float, ...]:
    return tuple(event for event in events if now - DAY < event <= now + SKEW)
