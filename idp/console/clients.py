"""/admin/POOL/clients: the app clients, their settings and their secrets.

A secret is shown once, in the answer that made it. What the configuration file declares is changed there,
secrets included; other clients are changed by the service that UpdateUserPoolClient calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from idp.console.client_form import NEW, client_settings, describe_client, every
from idp.console.desk import Desk
from idp.console.paging import moment
from idp.console.settings import Setting, Unfit, assign, build_members, rows_of
from idp.console.users import show_once
from idp.management.refusal import Refused
from idp.model import Client

HERE = "clients"


async def show_clients(desk: Desk) -> Response:
    """List the app clients."""
    clients = sorted(await desk.core.clients(desk.pool.id), key=lambda client: (client.name, client.id))
    return desk.render("clients.html", "console.clients", here=HERE, clients=clients)


async def show_client(desk: Desk) -> Response:
    """Show a client's settings."""
    client = await _find(desk)
    return _missing(desk) if client is None else await _show(desk, client)


async def show_new(desk: Desk) -> Response:
    """Show the form for a new client."""
    return await _show_form(desk, None, NEW)


async def submit_new(desk: Desk) -> Response:
    """Make a client, and show its secret where it has one."""
    sections = await _sections(desk, None)
    base = {**NEW, "UserPoolId": desk.pool.id}
    try:
        members = build_members("CreateUserPoolClient", base, every(sections), desk.form)
        client = await desk.core.management.clients.create(desk.pool, members)
    except (Unfit, Refused) as refusal:
        return await _refuse_form(desk, None, NEW, refusal)
    desk.record("create-client", target=client.id)
    if client.secrets:
        secret = client.secrets[0].reveal()
        return show_once(
            desk, secret, intro="console.once.first_secret", back=f"/clients/{client.id}", here=HERE
        )
    return desk.done(f"/clients/{client.id}", "console.done.client_created", {"name": client.name})


async def show_edit(desk: Desk) -> Response:
    """Show the form of a client's settings."""
    client = await _find(desk)
    if client is None:
        return _missing(desk)
    if client.origin == "config":
        return await _show(desk.refused(desk.say("console.client.declared_hint")), client)
    return await _show_form(desk, client, describe_client(client))


async def submit_edit(desk: Desk) -> Response:
    """Change a client's settings, unless somebody else did meanwhile."""
    client = await _find(desk)
    if client is None:
        return _missing(desk)
    described = describe_client(client)
    if desk.form.text("version") != repr(client.updated_at):
        warned = desk.refused(desk.say("console.refused.changed"))
        return await _show_form(warned, client, described, as_typed=False)
    sections = await _sections(desk, client)
    try:
        members = build_members("UpdateUserPoolClient", described, every(sections), desk.form)
        await desk.core.management.clients.update(desk.pool, client, members)
    except (Unfit, Refused) as refusal:
        return await _refuse_form(desk, client, described, refusal)
    desk.record("change-client", target=client.id, members=_changed(described, members))
    return desk.done(f"/clients/{client.id}", "console.done.saved")


async def submit_delete(desk: Desk) -> Response:
    """Remove a client whose name was typed."""
    client = await _find(desk)
    if client is None:
        return _missing(desk)
    if desk.form.text("confirmation").strip() != client.name:
        return await _show(desk.refused(desk.say("console.refused.confirmation")), client)
    try:
        await desk.core.management.clients.delete(client)
    except Refused as refusal:
        return await _show(desk.refused(refusal.message), client)
    desk.record("delete-client", target=client.id)
    return desk.done("/clients", "console.done.deleted", {"name": client.name})


async def submit_add_secret(desk: Desk) -> Response:
    """Give a client another secret and show it."""
    client = await _find(desk)
    if client is None:
        return _missing(desk)
    try:
        _, secret = await desk.core.management.clients.add_secret(client, None)
    except Refused as refusal:
        return await _show(desk.refused(refusal.message), client)
    desk.record("add-client-secret", target=client.id)
    return show_once(desk, secret, intro="console.once.client", back=f"/clients/{client.id}", here=HERE)


async def submit_delete_secret(desk: Desk) -> Response:
    """Take one of two secrets away."""
    client, secret_id = await _find(desk), desk.form.text("secret")
    if client is None:
        return _missing(desk)
    try:
        await desk.core.management.clients.delete_secret(client, secret_id)
    except Refused as refusal:
        return await _show(desk.refused(refusal.message), client)
    desk.record("delete-client-secret", target=client.id, secret=secret_id[:160])
    return desk.done(f"/clients/{client.id}", "console.done.secret_deleted")


def back_to_client(desk: Desk) -> str:
    """Return the path of the page on which a client's forms are."""
    return f"/clients/{desk.request.path_params['client']}"


def back_to_edit(desk: Desk) -> str:
    """Return the path of the form of a client's settings."""
    return f"{back_to_client(desk)}/edit"


def back_to_new(_: Desk) -> str:
    """Return the path of the form for a new client."""
    return "/new-client"


async def _find(desk: Desk) -> Client | None:
    """Return the client that the address names, of this pool only."""
    known = await desk.core.client(desk.request.path_params["client"])
    return known[1] if known is not None and known[0].id == desk.pool.id else None


def _missing(desk: Desk) -> Response:
    return desk.missing("console.client_missing", here=HERE)


async def _sections(desk: Desk, client: Client | None) -> dict[str, list[Setting]]:
    providers = await desk.core.management.providers.list(desk.pool)
    return client_settings(desk.pool, client, [part.key for part in providers])


async def _show(desk: Desk, client: Client) -> Response:
    described = describe_client(client)
    sections = await _sections(desk, client)
    return desk.render(
        "client.html",
        "console.clients",
        here=HERE,
        client=client,
        sections_of={
            name: rows_of(settings, described, desk.catalogue) for name, settings in sections.items()
        },
        secrets=[{"id": label.id, "since": moment(label.created_at)} for label in client.secret_labels],
        is_declared=client.origin == "config",
    )


async def _refuse_form(
    desk: Desk, client: Client | None, described: Mapping[str, Any], refusal: Unfit | Refused
) -> Response:
    sections = await _sections(desk, client)
    unfit = refusal if isinstance(refusal, Unfit) else assign(refusal.message, every(sections))
    told = unfit.others or (desk.say("console.refused.fields"),)
    return await _show_form(desk.refused("; ".join(told)), client, described, errors=unfit.errors)


async def _show_form(
    desk: Desk,
    client: Client | None,
    described: Mapping[str, Any],
    *,
    errors: Mapping[str, str] | None = None,
    as_typed: bool = True,
) -> Response:
    form = desk.form if desk.problems and as_typed else None
    sections = await _sections(desk, client)
    path = f"/clients/{client.id}" if client else "/clients"
    return desk.render(
        "client_form.html",
        "console.client.edit" if client else "console.new_client",
        here=HERE,
        client=client,
        back=path,
        action=f"{path}/edit" if client else "/new-client",
        version=repr(client.updated_at) if client else "",
        sections_of={
            name: rows_of(settings, described, desk.catalogue, form=form, errors=errors)
            for name, settings in sections.items()
        },
    )


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Name the members that are not what they were."""
    names = {*before, *after} - {"CreationDate", "LastModifiedDate"}
    return ",".join(sorted(name for name in names if before.get(name) != after.get(name)))
