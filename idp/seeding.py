"""Brings the store in line with the configuration at start: pools, clients, groups, seed users.

Declared pools and clients are written over what is stored, keeping generated ids and secrets; those that
are no longer declared stay in the store, unserved, so that a typo in a file deletes nothing. Seed users are
only ever created. What would orphan users' names (the username mode, case, a custom attribute) is refused
once a pool has users.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from idp.config import InvalidPools, PoolConfig, PoolsConfig, Problem
from idp.config.clients import ClientConfig
from idp.management.clients import draw_client_id, draw_client_secret
from idp.management.seeding import seed_parts
from idp.model import Client, Group, Pool, Secret
from idp.outcomes import UserReason, UserRefused
from idp.store.base import Records, Store
from idp.users.administration import Administration
from idp.users.lookup import find_user
from idp.users.schema import CUSTOM_PREFIX

CONFIG: Final = "config"


async def seed(store: Store, config: PoolsConfig, administration: Administration) -> None:
    """Write the configuration into the store; raises InvalidPools where it would break what is there."""
    async with store.writing(alone=True) as records:
        problems = [
            problem
            for index, entry in enumerate(config.pools)
            for problem in await _find_conflicts(records, entry, index)
        ]
        if problems:
            raise InvalidPools(problems)
        for entry in config.pools:
            await _seed_pool(records, entry, now=administration.clock.now())
        await _retire_pools(records, {entry.pool.id for entry in config.pools})
    for index, entry in enumerate(config.pools):
        await _seed_users(store, administration, entry, index)


async def _find_conflicts(records: Records, entry: PoolConfig, index: int) -> list[Problem]:
    stored = await records.pools.find(entry.pool.id)
    problems = []
    if stored is not None and await records.users.count(stored.id):
        problems = find_immutable_changes(stored, entry.pool, index)
    for number, declared in enumerate(entry.clients):
        owner = await records.clients.find(declared.id) if declared.id else None
        if owner is not None and owner.pool_id != entry.pool.id:
            where = (index, "UserPoolClients", number, "ClientId")
            message = f"`{declared.id}` is a client of user pool {owner.pool_id} in the store"
            problems.append(Problem(where, "Conflict", message))
    return problems


def find_immutable_changes(stored: Pool, declared: Pool, index: int) -> list[Problem]:
    """List what a pool with users cannot change, as in Cognito (cognito.md 3.7). Pure."""
    fixed = (
        ("UsernameAttributes", stored.username_attributes, declared.username_attributes),
        ("AliasAttributes", stored.alias_attributes, declared.alias_attributes),
        ("UsernameConfiguration", stored.case_sensitive, declared.case_sensitive),
    )
    problems = [
        Problem((index, name), "Immutable", f"`{name}` cannot change: pool {stored.id} has users")
        for name, old, new in fixed
        if (frozenset(old) if isinstance(old, tuple) else old)
        != (frozenset(new) if isinstance(new, tuple) else new)
    ]
    for attribute in stored.schema:
        successor = declared.attribute(attribute.name)
        if attribute.name.startswith(CUSTOM_PREFIX) and (
            successor is None or successor.data_type is not attribute.data_type
        ):
            message = f"`{attribute.name}` cannot be removed or retyped: pool {stored.id} has users"
            problems.append(Problem((index, "Schema"), "Immutable", message))
    return problems


async def _seed_pool(records: Records, entry: PoolConfig, *, now: float) -> None:
    pool = replace(entry.pool, created_at=now, updated_at=now)
    if await records.pools.find(pool.id) is None:
        await records.pools.create(pool)
    else:
        await records.pools.update((pool.id,), lambda old: _redeclare_pool(pool, old))
    stored = await records.clients.list(pool.id)
    kept = {(await _seed_client(records, declared, stored, now=now)).id for declared in entry.clients}
    for client in stored:
        if client.id not in kept and client.origin == CONFIG and client.active:
            await records.clients.update((client.id,), lambda old: replace(old, active=False))
    for group in entry.groups:
        await _seed_group(records, group, now=now)
    await seed_parts(records, entry, await records.clients.list(pool.id), now=now)


def _redeclare_pool(pool: Pool, stored: Pool) -> Pool:
    """Lay a declared pool over the stored one, which keeps its age. Pure."""
    same = replace(pool, created_at=stored.created_at or pool.created_at, updated_at=stored.updated_at)
    return same if same == stored else replace(same, updated_at=pool.updated_at)


async def _seed_client(
    records: Records, declared: ClientConfig, stored: Sequence[Client], *, now: float
) -> Client:
    known = next((client for client in stored if is_same_client(declared, client)), None)
    client = replace(declared.client, id=known.id if known else declared.id or draw_client_id())
    if declared.wants_secret:
        kept = known.secrets if known else ()
        client = replace(client, secrets=kept or (Secret(draw_client_secret()),))
    if known is None:
        return await records.clients.create(replace(client, created_at=now, updated_at=now))
    age = known.created_at or now
    same = replace(client, created_at=age, updated_at=known.updated_at, secret_labels=known.secret_labels)
    changed = same if same == known else replace(same, updated_at=now)
    return await records.clients.update((client.id,), lambda _: changed)


def is_same_client(declared: ClientConfig, stored: Client) -> bool:
    """Whether a declared client is a stored one: by id, or by name where no id is declared. Pure."""
    if declared.id:
        return stored.id == declared.id
    return stored.origin == CONFIG and stored.name == declared.client.name


async def _seed_group(records: Records, group: Group, *, now: float) -> None:
    if await records.groups.find(group.pool_id, group.name) is None:
        await records.groups.create(replace(group, created_at=now, updated_at=now))
    else:
        await records.groups.update((group.pool_id, group.name), lambda old: redeclare(group, old, now=now))


def redeclare(group: Group, stored: Group, *, now: float) -> Group:
    """Lay a declared group over the stored one, which keeps its age. Pure."""
    same = replace(group, created_at=stored.created_at, updated_at=stored.updated_at)
    return same if same == stored else replace(same, updated_at=now)


async def _retire_pools(records: Records, declared: set[str]) -> None:
    for pool in await records.pools.list():
        if pool.id not in declared and pool.origin == CONFIG and pool.active:
            await records.pools.update((pool.id,), lambda old: replace(old, active=False))


async def _seed_users(store: Store, administration: Administration, entry: PoolConfig, index: int) -> None:
    for number, user in enumerate(entry.users):
        async with store.reading() as records:
            if await find_user(records, entry.pool, user.username) is not None:
                continue
        outcome = await administration.add(
            entry.pool,
            username=user.username,
            attributes=user.attributes,
            password=user.password.reveal() if user.password else None,
            permanent=user.password is not None,
            groups=user.groups,
            invite=True,
            mediums=user.mediums,
        )
        # Another node may have been faster with the same seed.
        if isinstance(outcome, UserRefused) and outcome.reason is not UserReason.USERNAME_EXISTS:
            where = (index, "UserPoolUsers", number)
            raise InvalidPools([Problem(where, "InvalidValue", outcome.message)])
