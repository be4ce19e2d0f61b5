"""The SQL store: engine, transactions and expiry, for SQLite (the embedded default) and PostgreSQL.

SQLite runs in WAL mode with `synchronous=FULL`. NORMAL would survive a killed process too, but after a
power cut it may forget the last commits: a revoked token, a changed password or a new user would come back
as they were. Writes here are as rare as people signing in, so one fsync each is the cheaper price. Writers
take their lock at BEGIN (BEGIN IMMEDIATE), because a reader that turns writer halfway can only fail.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, delete, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from idp.seal import Vault
from idp.store import collections, schema
from idp.store.base import Records
from idp.store.migrate import migrate

DATABASE_FILE: Final = "idp.sqlite3"
BUSY_TIMEOUT_MS: Final = 10_000
WRITES: Final = "albacore_writes"
_READING: Final = {"postgresql": {"isolation_level": "REPEATABLE READ"}}
REUSE_MEMORY_SECONDS: Final = 3600.0
"""How long a redeemed code is remembered, so that a second use still revokes what the first one got."""
COUNTER_MEMORY_SECONDS: Final = 86_400.0
LOCKOUT_MEMORY_SECONDS: Final = 1_800.0
MAIL_MEMORY_SECONDS: Final = 7 * 86_400.0


class SqlRecords:
    """All collections on one connection."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self.pools = collections.PoolRows(connection)
        self.clients = collections.ClientRows(connection, vault)
        self.users = collections.UserRows(connection)
        self.groups = collections.GroupRows(connection)
        self.mailed_codes = collections.MailedCodeRows(connection)
        self.failures = collections.FailureRows(connection)
        self.codes = collections.AuthorizationCodeRows(connection)
        self.families = collections.FamilyRows(connection)
        self.refresh_tokens = collections.RefreshTokenRows(connection)
        self.sso_sessions = collections.SsoSessionRows(connection)
        self.signing_keys = collections.SigningKeyRows(connection)
        self.mails = collections.MailRows(connection)


class SqlStore:
    """A store on a SQL database."""

    def __init__(self, engine: AsyncEngine, vault: Vault) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{WRITES: True})
        # SQLite's readers have one view anyway; PostgreSQL's default would show each statement another.
        self._reader = engine.execution_options(**_READING.get(engine.dialect.name, {}))
        self._vault = vault
        # One writer at a time inside the process: SQLite would let them poll against each other.
        self._turn = asyncio.Lock() if engine.dialect.name == "sqlite" else None

    def _take_turn(self) -> AbstractAsyncContextManager[Any]:
        return nullcontext() if self._turn is None else self._turn

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Records]:
        """Open a unit of work that only reads."""
        async with self._reader.connect() as connection:
            yield SqlRecords(connection, self._vault)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Records]:
        """Open a unit of work that may write."""
        async with self._take_turn(), self._writer.begin() as connection:
            yield SqlRecords(connection, self._vault)

    async def collect(self, now: float) -> int:
        """Remove what has expired by `now`; returns how many records."""
        async with self._take_turn(), self._writer.begin() as connection:
            results = [
                await connection.execute(delete(table).where(condition)) for table, condition in _expired(now)
            ]
        return sum(result.rowcount for result in results)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    def __repr__(self) -> str:
        return f"SqlStore({self._engine.url.render_as_string(hide_password=True)})"


def database_url(data_directory: Path) -> URL:
    """Name the embedded database of a data directory."""
    return URL.create("sqlite+aiosqlite", database=str(data_directory / DATABASE_FILE))


async def open_store(url: URL | str, vault: Vault) -> SqlStore:
    """Connect, bring the tables up to date, and return the store; raises StoreUnusable."""
    # Parameters are names, code hashes and mails: neither an error's text nor a log may show them.
    engine = create_async_engine(
        make_url(url), hide_parameters=True, pool_pre_ping=not make_url(url).drivername.startswith("sqlite")
    )
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)  # at DEBUG it writes every parameter out
    if engine.dialect.name == "sqlite":
        _keep_private(engine.url.database)
        _prepare_sqlite(engine)
    try:
        await migrate(engine.execution_options(**{WRITES: True}))
    except BaseException:
        await engine.dispose()
        raise
    return SqlStore(engine, vault)


def _keep_private(path: str | None) -> None:
    """Make the file for its owner only before SQLite makes it for everybody; its journals follow suit."""
    if path and path != ":memory:":
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare_sqlite(engine: AsyncEngine) -> None:
    """Set every new connection up, and begin transactions ourselves (the driver's way is too late)."""

    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine.sync_engine, "connect", connect)
    event.listen(engine.sync_engine, "begin", begin)


def _expired(now: float) -> list[tuple[Table, ColumnElement[bool]]]:
    """What may go, table by table; users, clients and keys never expire."""
    return [
        (schema.authorization_codes, schema.authorization_codes.c.expires_at < now - REUSE_MEMORY_SECONDS),
        (schema.refresh_tokens, schema.refresh_tokens.c.expires_at < now),
        (schema.families, schema.families.c.expires_at < now),
        (schema.sso_sessions, schema.sso_sessions.c.expires_at < now),
        (schema.mailed_codes, schema.mailed_codes.c.expires_at < now - COUNTER_MEMORY_SECONDS),
        (schema.failures, schema.failures.c.last_at < now - LOCKOUT_MEMORY_SECONDS),
        (schema.mails, schema.mails.c.sent_at < now - MAIL_MEMORY_SECONDS),
    ]
