"""Opened user pools on real SQLite, with time standing still."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from idp.clock import ManualClock
from idp.config import parse_pools
from idp.core import Core
from tests.support.in_memory import tmp_path
from tests.support.pools import CHEAP, PUBLIC_URL, OpenScene, Scene, pool_document
from tests.support.prepared import prepared_directory

__all__ = ["clock", "open_scene", "prepared_directory", "scene", "tmp_path"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def open_scene(
    tmp_path: Path, clock: ManualClock, prepared_directory: Path
) -> AsyncIterator[OpenScene]:
    """A factory: keyword arguments are properties of the pool, `client` those of its client.

    Called again, it opens the same data directory again.
    """
    opened: list[Core] = []
    shutil.copytree(prepared_directory, tmp_path, dirs_exist_ok=True)

    async def open_scene(*, core_options: dict[str, Any] | None = None, **members: Any) -> Scene:
        options = {"data_directory": tmp_path, "clock": clock, "hash_cost": CHEAP, **(core_options or {})}
        core = await Core.open(parse_pools([pool_document(**members)]), public_url=PUBLIC_URL, **options)
        opened.append(core)
        pool = (await core.pools())[0]
        return Scene(core, pool, (await core.clients(pool.id))[0], clock)

    yield open_scene
    for core in opened:
        await core.close()


@pytest.fixture
async def scene(open_scene: OpenScene) -> Scene:
    return await open_scene()
