"""What a user says of a sign-in: the token that lets them, and where it is kept (cognito.md 3.6, 9).

The token names one event of one user of one pool, opens nothing else, and ends after a week. It comes in a
mail to the user's verified address, and may be used again: people change their minds.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from idp.seal import SealBroken, Vault

PURPOSE: Final = "auth-event-feedback"
LIFETIME_SECONDS: Final = 7 * 86_400
LONGEST_TOKEN: Final = 1024


@dataclass(frozen=True, slots=True)
class FeedbackClaim:
    """Whose event a token is about."""

    pool_id: str
    sub: str
    event_id: str
    expires_at: float


def seal_feedback(vault: Vault, pool_id: str, sub: str, event_id: str, *, now: float) -> str:
    """Make the token (FeedbackToken) of an event."""
    claim = FeedbackClaim(pool_id, sub, event_id, now + LIFETIME_SECONDS)
    return vault.seal_text(json.dumps(asdict(claim)), purpose=PURPOSE)


def open_feedback(vault: Vault, token: str, *, now: float) -> FeedbackClaim | None:
    """Open a token; None where it is none of ours, or too old."""
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        claim = FeedbackClaim(**json.loads(vault.open_text(token, purpose=PURPOSE)))
    except SealBroken:
        return None
    return claim if now < claim.expires_at else None
