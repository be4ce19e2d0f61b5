"""Lists of users in pages: where the next and the previous page begin travels sealed in the address.

A position holds a user's name or address: sealed it tells nobody's proxy log, and cannot be made up.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from idp.console.desk import Desk
from idp.model import User, UserPage
from idp.seal import SealBroken

PAGE: Final = 25


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page of a list is."""

    at: tuple[str, ...] = ()
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A user in a list."""

    sub: str
    username: str
    contact: str
    name: str
    status: str
    enabled: bool
    created: str


def read_position(desk: Desk, scope: str) -> Position:
    """Return where the asked page is; what does not open is the first page."""
    sealed = desk.request.query_params.get("page") or ""
    try:
        at, backwards = json.loads(desk.core.vault.open_text(sealed, purpose=_purpose(desk, scope)))
    except SealBroken:
        return Position()
    return Position(tuple(at), bool(backwards))


def page_links(desk: Desk, found: UserPage, scope: str) -> dict[str, Any]:
    """Return the `page` parameters of the neighbours; None where the list ends."""
    return {
        "previous": seal_position(desk, Position(found.before, backwards=True), scope)
        if found.before
        else None,
        "following": seal_position(desk, Position(found.after), scope) if found.after else None,
    }


def row_of(desk: Desk, user: User) -> Row:
    """Lay a user out for a list."""
    attributes = user.attributes
    parts = (attributes.get("given_name"), attributes.get("family_name"))
    contact = user.email or attributes.get("phone_number", "")
    return Row(
        sub=user.sub,
        username=shown_name(user),
        contact="" if contact == shown_name(user) else contact,
        name=attributes.get("name") or " ".join(filter(None, parts)),
        status=desk.say(f"console.status.{user.status.value}"),
        enabled=user.enabled,
        created=moment(user.created_at),
    )


def shown_name(user: User) -> str:
    """Return what people call a user: the username, or the address where that is a random id."""
    return (
        (user.email or user.attributes.get("phone_number") or user.username)
        if _is_random(user)
        else (user.username)
    )


def moment(seconds: float | None) -> str:
    """Spell a point in time; None is a dash."""
    return "–" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _is_random(user: User) -> bool:
    return user.username == user.sub


def seal_position(desk: Desk, position: Position, scope: str) -> str:
    """Return the `page` parameter that leads to a position of a list."""
    content = json.dumps([list(position.at), position.backwards])
    return desk.core.vault.seal_text(content, purpose=_purpose(desk, scope))


def _purpose(desk: Desk, scope: str) -> str:
    return f"console-page:{desk.pool.id}:{scope}"
