"""A pool with every factor, and people in it."""

import pytest

from idp.factors.records import Factor, FactorSettings, FirstFactor, Mfa
from tests.support.pools import OpenScene, Scene

EVERYTHING = FactorSettings(Mfa.OPTIONAL, tuple(Factor), tuple(FirstFactor))


@pytest.fixture
async def scene(open_scene: OpenScene) -> Scene:
    scene = await open_scene()
    scene.set_factors(EVERYTHING)
    return scene
