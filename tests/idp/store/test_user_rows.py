"""Lists of users are read from an index in its own order, so that a page of a million users costs no more."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from idp import model
from idp.seal import Vault
from idp.store.database import SqlStore, database_url, open_store

POOL = "local_000000001"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    store = await open_store(database_url(tmp_path), Vault(b"k" * 32))
    yield store
    await store.close()


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        (None, ("ann",)),
        (model.UserFilter("username", ("a",), is_prefix=True), ("ann", "1")),
        (model.UserFilter("email", ("a",), is_prefix=True), ("ann", "1")),
        (model.UserFilter("name", ("ann",)), ()),
        (model.UserFilter("status", ("UNCONFIRMED",)), ("ann",)),
        (model.UserFilter("enabled", ("false",)), ("ann",)),
        (model.UserFilter("sub", ("1",)), ()),
        (model.UserFilter("sub", ("1",), is_prefix=True), ("1a", "1a")),
    ],
    ids=lambda value: getattr(value, "attribute", ""),
)
async def test_a_page_neither_scans_nor_sorts(
    store: SqlStore, wanted: model.UserFilter | None, after: tuple[str, ...]
) -> None:
    plan = await plan_of(store, wanted, after)
    assert plan
    assert all(step.startswith("SEARCH ") and "USING" in step for step in plan), plan


@pytest.mark.parametrize("after", [(), ("ann",)], ids=["first page", "later"])
async def test_a_page_of_several_values_reads_no_more_of_the_pool(
    store: SqlStore, after: tuple[str, ...]
) -> None:
    """`cognito:user_status ^= "UN"`: where nobody has them, every user of the pool used to be looked at."""
    plan = await plan_of(store, model.UserFilter("status", ("UNCONFIRMED", "UNKNOWN"), is_prefix=True), after)
    reads = [step for step in plan if " users " in step]
    assert len(reads) == 3
    assert all(step.startswith("SEARCH ") and "pool_id=? AND " in step for step in reads), plan


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda users: users.by_login(POOL, "ann"), id="by login"),
        pytest.param(lambda users: users.find(POOL, "1"), id="by sub"),
        pytest.param(lambda users: users.hold(POOL, "1"), id="held"),
        pytest.param(lambda users: users.search(POOL, None, limit=60), id="in a list"),
    ],
)
async def test_a_users_logins_are_read_without_those_of_the_pool(
    store: SqlStore, read: Callable[[Any], Awaitable[Any]]
) -> None:
    """In the order of the table's key SQLite read all of them: a second among 600,000 users."""
    async with store.writing() as records:
        await records.pools.create(model.Pool(id=POOL, name="staff"))
        ann = model.User(POOL, "1", "ann", model.UserStatus.CONFIRMED, 1.0, 1.0, logins=("b", "ann"))
        await records.users.create(ann)
    asked = listen(store)
    async with store.reading() as records:
        await read(records.users)
        reads = [pair for pair in asked if "FROM logins" in pair[0]]
        steps = [step for pair in reads for step in await explain(records, *pair)]
    assert steps
    assert all("pool_id=? AND " in step for step in steps), steps


async def test_a_users_groups_are_read_without_the_memberships_of_the_pool(store: SqlStore) -> None:
    """Every token names them."""
    asked = listen(store)
    async with store.reading() as records:
        assert await records.groups.of(POOL, "1") == ()
        (read,) = [pair for pair in asked if "FROM group_members" in pair[0]]
        steps = await explain(records, *read)
    assert steps == ["SEARCH group_members USING INDEX ix_group_members_pool_id_sub (pool_id=? AND sub=?)"]


@pytest.mark.parametrize("after", ["", "us-east-1_device"], ids=["first page", "later"])
async def test_a_users_devices_are_read_without_those_of_the_pool(store: SqlStore, after: str) -> None:
    asked = listen(store)
    async with store.reading() as records:
        await records.devices.of(POOL, "1", after=after)
        (read,) = [pair for pair in asked if "FROM devices" in pair[0]]
        steps = await explain(records, *read)
    assert steps[0] == "SEARCH devices USING INDEX ix_devices_pool_id_sub (pool_id=? AND sub=?)"


async def plan_of(store: SqlStore, wanted: model.UserFilter | None, after: tuple[str, ...]) -> list[str]:
    """How SQLite reads a page."""
    asked = listen(store)
    async with store.reading() as records:
        await records.users.search(POOL, wanted, limit=60, after=after)
        return await explain(records, *next(pair for pair in asked if pair[0].startswith("SELECT users")))


def listen(store: SqlStore) -> list[tuple[str, Any]]:
    """The statements that are run from now on, as they come."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(store._engine.sync_engine, "before_cursor_execute", note)
    return asked


async def explain(records: Any, statement: str, parameters: Any) -> list[str]:
    """How SQLite runs a statement."""
    connection = records.users._connection
    rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return [row[3] for row in rows]
