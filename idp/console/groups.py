"""/admin/POOL/groups: groups, who is in them, making, changing and removing them.

A group's name is whatever somebody chose, so it travels in the query or the form and never in the path.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from idp.console.desk import Desk
from idp.console.paging import PAGE, moment, page_links, read_position, row_of
from idp.model import Group
from idp.outcomes import UserRefused

NAME: Final = re.compile(r"\S{1,128}")
ROLE: Final = re.compile(r"arn:\S{1,2044}")
MOST_PRECEDENCE: Final = 2**31 - 1
LONGEST_TEXT: Final = 2048
WHOLE: Final = re.compile(r"[0-9]{1,10}")


async def show_groups(desk: Desk) -> Response:
    """List the groups, with the form for a new one."""
    groups = await desk.core.groups.list(desk.pool)
    return desk.render("groups.html", "console.groups", here="groups", groups=groups, typed=_typed(desk))


async def submit_group(desk: Desk) -> Response:
    """Make a group."""
    name = desk.form.text("name").strip()
    fields = _read(desk)
    if not NAME.fullmatch(name) or not name.isprintable():
        return await show_groups(desk.refused(desk.say("console.refused.group_name")))
    if fields is None:
        return await show_groups(desk.refused(desk.say("console.refused.group_fields")))
    created = await desk.core.groups.create(Group(pool_id=desk.pool.id, name=name, **fields))
    if isinstance(created, UserRefused):
        return await show_groups(desk.refused(created.text))
    desk.record("create-group", target=name)
    return desk.done("/groups", "console.done.group_created", {"group": name})


async def show_group(desk: Desk) -> Response:
    """Show a group and its members."""
    name = desk.request.query_params.get("name", "")
    group = await desk.core.groups.get(desk.pool, name)
    if isinstance(group, UserRefused):
        return desk.missing("console.group_missing", here="groups")
    return await _show(desk, group)


async def _show(desk: Desk, group: Group) -> Response:
    scope = f"group:{group.name}"
    position = read_position(desk, scope)
    found = await desk.core.groups.members(
        desk.pool, group.name, limit=PAGE, after=position.at, backwards=position.backwards
    )
    if isinstance(found, UserRefused):
        return desk.missing("console.group_missing", here="groups")
    return desk.render(
        "group.html",
        "console.groups",
        here="groups",
        group=group,
        typed=_typed(desk) if desk.problems else _described(group),
        created=moment(group.created_at),
        is_admin_group=group.name == desk.group,
        rows=[row_of(desk, user) for user in found.users],
        **page_links(desk, found, scope),
    )


async def submit_change(desk: Desk) -> Response:
    """Change a group's description, precedence and role."""
    name, fields = desk.form.text("name"), _read(desk)
    group = await desk.core.groups.get(desk.pool, name)
    if isinstance(group, UserRefused):
        return desk.missing("console.group_missing", here="groups")
    if fields is None:
        return await _show(desk.refused(desk.say("console.refused.group_fields")), group)
    await desk.core.groups.update(desk.pool, name, fields)
    desk.record("change-group", target=name)
    return desk.done("/group", "console.done.saved", name=name)


async def submit_delete(desk: Desk) -> Response:
    """Remove a group whose name was typed; its members stay."""
    name = desk.form.text("name")
    group = await desk.core.groups.get(desk.pool, name)
    if isinstance(group, UserRefused):
        return desk.missing("console.group_missing", here="groups")
    if name == desk.group:  # nobody would get in any more, the one who deletes it included
        return await _show(desk.refused(desk.say("console.refused.self")), group)
    if desk.form.text("confirmation").strip() != name:
        return await _show(desk.refused(desk.say("console.refused.confirmation")), group)
    await desk.core.groups.delete(desk.pool, name)
    desk.record("delete-group", target=name)
    return desk.done("/groups", "console.done.deleted", {"name": name})


def back_to_group(desk: Desk) -> str:
    """Return the path of the page on which a group's form is."""
    return f"/group?{urlencode({'name': desk.form.text('name')})}"


def _read(desk: Desk) -> dict[str, Any] | None:
    """Read the fields beside the name; None where one of them cannot be."""
    form = desk.form
    precedence, role = form.text("precedence").strip(), form.text("role").strip()
    if precedence and not (WHOLE.fullmatch(precedence) and int(precedence) <= MOST_PRECEDENCE):
        return None
    if role and not ROLE.fullmatch(role):
        return None
    return {
        "description": form.text("description").strip()[:LONGEST_TEXT],
        "precedence": int(precedence) if precedence else None,
        "role_arn": role or None,
    }


def _typed(desk: Desk) -> dict[str, str]:
    return {name: desk.form.text(name) for name in ("name", "description", "precedence", "role")}


def _described(group: Group) -> dict[str, str]:
    precedence = "" if group.precedence is None else str(group.precedence)
    return {
        "name": group.name,
        "description": group.description,
        "precedence": precedence,
        "role": group.role_arn or "",
    }
