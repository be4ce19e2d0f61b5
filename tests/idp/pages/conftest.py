"""Open pools to visit."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from idp.app import close, create_app, prepare
from idp.clock import ManualClock
from idp.users.passwords import HashCost
from tests.support.hosted_pages import ORIGIN, House, pools_document

Opener = Callable[..., Awaitable[House]]


@pytest.fixture
async def open_house(tmp_path: Path) -> AsyncIterator[Opener]:
    """Open pools with changed properties or another public URL; closed after the test."""
    opened: list[House] = []

    async def open_it(*, public_url: str = ORIGIN, **changes: Any) -> House:
        clock = ManualClock()
        app = create_app(
            pools_document(**changes),
            public_url=public_url,
            data_directory=tmp_path / f"data{len(opened)}",
            clock=clock,
            hash_cost=HashCost(memory_kib=64, passes=1),
        )
        await prepare(app)
        opened.append(House(app, clock))
        return opened[-1]

    yield open_it
    for house in opened:
        await close(house.app)


@pytest.fixture
async def house(open_house: Opener) -> House:
    """The pool as most tests want it."""
    return await open_house()
