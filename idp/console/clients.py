"""/admin/POOL/clients: the app clients, their settings to read, and their secrets.

A secret is shown once, in the answer that made it. Settings are changed where they are declared, in the file
or through the API; secrets of clients that the file declares are the file's, too.
"""

from __future__ import annotations

from starlette.responses import Response

from idp.console.desk import Desk
from idp.console.paging import moment
from idp.console.users import show_once
from idp.management.refusal import Refused
from idp.model import Client


async def show_clients(desk: Desk) -> Response:
    """List the app clients."""
    clients = sorted(await desk.core.clients(desk.pool.id), key=lambda client: (client.name, client.id))
    return desk.render("clients.html", "console.clients", here="clients", clients=clients)


async def show_client(desk: Desk) -> Response:
    """Show a client's settings."""
    client = await _find(desk)
    return desk.missing("console.client_missing", here="clients") if client is None else _show(desk, client)


async def submit_add(desk: Desk) -> Response:
    """Give a client another secret and show it."""
    client = await _find(desk)
    if client is None:
        return desk.missing("console.client_missing", here="clients")
    try:
        _, secret = await desk.core.management.clients.add_secret(client, None)
    except Refused as refusal:
        return _show(desk.refused(refusal.message), client)
    desk.record("add-client-secret", target=client.id)
    return show_once(desk, secret, intro="console.once.client", back=f"/clients/{client.id}", here="clients")


async def submit_delete(desk: Desk) -> Response:
    """Take one of two secrets away."""
    client, secret_id = await _find(desk), desk.form.text("secret")
    if client is None:
        return desk.missing("console.client_missing", here="clients")
    try:
        await desk.core.management.clients.delete_secret(client, secret_id)
    except Refused as refusal:
        return _show(desk.refused(refusal.message), client)
    desk.record("delete-client-secret", target=client.id, secret=secret_id[:160])
    return desk.done(f"/clients/{client.id}", "console.done.secret_deleted")


def back_to_client(desk: Desk) -> str:
    """Return the path of the page on which a client's forms are."""
    return f"/clients/{desk.request.path_params['client']}"


async def _find(desk: Desk) -> Client | None:
    """Return the client that the address names, of this pool only."""
    known = await desk.core.client(desk.request.path_params["client"])
    return known[1] if known is not None and known[0].id == desk.pool.id else None


def _show(desk: Desk, client: Client) -> Response:
    return desk.render(
        "client.html",
        "console.clients",
        here="clients",
        client=client,
        settings=_settings(desk, client),
        secrets=[{"id": label.id, "since": moment(label.created_at)} for label in client.secret_labels],
        is_declared=client.origin == "config",
    )


def _settings(desk: Desk, client: Client) -> list[tuple[str, list[str]]]:
    """Name the settings in Cognito's words, as file and API have them."""
    spans = {
        "AccessTokenValidity": client.access_token_seconds,
        "IdTokenValidity": client.id_token_seconds,
        "RefreshTokenValidity": client.refresh_token_seconds,
    }
    switches = {
        "EnableTokenRevocation": client.token_revocation,
        "RefreshTokenRotation": client.rotation.enabled,
        "PreventUserExistenceErrors": client.hides_existence,
    }
    lists = {
        "CallbackURLs": client.callback_urls,
        "LogoutURLs": client.logout_urls,
        "AllowedOAuthFlows": client.oauth_flows,
        "AllowedOAuthScopes": client.oauth_scopes,
        "ExplicitAuthFlows": client.explicit_auth_flows,
        "SupportedIdentityProviders": client.identity_providers,
    }
    return [
        *((name, list(values) or ["–"]) for name, values in lists.items()),
        *((name, [desk.say("console.seconds", count=count)]) for name, count in spans.items()),
        *((name, [desk.say("console.on" if is_on else "console.off")]) for name, is_on in switches.items()),
    ]
