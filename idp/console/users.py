"""/admin/POOL/users: the list of users, its search, and inviting somebody new.

The search is the Filter of ListUsers: its own parser reads what is put together here, so that no character
that people type means anything but itself.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from idp.console.desk import Desk
from idp.console.paging import PAGE, page_links, read_position, row_of
from idp.model import SEARCHED, Pool, UserFilter
from idp.outcomes import UserRefused
from idp.pages.fields import attribute_fields, label_of, policy_lines, read_attributes, sign_in_field
from idp.users.filters import BadFilter, parse_filter
from idp.users.schema import CONTACTS

STATUS: Final = "cognito:user_status"
CHOICES: Final = ("username", *SEARCHED, "sub", STATUS, "status")
LONGEST_SEARCH: Final = 256


def read_search(by: str, text: str) -> UserFilter | None:
    """Turn a search into a filter; an empty one is none. Raises BadFilter. Pure."""
    if not text:
        return None
    value = text.upper() if by == STATUS else text.capitalize() if by == "status" else text
    quoted = re.sub(r'(["\\])', r"\\\1", value)
    return parse_filter(f'{by} ^= "{quoted}"')


async def show_users(desk: Desk) -> Response:
    """List users, narrowed by the search."""
    asked = desk.request.query_params
    text = asked.get("q", "").strip()[:LONGEST_SEARCH].replace("\x00", "")
    by = asked.get("by") or _likeliest(desk.pool)
    scope = f"{by}:{text}"
    try:
        wanted = read_search(by if by in CHOICES else "username", text)
    except BadFilter:
        wanted = UserFilter("status", ())
    position = read_position(desk, scope)
    async with desk.core.store.reading() as records:
        found = await records.users.search(
            desk.pool.id, wanted, limit=PAGE, after=position.at, backwards=position.backwards
        )
    return desk.render(
        "users.html",
        "console.users",
        here="users",
        rows=[row_of(desk, user) for user in found.users],
        by=by,
        text=text,
        choices=[(name, _label(desk, name)) for name in CHOICES],
        **page_links(desk, found, scope),
    )


async def show_new(desk: Desk) -> Response:
    """Show the form for a new user."""
    pool, catalogue = desk.pool, desk.catalogue
    fields = attribute_fields(_asked(pool), catalogue, form=desk.form, wrong=frozenset())
    return desk.render(
        "new_user.html",
        "console.new_user",
        here="users",
        name_field=sign_in_field_of(desk),
        fields=fields,
        required={entry.name for entry in pool.schema if entry.required},
        policy=policy_lines(pool, catalogue),
        invites=not desk.problems or desk.form.get("invite") == "1",
    )


async def submit_new(desk: Desk) -> Response:
    """Create the user; a temporary password that nobody was mailed is shown once."""
    form = desk.form
    username = form.text("username").strip()
    if not username:
        return await show_new(desk.refused(desk.say("problem.username_missing", field=_name_label(desk))))
    attributes = read_attributes(_asked(desk.pool), form)
    if form.get("verified") == "1":
        given = {*attributes, *(name for name in desk.pool.username_attributes if "@" in username)}
        attributes |= {f"{name}_verified": "true" for name in CONTACTS if name in given}
    invites = form.get("invite") == "1"
    added = await desk.core.administration.add(
        desk.pool,
        username=username,
        attributes=attributes,
        password=form.get("password"),
        invite=invites,
    )
    if isinstance(added, UserRefused):
        return await show_new(desk.refused(added.text))
    desk.record("create-user", target=added.user.sub)
    if added.invited:
        return desk.done(
            f"/users/{added.user.sub}", "console.done.invited", {"email": ", ".join(added.invited_at)}
        )
    return show_once(
        desk,
        added.temporary_password or "",
        intro="console.once.not_invited" if invites else "console.once.password",
        back=f"/users/{added.user.sub}",
        here="users",
    )


def show_once(desk: Desk, secret: str, *, intro: str, back: str, here: str) -> Response:
    """Show a secret in the answer itself: it is in no cookie, no address and no log."""
    return desk.render(
        "once.html", "console.once", here=here, secret=secret, intro=desk.say(intro), back=desk.path(back)
    )


def sign_in_field_of(desk: Desk) -> object:
    """Return the field for a new user's name."""
    return sign_in_field(desk.pool, desk.catalogue, value=desk.form.text("username"), wrong=False)


def _name_label(desk: Desk) -> str:
    return sign_in_field(desk.pool, desk.catalogue, value="", wrong=False).label


def _asked(pool: Pool) -> tuple[str, ...]:
    """Name the attributes that the form for a new user asks for: contacts, name and what is required."""
    required = [entry.name for entry in pool.schema if entry.required and entry.name != "sub"]
    wanted = dict.fromkeys([*CONTACTS, "name", *required])
    typed = pool.username_attributes if len(pool.username_attributes) == 1 else ()
    return tuple(name for name in wanted if name not in typed)


def _likeliest(pool: Pool) -> str:
    return pool.username_attributes[0] if pool.username_attributes else "username"


def _label(desk: Desk, name: str) -> str:
    known = {"sub": "console.search.sub", STATUS: "console.search.status", "status": "console.search.enabled"}
    return desk.say(known[name]) if name in known else label_of(name, desk.catalogue)
