"""ListUsers in a large pool, on SQLite and PostgreSQL: by page, and by each kind of filter."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.measure import tell
from bench.pool.people import add_people, name_of
from bench.pool.served import POOL, PoolServer, database_of, running_pool
from bench.report import columns
from tests.support.postgres import postgres_server

DATABASES: Final = ("SQLite", "PostgreSQL")
TITLES: Final = ("request", "database", "median ms", "slowest ms", "CPU ms", "x first page")
PAGE: Final = 60
DEEP_PAGES: Final = 50


def list_table(folder: Path, *, users: int, repeats: int, databases: tuple[str, ...] = DATABASES) -> str:
    """Fill a pool in each database, list its users, and lay out the table."""
    rows, sizes = list[list[str]](), list[str]()
    for name in databases:
        if name == "SQLite":
            found, size = _measure_in(folder / name, users, repeats, database=None)
        else:
            with postgres_server() as postgres:
                address = asyncio.run(postgres.create_database())
                found, size = _measure_in(folder / name, users, repeats, database=address)
        rows += [[request, name, *cells] for request, *cells in found]
        sizes.append(f"{size} on {name}")
    tell("")
    order = [request for request, _, *_ in rows]
    rows.sort(key=lambda row: order.index(row[0]))
    return f"lists: {users:,} users; the process was {', '.join(sizes)}\n\n{columns(TITLES, rows)}"


def _measure_in(
    folder: Path, users: int, repeats: int, *, database: str | None
) -> tuple[list[list[str]], str]:
    tell(f"lists: writing {users:,} people")
    with running_pool(folder, database=database):
        pass  # the tables and the pool are there now
    asyncio.run(add_people(database or database_of(folder), users))
    with running_pool(folder, database=database) as server:
        before = server.program.rss_mib()
        rows = measure_lists(server, users=users, repeats=repeats)
        return rows, f"{before:.0f} MiB before and {server.program.rss_mib():.0f} after"


def measure_lists(server: PoolServer, *, users: int, repeats: int) -> list[list[str]]:
    """List users in several ways; returns rows of the table, in milliseconds."""
    cognito = server.signed_client()
    rows, first = list[list[str]](), 0.0
    for request, members in list_requests(cognito, users).items():
        tell(f"lists: {request}")
        times, cpu = [], server.program.cpu_seconds()
        for _ in range(repeats):
            started = time.perf_counter()
            cognito.list_users(UserPoolId=POOL, **members)
            times.append((time.perf_counter() - started) * 1e3)
        spent = (server.program.cpu_seconds() - cpu) / repeats * 1e3
        usual = median(times)
        first = first or usual
        rows.append([request, f"{usual:.1f}", f"{max(times):.1f}", f"{spent:.1f}", f"{usual / first:.2f}"])
    return rows


def list_requests(cognito: Any, users: int) -> Mapping[str, Mapping[str, Any]]:
    """The ways to list, by what they are called in the table."""
    name = name_of(users // 2)
    sub = cognito.list_users(UserPoolId=POOL, Filter=f'username = "{name}"')["Users"][0]["Attributes"]
    prefix = next(each["Value"] for each in sub if each["Name"] == "sub")[:8]
    filters = {
        "one address": f'email = "{name}@example.com"',
        "address, prefix of all": 'email ^= "user"',
        "address, prefix of a thousand": f'email ^= "{name[:-3]}"',
        "address, prefix of nobody": 'email ^= "zzz"',
        "sub, prefix of one": f'sub ^= "{prefix}"',
        "cognito:user_status of all": 'cognito:user_status = "CONFIRMED"',
        "cognito:user_status of nobody": 'cognito:user_status = "UNCONFIRMED"',
        "cognito:user_status, prefix of nobody": 'cognito:user_status ^= "UN"',
        "status Disabled, of nobody": 'status = "Disabled"',
    }
    deep = deep_token(cognito, pages=min(DEEP_PAGES, users // PAGE - 1))
    return {
        "first page of 60": {},
        f"page {DEEP_PAGES}": {"PaginationToken": deep},
        **{name: {"Filter": text} for name, text in filters.items()},
    }


def deep_token(cognito: Any, *, pages: int) -> str:
    """Turn pages; returns the token of the next one."""
    token: dict[str, str] = {}
    for _ in range(pages):
        page = cognito.list_users(UserPoolId=POOL, Limit=PAGE, **token)
        token = {"PaginationToken": page["PaginationToken"]}
    return token["PaginationToken"]
