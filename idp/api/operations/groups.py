"""Groups and who is in them (cognito.md 3.6, 3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp.api.call import Call
from idp.api.errors import served
from idp.api.paging import cut_page, limit_of, read_position, write_position
from idp.api.present import group_type, present, user_type
from idp.api.registry import operation
from idp.model import Group

_FIELDS: Final = {"Description": "description", "RoleArn": "role_arn", "Precedence": "precedence"}


@operation("CreateGroup")
async def create_group(call: Call) -> Mapping[str, object]:
    """Make a group."""
    pool = await call.pool()
    group = Group(pool_id=pool.id, name=call.text("GroupName"), **_fields(call))
    return {"Group": group_type(served(await call.core.groups.create(group)))}


@operation("GetGroup")
async def get_group(call: Call) -> Mapping[str, object]:
    """Return a group."""
    group = served(await call.core.groups.get(await call.pool(), call.text("GroupName")))
    return {"Group": group_type(group)}


@operation("UpdateGroup")
async def update_group(call: Call) -> Mapping[str, object]:
    """Change the members that are given."""
    pool = await call.pool()
    group = served(await call.core.groups.update(pool, call.text("GroupName"), _fields(call)))
    return {"Group": group_type(group)}


@operation("DeleteGroup")
async def delete_group(call: Call) -> Mapping[str, object]:
    """Remove a group; its members stay."""
    served(await call.core.groups.delete(await call.pool(), call.text("GroupName")))
    return {}


@operation("ListGroups")
async def list_groups(call: Call) -> Mapping[str, object]:
    """List the groups by name."""
    pool = await call.pool()
    return _page(call, await call.core.groups.list(pool), scope=pool.id)


@operation("ListUsersInGroup")
async def list_users_in_group(call: Call) -> Mapping[str, object]:
    """List the members of a group."""
    pool, name = await call.pool(), call.text("GroupName")
    scope = f"{pool.id}:{name}"
    after = read_position(call, scope=scope)
    page = served(await call.core.groups.members(pool, name, limit=limit_of(call), after=after))
    return present(
        Users=[user_type(user) for user in page.users],
        NextToken=write_position(call, page.after, scope=scope),
    )


@operation("AdminAddUserToGroup")
async def admin_add_user_to_group(call: Call) -> Mapping[str, object]:
    """Put a user into a group."""
    pool = await call.pool()
    served(await call.core.administration.add_to_group(pool, call.text("Username"), call.text("GroupName")))
    return {}


@operation("AdminRemoveUserFromGroup")
async def admin_remove_user_from_group(call: Call) -> Mapping[str, object]:
    """Take a user out of a group."""
    pool = await call.pool()
    served(
        await call.core.administration.remove_from_group(pool, call.text("Username"), call.text("GroupName"))
    )
    return {}


@operation("AdminListGroupsForUser")
async def admin_list_groups_for_user(call: Call) -> Mapping[str, object]:
    """List a user's groups by name."""
    pool = await call.pool()
    user = await call.found_user(pool)
    async with call.core.store.reading() as records:
        groups = await records.groups.of(pool.id, user.sub)
    return _page(call, groups, scope=f"{pool.id}:{user.sub}")


def _fields(call: Call) -> dict[str, Any]:
    return {field: call.input[name] for name, field in _FIELDS.items() if name in call.input}


def _page(call: Call, groups: tuple[Group, ...], *, scope: str) -> Mapping[str, object]:
    items = [(group.name, group_type(group)) for group in sorted(groups, key=lambda group: group.name)]
    page, following = cut_page(call, items, scope=scope)
    return present(Groups=page, NextToken=following)
