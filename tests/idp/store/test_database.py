"""What only the SQL store promises: durability, sealed secrets, migrations."""

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


def test_processes_starting_together_migrate_once(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from idp.seal import Vault\n"
        "from idp.store.database import database_url, open_store\n"
        "async def main():\n"
        "    await (await open_store(database_url(Path(sys.argv[1])), Vault(b'k' * 32))).close()\n"
        "asyncio.run(main())\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    errors = [process.communicate(timeout=60)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
