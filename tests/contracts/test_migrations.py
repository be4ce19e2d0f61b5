"""What migrations do with records that are there already, on both kinds of database."""

import json
import uuid
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from idp import model
from idp.store.database import open_store, read_url
from idp.store.migrate import alembic_configuration
from idp.store.schema import metadata
from tests.support.databases import VAULT, Databases

POOL = "local_000000001"
USER = (
    "INSERT INTO users (pool_id, sub, username, status, enabled, attributes, created_at, updated_at)"
    " VALUES (:pool, :sub, :name, 'CONFIRMED', true, :attributes, 0, 0)"
)

KEY = "INSERT INTO signing_keys (pool_id, use, kid, sealed, created_at) VALUES (:pool, 'id', 'k1', 's', 7)"
CLIENT = (
    "INSERT INTO clients (id, pool_id, name, active, document, sealed_secrets)"
    " VALUES ('c1', :pool, 'web', true, :document, '[]')"
)
FAMILY = (
    "INSERT INTO families"
    " (id, pool_id, client_id, sub, event_id, scopes, auth_time, created_at, expires_at)"
    " SELECT 'f1', pool_id, 'c1', sub, 'e1', '[]', 1, 1, 2 FROM users WHERE pool_id = :pool"
)

EVENT = (
    "INSERT INTO auth_events"
    " (pool_id, id, sub, client_id, at, kind, response, risk, challenges, context, feedback)"
    " SELECT pool_id, 'e1', sub, 'c1', 7, 'SignIn', 'Pass', '{}', '[]', '{}', '{}' FROM users"
)
RISK = (
    "INSERT INTO risk_configurations (pool_id, client_id, updated_at, compromised, takeover, exceptions)"
    " VALUES (:pool, '', 7, '{}', '{}', '{}')"
)


def fill(connection: Connection, count: int) -> None:
    """Make the tables of the first release, with users in them."""
    config = alembic_configuration()
    config.attributes["connection"] = connection
    metadata.drop_all(connection)
    connection.execute(text("DROP TABLE alembic_version"))
    command.upgrade(config, "0001")
    document = json.dumps({"id": POOL, "name": "staff"})
    pool = "INSERT INTO pools (id, name, active, document) VALUES (:id, 'staff', true, :document)"
    connection.execute(text(pool), {"id": POOL, "document": document})
    rows: list[dict[str, Any]] = [
        {
            "pool": POOL,
            "sub": str(uuid.uuid4()),
            "name": f"user{number}",
            "attributes": json.dumps({"email": f"User{number}@Example.com"}),
        }
        for number in range(count)
    ]
    connection.execute(text(USER), rows)


async def test_users_of_the_first_release_are_found_by_their_attributes(
    databases: Databases, tmp_path: Path
) -> None:
    url, count = await databases.create(tmp_path), 1203
    engine = create_async_engine(read_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(fill, count)
    await engine.dispose()
    store = await open_store(url, VAULT)
    async with store.reading() as records:
        assert await records.users.count(POOL) == count
        for number in (0, 500, 1202):
            wanted = model.UserFilter("email", (f"user{number}@example.com",))
            page = await records.users.search(POOL, wanted, limit=5)
            assert [user.username for user in page.users] == [f"user{number}"]
            by_sub = model.UserFilter("sub", (page.users[0].sub[:-1],), is_prefix=True)
            assert page.users[0] in (await records.users.search(POOL, by_sub, limit=60)).users
    await store.close()


def fill_with_tokens(connection: Connection) -> None:
    """Make the tables of the first release, with a signing key and somebody signed in."""
    fill(connection, 1)
    document = json.dumps({"id": "c1", "pool_id": POOL, "name": "web"})
    given = {"pool": POOL, "document": document}
    for statement in (KEY, CLIENT, FAMILY):
        known = {name: value for name, value in given.items() if f":{name}" in statement}
        connection.execute(text(statement), known)


async def test_keys_and_tokens_of_the_first_release_go_on(databases: Databases, tmp_path: Path) -> None:
    url = await databases.create(tmp_path)
    engine = create_async_engine(read_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(fill_with_tokens)
    await engine.dispose()
    store = await open_store(url, VAULT)
    async with store.reading() as records:
        assert await records.signing_keys.list() == (model.SigningKey(POOL, "id", "k1", "s", 7.0, 7.0),)
        family = await records.families.get("f1")
        assert (family.door, family.device_key, family.active_at) == ("oauth", None, None)
        assert (await records.users.get(POOL, family.sub)).srp_verifier is None
    await store.close()


def fill_with_events(connection: Connection) -> None:
    """Make the tables of the release before adaptive authentication, with an event and a configuration."""
    fill(connection, 1)
    config = alembic_configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "0005")
    connection.execute(text(EVENT))
    connection.execute(text(RISK), {"pool": POOL})


async def test_events_of_before_have_nothing_to_compare_by(databases: Databases, tmp_path: Path) -> None:
    url = await databases.create(tmp_path)
    engine = create_async_engine(read_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(fill_with_events)
    await engine.dispose()
    store = await open_store(url, VAULT)
    async with store.reading() as records:
        assert (await records.auth_events.get(POOL, "e1")).traits == {}
        (configuration,) = await records.risk_configurations.of(POOL)
        assert configuration.origin == "api"
    await store.close()
