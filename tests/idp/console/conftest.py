"""The application with two pools whose consoles are on."""

import pytest

from tests.support.console import console_document
from tests.support.hosted_pages import House
from tests.support.open_house import OpenHouse, open_house

__all__ = ["open_house"]


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    return await open_house(document=console_document())
