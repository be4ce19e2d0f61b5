"""What an administrator does with one user: each action is a row of `ACTIONS`.

An action returns what it came to; the audit line, the answer and the demand for a recent sign-in are written
once, for all of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from idp.console.desk import Desk
from idp.console.paging import shown_name
from idp.console.user import VERIFIED, editable, find, has_address, show
from idp.console.users import show_once
from idp.factors.preferences import Wish
from idp.factors.records import Factor
from idp.model import User
from idp.outcomes import UserRefused
from idp.pages.fields import attribute_field_name
from idp.signin.session_list import find_session
from idp.users.administration import Added
from idp.users.schema import CONTACTS

TOLD: Final = ("group", "factor", "event", "feedback")
"""Fields of actions that the audit line repeats."""
FEEDBACK: Final = ("Valid", "Invalid")


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


async def act(desk: Desk) -> Response:
    """Carry out the action that the address names."""
    name = desk.request.path_params["action"]
    action, user = ACTIONS.get(name), await find(desk)
    if action is None or user is None:
        return desk.missing("console.user_missing", here="users")
    if _is_careful(desk, user, name) and not desk.is_recent:
        return desk.step_up(f"/users/{user.sub}")
    outcome = await action(desk, user)
    if isinstance(outcome, str):
        return await show(desk.refused(desk.say(outcome)), user)
    if isinstance(outcome, UserRefused):
        return await show(desk.refused(outcome.text), user)
    desk.record(name, target=user.sub, **_details(desk))
    if isinstance(outcome, Response):
        return outcome
    return desk.done(outcome.path or f"/users/{user.sub}", outcome.key, outcome.values)


def _is_careful(desk: Desk, user: User, action: str) -> bool:
    """Whether an action wants a recent sign-in: it cannot be undone, or opens an account or this console."""
    if action == "attributes":  # codes for a new password go to the address
        return any(name.startswith(CONTACTS) for name in _changes(desk, user))
    if action == "add-group":
        return desk.form.text("group") == desk.group
    return action in CAREFUL


def _details(desk: Desk) -> dict[str, str]:
    """Return what an audit line says beyond the action; never a value that people typed as a secret."""
    return {name: value[:128] for name in TOLD if (value := desk.form.get(name))}


def _told(outcome: object, key: str, **values: str) -> Outcome:
    return outcome if isinstance(outcome, UserRefused) else Done(key, values)


def _changes(desk: Desk, user: User) -> dict[str, str]:
    """Return what was changed in the form, and only that: another administrator may be at work, too."""
    form, changes = desk.form, {}
    sent = {name for name, _ in form.pairs}
    for name in editable(desk.pool):
        value = form.text(attribute_field_name(name)).strip()
        if attribute_field_name(name) in sent and value != user.attributes.get(name, ""):
            changes[name] = value
    for name in VERIFIED:
        is_true = form.get(name) == "true"
        if has_address(user, name) and is_true != (user.attributes.get(name) == "true"):
            changes[name] = "true" if is_true else "false"
    return changes


async def _save(desk: Desk, user: User) -> Outcome:
    changes = _changes(desk, user)
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
    invited_at = added.invited_at if isinstance(added, Added) else ()
    return _told(added, "console.done.invited", email=", ".join(invited_at))


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


async def _reset_factors(desk: Desk, user: User) -> Outcome:
    """Take every second factor away: of somebody who lost their phone."""
    factors = desk.core.factors
    await factors.tokens.delete(desk.pool, user)
    wishes: Mapping[Factor, Wish] = {
        factor: Wish(enabled=False) for factor in Factor if factor is not Factor.TOTP
    }
    outcome = await factors.preferences.wish(desk.pool, user, wishes, by_administrator=True)
    return _told(outcome, "console.done.factors_reset")


async def _rate_event(desk: Desk, user: User) -> Outcome:
    value = desk.form.text("feedback")
    if value not in FEEDBACK:
        return "console.refused.gone"
    event = desk.form.text("event")
    is_there = await desk.core.history.rate(desk.pool, user.sub, event, value=value, provider="Admin")
    back = f"/users/{user.sub}/events" if desk.form.get("from") == "events" else None
    return Done("console.done.rated", {}, back) if is_there else "console.refused.gone"


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
    "reset-factors": _reset_factors,
    "rate-event": _rate_event,
}
CAREFUL: Final = frozenset(
    {"delete", "delete-passkey", "invite", "password", "remove-factor", "reset-factors", "reset-password"}
)
