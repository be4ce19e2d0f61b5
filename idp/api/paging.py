"""Pages of lists: where the next one begins travels sealed, good for the operation and list that made it.

The lists go on after a key, not after a count: what is added or removed meanwhile neither repeats nor hides
an entry (cognito.md 3.4).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from idp.api.call import Call
from idp.api.errors import invalid_parameter
from idp.seal import SealBroken

MOST: Final = 60


def limit_of(call: Call, member: str = "Limit", most: int = MOST) -> int:
    """Return how many items are wanted; none or 0 means as many as there may be."""
    return int(call.input.get(member) or most)


def read_token(call: Call, member: str = "NextToken", *, scope: str = "") -> str:
    """Return the key after which the page begins, empty for the first page; raises ApiError."""
    token = call.input.get(member)
    if token is None:
        return ""
    try:
        return call.core.vault.open_text(token, purpose=_purpose(call, scope))
    except SealBroken as error:
        raise invalid_parameter(f"Invalid {member}") from error


def write_token(call: Call, after: str, *, scope: str = "") -> str:
    """Seal the key after which the next page begins; `scope` names the list, such as a pool."""
    return call.core.vault.seal_text(after, purpose=_purpose(call, scope))


def read_position(call: Call, member: str = "NextToken", *, scope: str = "") -> tuple[str, ...]:
    """Return the position after which the page begins, of a key of several parts; raises ApiError."""
    text = read_token(call, member, scope=scope)
    return tuple(json.loads(text)) if text else ()


def write_position(call: Call, after: Sequence[str] | None, *, scope: str = "") -> str | None:
    """Seal a position of several parts; None at the end, because SDKs go on until there is no token."""
    return None if after is None else write_token(call, json.dumps(list(after)), scope=scope)


def cut_page(
    call: Call,
    items: Sequence[tuple[str, dict[str, object]]],
    *,
    scope: str,
    member: str = "Limit",
    token: str = "NextToken",  # noqa: S107 - the member's name
    most: int = MOST,
) -> tuple[list[dict[str, object]], str | None]:
    """Cut a page out of (key, item) pairs that are sorted by their key; `member` says how many are wanted,
    `token` where the page begins.
    """
    after, limit = read_token(call, token, scope=scope), limit_of(call, member, most)
    rest = [pair for pair in items if pair[0] > after]
    following = write_token(call, rest[limit - 1][0], scope=scope) if len(rest) > limit else None
    return [item for _, item in rest[:limit]], following


def _purpose(call: Call, scope: str) -> str:
    return f"page:{call.operation}:{scope}"
