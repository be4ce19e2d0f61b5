"""A database that is locked, full or out of reach says so, and nothing is half done."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError, OperationalError

from idp import model
from idp.seal import Vault
from idp.store import database
from idp.store.base import StoreUnavailable, StoreUnusable
from idp.store.database import DATABASE_FILE, SqlStore, database_url, open_store, read_url
from idp.store.outages import describe_outage

POOL = model.Pool(id="local_000000001", name="staff")
VAULT = Vault(b"k" * 32)


class CodedError(Exception):
    """An error with one of PostgreSQL's codes."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("server says\nDETAIL: with values")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OperationalError("SELECT secret", {}, sqlite3.OperationalError("database is locked")), "locked"),
        (ConnectionRefusedError("refused"), "refused"),
        (CodedError("40P01"), "server says"),
        (CodedError("57P01"), "server says"),
        (CodedError("42P01"), None),
        (CodedError(None), None),
        (IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE")), None),
        (ValueError("ours"), None),
    ],
    ids=["locked", "refused", "deadlock", "shutdown", "no such table", "no code", "taken", "ours"],
)
def test_tells_outages_from_mistakes(error: Exception, told: str | None) -> None:
    if isinstance(error, OperationalError):
        error.__cause__ = error.orig
    found = describe_outage(error)
    if told is None:
        assert found is None
    else:
        assert found is not None
        assert told in found
        assert "secret" not in found
        assert "DETAIL" not in found


async def fill(store: SqlStore, number: int) -> None:
    async with store.writing() as records:
        for part in range(20):
            mail = model.Mail(0, "a@example.com", f"{number}.{part}", "x" * 4000, 1.0)
            await records.mails.add(mail)


async def count_mails(store: SqlStore) -> int:
    async with store.reading() as records:
        return len(await records.mails.latest(100_000))


async def test_a_full_disk_refuses_the_whole_work_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    store = await open_store(database_url(tmp_path), VAULT)
    await store._engine.dispose()

    @event.listens_for(store._engine.sync_engine, "connect")
    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count=200")

    acknowledged = 0

    async def fill_up() -> None:
        nonlocal acknowledged
        for number in range(1000):
            await fill(store, number)
            acknowledged += 20

    with pytest.raises(StoreUnavailable, match="full"):
        await fill_up()
    assert await count_mails(store) == acknowledged > 0
    await store.close()
    again = await open_store(database_url(tmp_path), VAULT)
    await fill(again, 0)
    assert await count_mails(again) == acknowledged + 20
    await again.close()


async def test_a_database_that_another_program_holds_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    store = await open_store(database_url(tmp_path), VAULT)
    holder = sqlite3.connect(tmp_path / DATABASE_FILE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await fill(store, 0)
    assert await count_mails(store) == 0, "readers go on"
    holder.execute("ROLLBACK")
    holder.close()
    await fill(store, 0)
    assert await count_mails(store) == 20
    await store.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://ann:hunter2@127.0.0.1:1/staff", "cannot be opened"),
        ("postgres://ann:hunter2@127.0.0.1:1/staff", "cannot be opened"),
        ("mysql://ann:hunter2@db/staff", "`mysql` is not supported"),
        ("hunter2", "must be like"),
        ("postgresql://ann:hunter2@db:port/staff", "must be like"),
    ],
)
async def test_a_database_out_of_reach_is_told_without_its_password(url: str, told: str) -> None:
    with pytest.raises(StoreUnusable, match=told) as caught:
        await open_store(url, VAULT)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value.__cause__)


def test_the_driver_is_ours_to_choose() -> None:
    assert read_url("postgresql://db/staff").drivername == "postgresql+asyncpg"
    assert read_url("sqlite:////tmp/x").drivername == "sqlite+aiosqlite"
