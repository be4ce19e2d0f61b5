"""The adapters that the data-plane suite runs over, on the event loop that production has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """uvloop: its transports differ from asyncio's in the corners that matter here."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(params=[True, False], ids=["direct", "asgi"])
def direct(request: pytest.FixtureRequest) -> bool:
    """Whether requests go straight from the wire protocol to an exchange, or through uvicorn's ASGI cycle."""
    return bool(request.param)
