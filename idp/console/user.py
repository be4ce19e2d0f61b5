"""/admin/POOL/users/SUB: one user, all there is to know about them, and their history of sign-ins.

People are addressed by `sub` and nothing else: somebody may well have chosen another one's sub as their
username. What is done with them is in `idp.console.acts`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from idp.console.desk import Desk
from idp.console.events import RECENT, event_row
from idp.console.paging import PAGE, Position, moment, read_position, seal_position, shown_name
from idp.model import Pool, User, UserStatus
from idp.oauth.parameters import Parameters
from idp.pages.fields import Field, attribute_field_name, attribute_fields, policy_lines
from idp.protection.records import ThreatMode
from idp.signin.session_list import session_id
from idp.users.administration import choose_mediums

ALWAYS_SHOWN: Final = ("email", "phone_number", "name", "given_name", "family_name", "preferred_username")
NEVER_EDITED: Final = frozenset({"sub", "updated_at"})
VERIFIED: Final = ("email_verified", "phone_number_verified")


async def find(desk: Desk) -> User | None:
    """Return the user whom the address names, of this pool only."""
    async with desk.core.store.reading() as records:
        return await records.users.find(desk.pool.id, desk.request.path_params["sub"])


async def show_user(desk: Desk) -> Response:
    """Show a user."""
    user = await find(desk)
    if user is None:
        return desk.missing("console.user_missing", here="users")
    return await show(desk, user)


async def show(desk: Desk, user: User) -> Response:
    """Show this user, with a form that was refused as it was typed."""
    core, pool = desk.core, desk.pool
    async with core.store.reading() as records:
        mine = [group.name for group in await records.groups.of(pool.id, user.sub)]
        known = [group.name for group in await records.groups.list(pool.id)]
    preference = await core.factors.preferences.of(pool, user)
    main, others = _fields(desk, user)
    return desk.render(
        "user.html",
        "console.user",
        here="users",
        user=user,
        name=shown_name(user),
        status=desk.say(f"console.status.{user.status.value}"),
        created=moment(user.created_at),
        updated=moment(user.updated_at),
        main=main,
        others=others,
        verified=[
            (name, user.attributes.get(name) == "true") for name in VERIFIED if has_address(user, name)
        ],
        pending=sorted(user.pending.items()),
        groups=sorted(mine),
        open_groups=sorted(set(known) - set(mine)),
        policy=policy_lines(pool, desk.catalogue),
        is_self=user.sub == desk.admin.sub,
        may_confirm=user.status is UserStatus.UNCONFIRMED,
        may_invite=user.status is UserStatus.FORCE_CHANGE_PASSWORD and bool(choose_mediums(user.attributes)),
        factors=[(factor.value, desk.say(f"console.factor.{factor.value}")) for factor in preference.enabled],
        preferred=preference.preferred and preference.preferred.value,
        **await _belongings(desk, user),
        **await _events(desk, user, limit=RECENT),
    )


async def show_events(desk: Desk) -> Response:
    """Show a user's history, page by page."""
    user = await find(desk)
    if user is None:
        return desk.missing("console.user_missing", here="users")
    scope = f"events:{user.sub}"
    at = read_position(desk, scope).at
    shown = await _events(desk, user, limit=PAGE, before=(float(at[0]), at[1]) if at else None)
    following = shown["older"] and seal_position(desk, Position(shown["older"]), scope)
    return desk.render(
        "events.html",
        "console.events",
        here="users",
        user=user,
        name=shown_name(user),
        is_first=not at,
        **shown | {"older": following},
    )


async def _events(
    desk: Desk, user: User, *, limit: int, before: tuple[float, str] | None = None
) -> dict[str, Any]:
    """Read some of a user's events, and where the next ones begin."""
    if desk.pool.threat_mode is ThreatMode.OFF:
        return {"has_history": False, "events": [], "older": None}
    found = await desk.core.history.of(desk.pool, user.sub, limit=limit + 1, before=before)
    shown = found[:limit]
    return {
        "has_history": True,
        "events": [event_row(event, desk.catalogue) for event in shown],
        "older": (repr(shown[-1].at), shown[-1].id) if len(found) > limit else None,
    }


async def _belongings(desk: Desk, user: User) -> dict[str, Any]:
    """Read what hangs on a user: sessions, devices, passkeys."""
    core, pool = desk.core, desk.pool
    clients = {client.id: client.name for client in await core.clients(pool.id)}
    families = sorted(await core.tokens.alive(pool, user), key=lambda family: -family.created_at)
    return {
        "sessions": [
            {
                "id": session_id(family),
                "client": clients.get(family.client_id, family.client_id),
                "since": moment(family.created_at),
                "active": moment(family.active_at or family.created_at),
                "address": family.address or "",
                "agent": family.user_agent or "",
            }
            for family in families
        ],
        "devices": [
            {
                "key": d.key,
                "name": d.name or d.key,
                "address": d.address,
                "active": moment(d.last_authenticated_at),
            }
            for d in await core.devices.list(pool, user)
        ],
        "passkeys": [
            {"id": p.credential_id, "name": p.name, "since": moment(p.created_at), "used": moment(p.used_at)}
            for p in await core.factors.passkeys.list(pool, user)
        ],
    }


def _verified(user: User) -> list[tuple[str, bool]]:
    return [(name, user.attributes.get(name) == "true") for name in VERIFIED if has_address(user, name)]


def has_address(user: User, verified: str) -> bool:
    """Whether there is an address that `email_verified` or `phone_number_verified` could be said of."""
    return bool(user.attributes.get(verified.removesuffix("_verified")))


def editable(pool: Pool) -> list[str]:
    """Name the attributes that a form changes, those that matter here first."""
    names = [entry.name for entry in pool.schema]
    kept = [name for name in names if name not in NEVER_EDITED and name not in VERIFIED]
    return [*(name for name in ALWAYS_SHOWN if name in kept), *(n for n in kept if n not in ALWAYS_SHOWN)]


def _fields(desk: Desk, user: User) -> tuple[list[Field], list[Field]]:
    """Return the fields of the attributes: those that matter here, and the rest."""
    values = {name: user.attributes.get(name, "") for name in editable(desk.pool)}
    typed = tuple((attribute_field_name(name), value) for name, value in values.items())
    form = desk.form if desk.problems and desk.form.get("attributes") else Parameters(typed)
    required = {entry.name for entry in desk.pool.schema if entry.required}
    fields = [
        replace(field, required=field.attribute in required, autocomplete="off")
        for field in attribute_fields(values, desk.catalogue, form=form, wrong=frozenset())
    ]
    main = [f for f in fields if values[f.attribute] or f.attribute in ALWAYS_SHOWN or f.required]
    return main, [field for field in fields if field not in main]
