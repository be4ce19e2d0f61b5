"""The pools' application: what is told when it cannot be opened."""

from pathlib import Path

import pytest

from lb.exits import CannotStart
from lb.pool_server import PoolServer
from lb.settings import PoolServerSettings

POOLS = [{"UserPoolName": "people"}]


async def test_a_database_out_of_reach_is_no_bug_and_its_password_is_not_told(tmp_path: Path) -> None:
    settings = PoolServerSettings(database="postgresql://ann:hunter2@127.0.0.1:1/staff")
    pool = PoolServer()
    with pytest.raises(CannotStart, match="cannot be opened") as caught:
        await pool.replace(POOLS, settings=settings, public_url="http://localhost:9000", data=tmp_path)
    assert "hunter2" not in str(caught.value)
    await pool.aclose()
