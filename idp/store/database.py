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
import stat
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, event, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from idp.seal import Vault
from idp.store import (
    collections,
    factor_rows,
    part_rows,
    protection_rows,
    schema,
    signin_rows,
    trips,
    user_rows,
)
from idp.store.base import Records, StoreUnavailable, StoreUnusable
from idp.store.migrate import migrate
from idp.store.outages import describe_outage

DATABASE_FILE: Final = "idp.sqlite3"
BUSY_TIMEOUT_MS: Final = 10_000
ALONE_LOCK: Final = 0x616C6262
WRITES: Final = "albacore_writes"
DRIVERS: Final = {
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
}
_URL_WANTED: Final = "the database URL must be like postgresql://user:password@host:5432/name"
_READING: Final = {"postgresql": {"isolation_level": "REPEATABLE READ"}}
REUSE_MEMORY_SECONDS: Final = 3600.0
"""How long a redeemed code is remembered, so that a second use still revokes what the first one got."""
COUNTER_MEMORY_SECONDS: Final = 86_400.0
LOCKOUT_MEMORY_SECONDS: Final = 1_800.0
MAIL_MEMORY_SECONDS: Final = 7 * 86_400.0
AUTH_EVENT_SECONDS: Final = 2 * 365 * 86_400.0
"""Two years, as in Cognito."""
UNCONFIRMED_DEVICE_SECONDS: Final = 86_400.0
"""An access token lives a day at most; nobody can confirm the device it names after that."""


class SqlRecords:
    """All collections on one connection."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self.pools = collections.PoolRows(connection)
        self.clients = collections.ClientRows(connection, vault)
        self.users = user_rows.UserRows(connection)
        self.groups = collections.GroupRows(connection)
        self.linked_identities = collections.LinkedIdentityRows(connection)
        self.mailed_codes = collections.MailedCodeRows(connection)
        self.failures = collections.FailureRows(connection)
        self.codes = collections.AuthorizationCodeRows(connection)
        self.families = collections.FamilyRows(connection)
        self.refresh_tokens = collections.RefreshTokenRows(connection)
        self.sso_sessions = collections.SsoSessionRows(connection)
        self.signing_keys = collections.SigningKeyRows(connection)
        self.spent = signin_rows.SpentRows(connection)
        self.devices = signin_rows.DeviceRows(connection)
        self.mails = collections.MailRows(connection)
        self.mfa_preferences = factor_rows.MfaPreferenceRows(connection)
        self.software_tokens = factor_rows.SoftwareTokenRows(connection)
        self.passkeys = factor_rows.PasskeyRows(connection)
        self.parts = part_rows.PartRows(connection, vault)
        self.risk_configurations = protection_rows.RiskConfigurationRows(connection)
        self.auth_events = protection_rows.AuthEventRows(connection)
        self.ceremonies = factor_rows.CeremonyRows(connection)


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
        async with _telling_outages(), self._reader.connect() as connection:
            yield SqlRecords(connection, self._vault)

    @asynccontextmanager
    async def writing(self, *, alone: bool = False) -> AsyncIterator[Records]:
        """Open a unit of work that may write. SQLite has one writer at a time, `alone` or not."""
        async with self._take_turn(), _telling_outages(), self._writer.begin() as connection:
            if alone and self._engine.dialect.name == "postgresql":
                await connection.execute(select(func.pg_advisory_xact_lock(ALONE_LOCK)))
            yield SqlRecords(connection, self._vault)

    async def collect(self, now: float) -> int:
        """Remove what has expired by `now`; returns how many records."""
        async with self._take_turn(), _telling_outages(), self._writer.begin() as connection:
            results = [
                await connection.execute(delete(table).where(condition)) for table, condition in _expired(now)
            ]
        return sum(result.rowcount for result in results)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    def __repr__(self) -> str:
        return f"SqlStore({self._engine.url.render_as_string(hide_password=True)})"


@asynccontextmanager
async def _telling_outages() -> AsyncIterator[None]:
    """Turn what a database that cannot work now raises into StoreUnavailable."""
    try:
        yield
    except Exception as error:
        outage = describe_outage(error)
        if outage is None:
            raise
        raise StoreUnavailable(f"the database of the user pool does not answer: {outage}") from error


def database_url(data_directory: Path) -> URL:
    """Name the embedded database of a data directory."""
    return URL.create("sqlite+aiosqlite", database=str(data_directory / DATABASE_FILE))


def read_url(text: URL | str) -> URL:
    """Read a database URL, the driver filled in; raises StoreUnusable, whose text repeats no password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StoreUnusable(_URL_WANTED) from None  # the cause would show the text, and so a password
    driver = DRIVERS.get(url.drivername)
    if driver is None:
        raise StoreUnusable(f"{_URL_WANTED}; `{url.drivername}` is not supported")
    return url.set(drivername=driver)


async def open_store(url: URL | str, vault: Vault) -> SqlStore:
    """Connect, bring the tables up to date, and return the store; raises StoreUnusable."""
    url = read_url(url)
    try:
        # Parameters are names, code hashes and mails: neither an error's text nor a log may show them.
        engine = create_async_engine(
            url, hide_parameters=True, pool_pre_ping=url.drivername != DRIVERS["sqlite"]
        )
    except ModuleNotFoundError as error:
        raise StoreUnusable(f"PostgreSQL needs the extra `albacore[postgres]` ({error})") from error
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
    """Keep the file to its owner before SQLite makes it for everybody; its journals follow suit.

    A file that was put back from a backup with whatever mode is closed again: password hashes are in it.
    """
    if path and path != ":memory:":
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
                os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)


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

    def choose(_: object, __: object, ___: object, options: dict[str, Any]) -> None:
        options["async_creator_fn"] = trips.connect

    event.listen(engine.sync_engine, "do_connect", choose)
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
        (schema.ceremonies, schema.ceremonies.c.expires_at < now),
        (schema.auth_events, schema.auth_events.c.at < now - AUTH_EVENT_SECONDS),
        (schema.spent, schema.spent.c.expires_at < now),
        (
            schema.devices,
            and_(
                schema.devices.c.sealed_verifier.is_(None),
                schema.devices.c.created_at < now - UNCONFIRMED_DEVICE_SECONDS,
            ),
        ),
        (schema.mails, schema.mails.c.sent_at < now - MAIL_MEMORY_SECONDS),
    ]
