"""/admin/POOL/users/SUB: one user, and what an administrator does with them.

Each action is a row of `ACTIONS`. People are addressed by `sub` and nothing else: somebody may well have
chosen another one's sub as their username.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.responses import Response

from idp.console.desk import Desk
from idp.console.paging import moment, shown_name
from idp.console.users import show_once
from idp.factors.preferences import Wish
from idp.factors.records import Factor
from idp.model import User, UserStatus
from idp.oauth.parameters import Parameters
from idp.outcomes import UserRefused
from idp.pages.fields import Field, attribute_field_name, attribute_fields, policy_lines
from idp.signin.session_list import find_session, session_id
from idp.users.administration import Added

ALWAYS_SHOWN: Final = ("email", "phone_number", "name", "given_name", "family_name", "preferred_username")
NEVER_EDITED: Final = frozenset({"sub", "updated_at"})
VERIFIED: Final = ("email_verified", "phone_number_verified")


@dataclass(frozen=True, slots=True)
class Done:
    """An action that was carried out, and the text that says so."""

    key: str
    values: Mapping[str, str]
    path: str | None = None
    """Where to go on; None is the user's page."""


Outcome = Done | UserRefused | str | Response
"""A text key is a refusal of the console's own."""
Act = Callable[[Desk, User], Awaitable[Outcome]]


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
        verified=[(name, user.attributes.get(name) == "true") for name in VERIFIED if _has(user, name)],
        pending=sorted(user.pending.items()),
        groups=sorted(mine),
        open_groups=sorted(set(known) - set(mine)),
        policy=policy_lines(pool, desk.catalogue),
        is_self=user.sub == desk.admin.sub,
        may_confirm=user.status is UserStatus.UNCONFIRMED,
        may_invite=user.status is UserStatus.FORCE_CHANGE_PASSWORD and bool(user.email),
        factors=[(factor.value, desk.say(f"console.factor.{factor.value}")) for factor in preference.enabled],
        preferred=preference.preferred and preference.preferred.value,
        **await _belongings(desk, user),
    )


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


def _has(user: User, verified: str) -> bool:
    return bool(user.attributes.get(verified.removesuffix("_verified")))


def _editable(desk: Desk) -> list[str]:
    names = [entry.name for entry in desk.pool.schema]
    kept = [name for name in names if name not in NEVER_EDITED and name not in VERIFIED]
    return [*(name for name in ALWAYS_SHOWN if name in kept), *(n for n in kept if n not in ALWAYS_SHOWN)]


def _fields(desk: Desk, user: User) -> tuple[list[Field], list[Field]]:
    """Return the fields of the attributes: those that matter here, and the rest."""
    values = {name: user.attributes.get(name, "") for name in _editable(desk)}
    typed = tuple((attribute_field_name(name), value) for name, value in values.items())
    form = desk.form if desk.problems and desk.form.get("attributes") else Parameters(typed)
    required = {entry.name for entry in desk.pool.schema if entry.required}
    fields = [
        replace(field, required=field.attribute in required, autocomplete="off")
        for field in attribute_fields(values, desk.catalogue, form=form, wrong=frozenset())
    ]
    main = [f for f in fields if values[f.attribute] or f.attribute in ALWAYS_SHOWN or f.required]
    return main, [field for field in fields if field not in main]


async def act(desk: Desk) -> Response:
    """Carry out the action that the address names."""
    name = desk.request.path_params["action"]
    action, user = ACTIONS.get(name), await find(desk)
    if action is None or user is None:
        return desk.missing("console.user_missing", here="users")
    outcome = await action(desk, user)
    if isinstance(outcome, str):
        return await show(desk.refused(desk.say(outcome)), user)
    if isinstance(outcome, UserRefused):
        return await show(desk.refused(outcome.text), user)
    desk.record(name, target=user.sub, **_details(desk))
    if isinstance(outcome, Response):
        return outcome
    return desk.done(outcome.path or f"/users/{user.sub}", outcome.key, outcome.values)


def _details(desk: Desk) -> dict[str, str]:
    """Return what an audit line says beyond the action; never a value that people typed as a secret."""
    return {name: value[:128] for name in ("group", "factor") if (value := desk.form.get(name))}


def _told(outcome: object, key: str, **values: str) -> Outcome:
    return outcome if isinstance(outcome, UserRefused) else Done(key, values)


async def _save(desk: Desk, user: User) -> Outcome:
    """Change what was changed in the form, and only that: another administrator may be at work, too."""
    form, changes = desk.form, {}
    sent = {name for name, _ in form.pairs}
    for name in _editable(desk):
        value = form.text(attribute_field_name(name)).strip()
        if attribute_field_name(name) in sent and value != user.attributes.get(name, ""):
            changes[name] = value
    for name in VERIFIED:
        is_true = form.get(name) == "true"
        if _has(user, name) and is_true != (user.attributes.get(name) == "true"):
            changes[name] = "true" if is_true else "false"
    if not changes:
        return Done("console.done.unchanged", {})
    return _told(
        await desk.core.profile.update(desk.pool, user.sub, changes, client=None), "console.done.saved"
    )


async def _confirm(desk: Desk, user: User) -> Outcome:
    return _told(await desk.core.administration.confirm(desk.pool, user.username), "console.done.confirmed")


async def _enable(desk: Desk, user: User) -> Outcome:
    return _told(await desk.core.administration.enable(desk.pool, user.username), "console.done.enabled")


async def _disable(desk: Desk, user: User) -> Outcome:
    if user.sub == desk.admin.sub:
        return "console.refused.self"
    return _told(await desk.core.administration.disable(desk.pool, user.username), "console.done.disabled")


async def _reset(desk: Desk, user: User) -> Outcome:
    outcome = await desk.core.administration.reset(desk.pool, user.username)
    if isinstance(outcome, UserRefused):
        return outcome
    return Done("console.done.reset", {"destination": outcome.destination})


async def _invite(desk: Desk, user: User) -> Outcome:
    added = await desk.core.administration.invite_again(desk.pool, user.username)
    if isinstance(added, Added) and not added.invited:
        return _once(desk, user, added.temporary_password or "", "console.once.not_invited")
    return _told(added, "console.done.invited", email=user.email or "")


async def _set_password(desk: Desk, user: User) -> Outcome:
    password = desk.form.get("password")
    if password is None:
        return "console.refused.no_password"
    permanent = desk.form.get("permanent") == "1"
    outcome = await desk.core.administration.set_password(
        desk.pool, user.username, password, permanent=permanent
    )
    return _told(outcome, "console.done.password" if permanent else "console.done.temporary")


def _once(desk: Desk, user: User, secret: str, intro: str) -> Response:
    return show_once(desk, secret, intro=intro, back=f"/users/{user.sub}", here="users")


async def _sign_out(desk: Desk, user: User) -> Outcome:
    outcome = await desk.core.administration.sign_out(desk.pool, user.username, browsers=True)
    return _told(outcome, "console.done.signed_out")


async def _delete(desk: Desk, user: User) -> Outcome:
    if user.sub == desk.admin.sub:
        return "console.refused.self"
    if desk.form.text("confirmation").strip() != shown_name(user):
        return "console.refused.confirmation"
    outcome = await desk.core.administration.delete(desk.pool, user.username)
    if isinstance(outcome, UserRefused):
        return outcome
    return Done("console.done.deleted", {"name": shown_name(user)}, "/users")


async def _add_to_group(desk: Desk, user: User) -> Outcome:
    group = desk.form.text("group")
    outcome = await desk.core.administration.add_to_group(desk.pool, user.username, group)
    return _told(outcome, "console.done.group_added", group=group)


async def _remove_from_group(desk: Desk, user: User) -> Outcome:
    group = desk.form.text("group")
    if user.sub == desk.admin.sub and group == desk.group:
        return "console.refused.self"
    outcome = await desk.core.administration.remove_from_group(desk.pool, user.username, group)
    return _told(outcome, "console.done.group_removed", group=group)


async def _end_session(desk: Desk, user: User) -> Outcome:
    family = find_session(await desk.core.tokens.alive(desk.pool, user), desk.form.text("session"))
    if family is None:
        return "console.refused.gone"
    await desk.core.tokens.revoke_family(family)
    return Done("console.done.session_ended", {})


async def _forget_device(desk: Desk, user: User) -> Outcome:
    is_gone = await desk.core.devices.forget(desk.pool, user, desk.form.text("device"))
    return Done("console.done.device_forgotten", {}) if is_gone else "console.refused.gone"


async def _delete_passkey(desk: Desk, user: User) -> Outcome:
    outcome = await desk.core.factors.passkeys.delete(desk.pool, user, desk.form.text("passkey"))
    return _told(outcome, "console.done.passkey_deleted")


async def _remove_factor(desk: Desk, user: User) -> Outcome:
    name, factors = desk.form.text("factor"), desk.core.factors
    if name not in [factor.value for factor in Factor]:
        return "console.refused.gone"
    factor = Factor(name)
    if factor is Factor.TOTP:
        await factors.tokens.delete(desk.pool, user)
        return Done("console.done.factor_removed", {})
    wishes: Mapping[Factor, Wish] = {factor: Wish(enabled=False)}
    outcome = await factors.preferences.wish(desk.pool, user, wishes, by_administrator=True)
    return _told(outcome, "console.done.factor_removed")


ACTIONS: Final[Mapping[str, Act]] = {
    "attributes": _save,
    "confirm": _confirm,
    "enable": _enable,
    "disable": _disable,
    "reset-password": _reset,
    "invite": _invite,
    "password": _set_password,
    "sign-out": _sign_out,
    "delete": _delete,
    "add-group": _add_to_group,
    "remove-group": _remove_from_group,
    "end-session": _end_session,
    "forget-device": _forget_device,
    "delete-passkey": _delete_passkey,
    "remove-factor": _remove_factor,
}
