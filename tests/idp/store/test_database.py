"""What only the SQL store promises: durability, sealed secrets, migrations."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from idp import model
from idp.seal import SealBroken, Vault
from idp.store import schema
from idp.store.base import StoreUnusable
from idp.store.database import DATABASE_FILE, database_url, open_store

POOL = model.Pool(id="local_000000001", name="staff")
VAULT = Vault(b"k" * 32)


async def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    await (await open_store(database_url(tmp_path), VAULT)).close()
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / DATABASE_FILE}")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), schema.metadata)
    engine.dispose()
    assert differences == []


async def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    first = await open_store(database_url(tmp_path), VAULT)
    async with first.writing() as records:
        await records.pools.create(POOL)
    second = await open_store(database_url(tmp_path), VAULT)
    async with second.reading() as records:
        assert await records.pools.list() == (POOL,)
    await first.close()
    await second.close()


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    await (await open_store(database_url(tmp_path), VAULT)).close()
    with sqlite3.connect(tmp_path / DATABASE_FILE) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreUnusable, match="newer version"):
        await open_store(database_url(tmp_path), VAULT)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(StoreUnusable, match="cannot be opened"):
        await open_store(database_url(tmp_path), VAULT)


async def test_every_connection_is_durable_and_checks_references(tmp_path: Path) -> None:
    store = await open_store(database_url(tmp_path), VAULT)
    async with store._engine.connect() as connection:
        found = {
            name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    await store.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


async def test_client_secrets_are_unreadable_in_the_file(tmp_path: Path) -> None:
    secret = "a-secret-of-the-client-0001"
    store = await open_store(database_url(tmp_path), VAULT)
    async with store.writing() as records:
        await records.pools.create(POOL)
        await records.clients.create(model.Client("c", POOL.id, "web", secrets=(model.Secret(secret),)))
    await store.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in content
    other = await open_store(database_url(tmp_path), Vault(b"x" * 32))
    with pytest.raises(SealBroken):
        async with other.reading() as records:
            await records.clients.get("c")
    await other.close()


async def test_a_sealed_secret_does_not_open_for_another_client(tmp_path: Path) -> None:
    store = await open_store(database_url(tmp_path), VAULT)
    async with store.writing() as records:
        await records.pools.create(POOL)
        for name in ("one", "two"):
            await records.clients.create(
                model.Client(name, POOL.id, name, secrets=(model.Secret(name * 10),))
            )
    with sqlite3.connect(tmp_path / DATABASE_FILE) as connection:
        connection.execute(
            "UPDATE clients SET sealed_secrets = (SELECT sealed_secrets FROM clients WHERE id = 'one') "
            "WHERE id = 'two'"
        )
    connection.close()
    with pytest.raises(SealBroken):
        async with store.reading() as records:
            await records.clients.get("two")
    await store.close()


TOGETHER = """
import asyncio, os, sys
from pathlib import Path
from idp.seal import Vault
from idp.store.database import database_url, open_store

async def main():
    await (await open_store(database_url(Path(sys.argv[1])), Vault(b"k" * 32))).close()

ready, go = os.pipe()
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(ready, 1)
        asyncio.run(main())
        os._exit(0)
    children.append(child)
os.close(go)
codes = [os.waitpid(child, 0)[1] for child in children]
assert codes == [0] * 4, codes
"""


def test_processes_starting_together_migrate_once(tmp_path: Path) -> None:
    """One interpreter that forks, so that all of them begin at the same moment."""
    done = subprocess.run(
        [sys.executable, "-c", TOGETHER, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_a_file_that_was_put_back_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_FILE
    path.touch(mode=0o644)
    path.chmod(0o644)

    async def open_once() -> None:
        await (await open_store(database_url(tmp_path), VAULT)).close()

    asyncio.run(open_once())
    assert path.stat().st_mode & 0o777 == 0o600
