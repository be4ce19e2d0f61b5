"""SQLite's connections: one trip for each statement, whatever it is, and no harm done by one that fails."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from idp.store import trips
from idp.store.database import database_url, open_store
from tests.support.databases import VAULT


@pytest_asyncio.fixture
async def connection(tmp_path: Path) -> AsyncIterator[trips.OneTripConnection]:
    opened = await trips.connect(str(tmp_path / "file"), isolation_level=None)
    await opened.cursor().execute("CREATE TABLE numbers (value INTEGER PRIMARY KEY)")
    await opened.cursor().executemany("INSERT INTO numbers VALUES (?)", [(1,), (2,)])
    yield opened
    await opened.close()


async def test_a_statement_and_its_rows_take_one_trip(
    connection: trips.OneTripConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    real = connection._execute

    async def count(work: Any, *given: Any) -> Any:
        made.append(work)
        return await real(work, *given)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(connection, "_execute", count)
    cursor = connection.cursor()
    await cursor.execute("SELECT value FROM numbers ORDER BY value")
    assert (await cursor.fetchone(), await cursor.fetchall(), await cursor.fetchone()) == (
        (1,),
        [(2,)],
        None,
    )
    assert cursor.description is not None
    await cursor.close()
    assert len(made) == 1


async def test_counts_and_new_rows_are_told(connection: trips.OneTripConnection) -> None:
    cursor = connection.cursor()
    await cursor.execute("INSERT INTO numbers VALUES (?)", (7,))
    assert (cursor.rowcount, cursor.lastrowid) == (1, 7)
    await cursor.execute("UPDATE numbers SET value = value + 10")
    assert cursor.rowcount == 3
    assert await cursor.fetchall() == []


async def test_a_refused_statement_leaves_the_transaction_usable(connection: trips.OneTripConnection) -> None:
    cursor = connection.cursor()
    await cursor.execute("BEGIN IMMEDIATE")
    await cursor.execute("INSERT INTO numbers VALUES (3)")
    with pytest.raises(sqlite3.IntegrityError):
        await cursor.execute("INSERT INTO numbers VALUES (3)")
    await cursor.execute("COMMIT")
    await cursor.execute("SELECT count(*) FROM numbers")
    assert await cursor.fetchone() == (3,)


async def test_a_closed_connection_says_so(tmp_path: Path) -> None:
    opened = await trips.connect(str(tmp_path / "file"))
    await opened.close()
    with pytest.raises(ValueError, match=r"closed|no active"):
        await opened.cursor().execute("SELECT 1")


async def test_the_store_uses_them(tmp_path: Path) -> None:
    store = await open_store(database_url(tmp_path), VAULT)
    async with store._engine.connect() as open_connection:
        raw = await open_connection.get_raw_connection()
        assert isinstance(raw.driver_connection, trips.OneTripConnection)
    await store.close()
