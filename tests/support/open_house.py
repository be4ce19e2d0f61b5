"""Fixtures: whole applications, opened on real SQLite, for the tests that come in through the front door."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from idp.app import close, create_app, prepare
from idp.clock import ManualClock
from tests.support.hosted_pages import FACTORS, ORIGIN, House, pools_document
from tests.support.pools import CHEAP

OpenHouse = Callable[..., Awaitable[House]]


def _make(data: Path, prepared: Path, document: Any, options: dict[str, Any]) -> House:
    shutil.copytree(prepared, data)
    clock = ManualClock()
    app = create_app(document, data_directory=data, clock=clock, hash_cost=CHEAP, **options)
    return House(app, clock)


@pytest.fixture
async def open_house(tmp_path: Path, prepared_directory: Path) -> AsyncIterator[OpenHouse]:
    """A factory: keyword arguments are properties of the pool; every house has its own data."""
    opened: list[House] = []

    async def open_it(
        *,
        public_url: str = ORIGIN,
        document: Any = None,
        smtp: Any = None,
        guard: Any = None,
        **changes: Any,
    ) -> House:
        data = tmp_path / f"data{len(opened)}"
        pools = pools_document(**changes) if document is None else document
        options = {"public_url": public_url, "smtp": smtp, "guard": guard}
        house = _make(data, prepared_directory, pools, options)
        await prepare(house.app)
        opened.append(house)
        return house

    yield open_it
    for house in opened:
        await close(house.app)


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    """The application as most tests want it."""
    return await open_house()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_house(
    tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path
) -> AsyncIterator[House]:
    """One application for a module of many small tests, which keep out of each other's way themselves."""
    data = tmp_path_factory.mktemp("shared") / "data"
    # Hundreds of tests come from one address within an hour.
    unlimited = {
        "RateLimits": {name: {"Count": 0} for name in ("Requests", "Failures", "Messages", "Attempts")}
    }
    options = {"public_url": ORIGIN, "guard": unlimited}
    house = _make(data, prepared_directory, pools_document(**FACTORS), options)
    await prepare(house.app)
    yield house
    await close(house.app)
