"""Fixture: a data directory whose tables and signing keys are made already."""

import asyncio
from pathlib import Path

import pytest

from idp.config import parse_pools
from idp.core import Core
from tests.support.pools import POOL_ID, PUBLIC_URL


@pytest.fixture(scope="session")
def prepared_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once in a session: two RSA keys and the migrations take most of a second."""
    directory = tmp_path_factory.mktemp("prepared")

    async def prepare() -> None:
        config = parse_pools([{"UserPoolName": "staff", "UserPoolId": POOL_ID}])
        await (await Core.open(config, public_url=PUBLIC_URL, data_directory=directory)).close()

    asyncio.run(prepare())
    return directory
