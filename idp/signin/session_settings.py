"""How many sessions a user may have, and for how long a browser's is reused: session tracking (1.13). Pure.

The settings are members of the API's shapes, kept with the pool and the client as they came. While tracking
is off, a browser's session is reused for an hour and nobody counts; what clients say is dormant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from idp.model import Client, Family, Pool

TRACKING: Final = "UserSessionTracking"
TOKEN_SESSION: Final = "TokenSession"  # noqa: S105
SSO_SESSION: Final = "SSOSession"
MOST_DEFAULT: Final = 20
MINUTES_DEFAULT: Final = 60
LONGEST_SECONDS: Final = 129_600 * 60
"""The longest that any client may reuse a browser's session: how long one is kept where sessions are
tracked."""


def is_tracked(pool: Pool) -> bool:
    """Whether the pool tracks sessions."""
    return pool.kept.get(TRACKING) == "ENABLED"


def pool_settings(pool: Pool) -> dict[str, object]:
    """Return a pool's settings as the API shows them, defaults included."""
    return {
        TRACKING: "ENABLED" if is_tracked(pool) else "DISABLED",
        TOKEN_SESSION: {"MaxPerUser": most_token_sessions(pool)},
    }


def most_token_sessions(pool: Pool) -> int:
    """Return how many token sessions a user may have; it counts only while sessions are tracked."""
    given: Mapping[str, Any] = pool.kept.get(TOKEN_SESSION) or {}
    return int(given.get("MaxPerUser", MOST_DEFAULT))


def reuse_minutes(client: Client) -> int:
    """Return for how long a client reuses a browser's session; it counts only while sessions are tracked."""
    given: Mapping[str, Any] = client.kept.get(SSO_SESSION) or {}
    return int(given.get("MaxValidityMinutes", MINUTES_DEFAULT))


def kept_seconds(pool: Pool) -> int:
    """Return how long a browser's session is kept from its sign-in on."""
    return LONGEST_SECONDS if is_tracked(pool) else MINUTES_DEFAULT * 60


def may_reuse(pool: Pool, client: Client | None, auth_time: int, *, now: float) -> bool:
    """Whether a client (None: none in particular) may reuse a browser's session without a new sign-in."""
    minutes = reuse_minutes(client) if client is not None and is_tracked(pool) else MINUTES_DEFAULT
    return now - auth_time < minutes * 60


def choose_evicted(pool: Pool, alive: Iterable[Family]) -> tuple[Family, ...]:
    """Choose the token sessions that end so that one more fits: those that were not used for the longest."""
    if not is_tracked(pool):
        return ()
    by_use = sorted(alive, key=lambda family: (family.active_at or family.created_at, family.id))
    return tuple(by_use[: max(0, len(by_use) - most_token_sessions(pool) + 1)])
