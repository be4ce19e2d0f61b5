"""People in a pool, written in bulk with the rows that signing them up would have made.

Signing up a million would take a day. All have the same password and share its hash. PostgreSQL's statistics
are brought up to date afterwards, as its own background work would.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Final, cast

import argon2
import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.pool.served import COST, PASSWORD, POOL
from idp.model import User, UserStatus
from idp.store.user_rows import UserRows, terms_of

BATCH: Final = 20_000
CACHE_KIB: Final = 1_000_000
TABLES: Final = ("users", "logins", "user_terms")
Batch = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by table."""


async def add_people(url: str, count: int) -> None:
    """Write people into a database whose tables and pool are there; `url` as an operator gives it."""
    place = make_url(url)
    if place.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(place.database))) as file:
            # Keys come in no order: without the indexes in memory every row would read and write pages.
            file.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
            for batch in _batches(count):
                write_sqlite(file, batch)
        return
    server = await asyncpg.connect(url)
    try:
        for batch in _batches(count):
            for table in TABLES:
                rows = batch[table]
                records = [tuple(row.values()) for row in rows]
                await server.copy_records_to_table(table, records=records, columns=[*rows[0]])
        await server.execute("ANALYZE")
    finally:
        await server.close()


def write_sqlite(file: sqlite3.Connection, batch: Batch) -> None:
    """Write a batch in one transaction."""
    with file:
        for table in TABLES:
            names = [*batch[table][0]]
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            file.executemany(statement, [tuple(row.values()) for row in batch[table]])


def name_of(number: int) -> str:
    """The username of one who was written in bulk."""
    return f"user{number:07}"


def make_person(number: int, password_hash: str) -> User:
    """A confirmed person."""
    name, now = name_of(number), 1_800_000_000.0 + number
    return User(
        pool_id=POOL,
        sub=str(uuid.uuid4()),
        username=name,
        status=UserStatus.CONFIRMED,
        password_hash=password_hash,
        created_at=now,
        updated_at=now,
        attributes={"email": f"{name}@example.com", "email_verified": "true"},
        logins=(name,),
    )


def _batches(count: int) -> Iterator[Batch]:
    hashed = argon2.PasswordHasher(COST.passes, COST.memory_kib, COST.lanes).hash(PASSWORD)
    for first in range(0, count, BATCH):
        yield _rows_of([make_person(number, hashed) for number in range(first, min(first + BATCH, count))])


def _rows_of(people: Sequence[User]) -> Batch:
    to_row = UserRows(cast("AsyncConnection", None)).to_row  # spelling a row asks the database nothing
    return {
        "users": [_spell(to_row(person)) for person in people],
        "logins": [{"pool_id": POOL, "login": each.username, "sub": each.sub} for each in people],
        "user_terms": [
            {"pool_id": POOL, "attribute": name, "value": value, "sub": each.sub}
            for each in people
            for name, value in terms_of(each).items()
        ],
    }


def _spell(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """JSON as the text that both databases take."""
    return {key: json.dumps(each) if isinstance(each, dict | list) else each for key, each in row.items()}
