"""One running API for each module, and boto3 clients for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_server import ApiServer, api_server
from tests.support.prepared import prepared_directory

__all__ = ["prepared_directory"]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """A running API with one pool, two clients and one access key."""
    with api_server(tmp_path_factory.mktemp("api") / "data", prepared_directory) as server:
        yield server


@pytest.fixture(scope="module")
def cognito(api: ApiServer) -> Any:
    """boto3 with the access key."""
    return api.boto3()


@pytest.fixture(scope="module")
def public(api: ApiServer) -> Any:
    """boto3 without any key, as an app has it."""
    return api.boto3(signed=False)
