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
    await store.close()
