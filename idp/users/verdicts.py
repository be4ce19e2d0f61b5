"""How a tried code is answered; one table for sign-up and recovery, and one busy answer for everything that
hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp import texts
from idp.outcomes import UserReason, UserRefused
from idp.users.codes import Verdict

BUSY: Final = UserRefused(UserReason.BUSY, texts.TOO_MANY_REQUESTS)
REUSED: Final = UserRefused(UserReason.PASSWORD_REUSED, texts.PASSWORD_REUSED)
BARRED: Final = UserRefused(UserReason.NOT_AUTHORIZED, texts.ADDRESS_BLOCKED)
COMPROMISED: Final = UserRefused(UserReason.INVALID_PASSWORD, texts.PASSWORD_COMPROMISED)
MISMATCH: Final = UserRefused(UserReason.CODE_MISMATCH, texts.CODE_MISMATCH)

_REFUSALS: Final[Mapping[Verdict, UserRefused | None]] = {
    Verdict.RIGHT: None,
    Verdict.WRONG: MISMATCH,
    Verdict.EXPIRED: UserRefused(UserReason.CODE_EXPIRED, texts.CODE_EXPIRED),
    Verdict.TOO_MANY: UserRefused(UserReason.LIMIT_EXCEEDED, texts.LIMIT_EXCEEDED),
}


def refuse_verdict(verdict: Verdict, *, is_open: bool) -> UserRefused | None:
    """Turn a verdict into a refusal or None; a right code for what is not open looks like a wrong one."""
    refusal = _REFUSALS[verdict]
    return MISMATCH if refusal is None and not is_open else refusal
