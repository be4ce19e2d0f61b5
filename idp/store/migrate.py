"""Brings the tables up to date when the store opens.

The migrations are Alembic's and travel inside the package. Several processes may start at once: SQLite's
write lock (BEGIN IMMEDIATE) or an advisory lock on PostgreSQL lets one of them do the work and the others
find it done.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncEngine

from idp.store.base import StoreUnusable
from idp.store.outages import describe_outage

FOLDER: Final = Path(__file__).with_name("migrations")
ADVISORY_LOCK: Final = 0x616C6261


async def migrate(engine: AsyncEngine) -> None:
    """Run the migrations that are missing; raises StoreUnusable."""
    try:
        async with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            await connection.run_sync(_upgrade)
    except CommandError as error:
        raise StoreUnusable(
            f"the database of the user pool was written by a newer version of this program ({error})"
        ) from error
    except Exception as error:
        reason = describe_outage(error) or (error.orig if isinstance(error, DatabaseError) else None)
        if reason is None:
            raise
        raise StoreUnusable(f"the database of the user pool cannot be opened: {reason}") from error


def _upgrade(connection: Connection) -> None:
    if MigrationContext.configure(connection).get_current_revision() == _newest():
        return
    config = alembic_configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(alembic_configuration()).get_current_head()


def alembic_configuration() -> Config:
    """Return Alembic's configuration for the migrations of this package."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config
