"""App clients: made, changed and removed through the API, and their secrets.

A client has up to two secrets at once, so that apps can change from the old to the new one; either is taken
everywhere. A client that the configuration file declares is changed there.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from idp.clock import Clock
from idp.management.catalog import Catalog
from idp.management.client_members import Members, change_client, make_client
from idp.management.client_parts import remove_client_parts
from idp.management.providers import PROVIDER
from idp.management.refusal import Reason, Refused, invalid, no_client, no_pool
from idp.model import Client, Pool, Secret, SecretLabel
from idp.store.base import NotFound, Records, Store

MOST_CLIENTS: Final = 1000
MOST_SECRETS: Final = 2
_ALPHABET: Final = string.ascii_lowercase + string.digits


class ClientDesk:
    """Makes, changes and removes app clients."""

    def __init__(self, store: Store, clock: Clock, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog
        self._clock = clock

    async def create(self, pool: Pool, members: Members) -> Client:
        """Make a client; raises Refused."""
        chosen, wanted = members.get("ClientSecret"), members.get("GenerateSecret", False)
        if chosen and wanted:
            raise invalid("Cannot specify both GenerateSecret and ClientSecret")
        secret = chosen or (draw_client_secret() if wanted else None)
        now = self._clock.now()
        async with self._store.writing(alone=True) as records:
            served = await _hold_pool(records, pool)
            if len(await records.clients.list(pool.id)) >= MOST_CLIENTS:
                raise Refused(Reason.LIMIT, f"a user pool has at most {MOST_CLIENTS} app clients")
            providers = await _providers(records, pool)
            client = make_client(served, members, providers=providers, has_secret=secret is not None)
            client = replace(client, id=draw_client_id(), created_at=now, updated_at=now)
            if secret is not None:
                client = _with_secret(client, secret, now)
            await records.clients.create(client)
        await self._catalog.refresh()
        return client

    async def update(self, pool: Pool, client: Client, members: Members) -> Client:
        """Replace a client's settings: what is omitted is its default again; raises Refused."""
        require_own(client)
        now = self._clock.now()
        async with self._store.writing() as records:
            served = await _hold_pool(records, pool)
            providers = await _providers(records, pool)
            named = {"ClientName": client.name, **members}
            fresh = make_client(served, named, providers=providers, has_secret=client.is_confidential)
            changed = await _update(records, client, lambda old: change_client(old, fresh, now=now))
        await self._catalog.refresh()
        return changed

    async def delete(self, client: Client) -> None:
        """Remove a client and every token it got; raises Refused."""
        require_own(client)
        try:
            async with self._store.writing() as records:
                await records.clients.delete(client.id)
                await remove_client_parts(records, client)
        except NotFound as gone:
            raise no_client(client.id) from gone
        await self._catalog.refresh()

    async def add_secret(self, client: Client, chosen: str | None) -> tuple[SecretLabel, str]:
        """Give a client a second secret; returns what it is called and the secret. Raises Refused."""
        require_own(client)
        secret, now = chosen or draw_client_secret(), self._clock.now()
        async with self._store.writing() as records:
            changed = await _update(records, client, lambda old: _add(old, secret, now))
        await self._catalog.refresh()
        return changed.secret_labels[0], secret

    async def delete_secret(self, client: Client, secret_id: str) -> None:
        """Take one of two secrets away; raises Refused."""
        require_own(client)
        async with self._store.writing() as records:
            await _update(records, client, lambda old: _drop(old, secret_id))
        await self._catalog.refresh()

    async def keep(self, client: Client, members: Members) -> Client:
        """Keep members that other operations give back."""
        require_own(client)
        async with self._store.writing() as records:
            return await _update(records, client, lambda old: replace(old, kept={**old.kept, **members}))


def require_own(client: Client) -> None:
    """Refuse to change what the configuration file declares."""
    if client.origin == "config":
        raise invalid(f"App client {client.id} is declared in the configuration file; change it there")


def draw_client_id() -> str:
    """Draw a client id of Cognito's shape: 26 lower-case letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(26))


def draw_client_secret() -> str:
    """Draw a client secret of Cognito's shape: 52 lower-case letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(52))


async def _hold_pool(records: Records, pool: Pool) -> Pool:
    """Return the pool as it is now, which nobody changes meanwhile: its scopes are looked at."""
    try:
        return await records.pools.hold(pool.id)
    except NotFound as gone:
        raise no_pool(pool.id) from gone


async def _providers(records: Records, pool: Pool) -> set[str]:
    return {part.key for part in await records.parts.list(pool.id, PROVIDER)}


async def _update(records: Records, client: Client, change: Callable[[Client], Client]) -> Client:
    try:
        return await records.clients.update((client.id,), change)
    except NotFound as gone:
        raise no_client(client.id) from gone


def _with_secret(client: Client, secret: str, now: float) -> Client:
    label = SecretLabel(_draw_secret_id(client, now), now)
    return replace(
        client, secrets=(Secret(secret), *client.secrets), secret_labels=(label, *client.secret_labels)
    )


def _draw_secret_id(client: Client, now: float) -> str:
    """Name a secret by its moment, or by the next free one: two made at once must not share a name."""
    taken, moment = {label.id for label in client.secret_labels}, int(now * 1000)
    while f"{client.id}--{moment}" in taken:
        moment += 1
    return f"{client.id}--{moment}"


def _add(client: Client, secret: str, now: float) -> Client:
    if not client.secrets:
        raise invalid(f"App client {client.id} is public: a secret can be given only when it is created")
    if len(client.secrets) >= MOST_SECRETS:
        raise Refused(Reason.LIMIT, f"An app client has at most {MOST_SECRETS} active secrets")
    if client.accepts_secret(secret):
        raise invalid("The client has this secret already")
    return replace(_with_secret(client, secret, now), updated_at=now)


def _drop(client: Client, secret_id: str) -> Client:
    ids = [label.id for label in client.secret_labels]
    if secret_id not in ids:
        raise Refused(Reason.NOT_FOUND, f"Client secret {secret_id} does not exist.")
    if len(client.secrets) < MOST_SECRETS:
        raise invalid("The only secret of a client cannot be deleted")
    index = ids.index(secret_id)
    return replace(
        client,
        secrets=client.secrets[:index] + client.secrets[index + 1 :],
        secret_labels=client.secret_labels[:index] + client.secret_labels[index + 1 :],
    )
