"""Fixtures: fresh databases of every kind that the store runs on, with the tables already made."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import pytest

from idp.seal import Vault
from idp.store.database import DATABASE_FILE, database_url, open_store
from tests.support.postgres import PostgresServer, postgres_server

VAULT: Final = Vault(b"k" * 32)


class Databases(Protocol):
    """Makes databases of one kind."""

    async def create(self, folder: Path) -> str:
        """Make a database with empty tables and return its address; a file goes into `folder`."""
        ...


@dataclass(frozen=True)
class SqliteDatabases:
    """Copies of a file."""

    template: Path

    async def create(self, folder: Path) -> str:
        shutil.copyfile(self.template, folder / DATABASE_FILE)
        return database_url(folder).render_as_string()


@dataclass(frozen=True)
class PostgresDatabases:
    """Databases of a server of this session."""

    server: PostgresServer
    template: str

    async def create(self, folder: Path) -> str:
        return await self.server.create_database(template=self.template)


async def _make_tables(url: str) -> None:
    await (await open_store(url, VAULT)).close()


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    folder = tmp_path_factory.mktemp("sqlite")
    asyncio.run(_make_tables(database_url(folder).render_as_string()))
    return SqliteDatabases(folder / DATABASE_FILE)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_databases(postgres: PostgresServer) -> PostgresDatabases:
    template = "with_tables"
    asyncio.run(postgres.run(f"CREATE DATABASE {template}"))
    asyncio.run(_make_tables(postgres.url(template)))
    return PostgresDatabases(postgres, template)


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Run the test on every kind."""
    found: Databases = request.getfixturevalue(f"{request.param}_databases")
    return found
