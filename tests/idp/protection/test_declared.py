"""Risk configurations of the file in the store."""

from __future__ import annotations

from typing import Any

from idp.protection.records import RiskConfiguration
from tests.support.pools import CLIENT_ID, OpenScene, Scene

ON = {"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}}
FIRST, SECOND = ({"BlockedIPRangeList": [text]} for text in ("192.0.2.0/24", "198.51.100.0/24"))


def attached(exceptions: dict[str, Any], client: str = "ALL") -> dict[str, Any]:
    part = {"ClientId": client, "RiskExceptionConfiguration": exceptions}
    return {**ON, "UserPoolRiskConfigurationAttachments": [part]}


async def stored(scene: Scene) -> dict[str, RiskConfiguration]:
    async with scene.core.store.reading() as records:
        return {each.client_id: each for each in await records.risk_configurations.of(scene.pool.id)}


async def test_the_file_is_written_over_the_store_and_leaves_what_the_api_set(open_scene: OpenScene) -> None:
    scene = await open_scene(**attached(FIRST))
    assert (await stored(scene))[""].exceptions == FIRST
    by_api = RiskConfiguration(scene.pool.id, CLIENT_ID, 0.0, exceptions=SECOND)
    assert await scene.core.threats.configure(by_api)
    scene.clock.advance(60)
    again = await open_scene(**attached(FIRST))
    assert (await stored(again))[""].updated_at == (await stored(scene))[""].updated_at
    changed = await stored(await open_scene(**attached(SECOND)))
    assert changed[""].exceptions == SECOND
    assert changed[CLIENT_ID] == by_api
    assert set(await stored(await open_scene(**ON))) == {CLIENT_ID}


async def test_what_the_file_declares_is_changed_there_only(open_scene: OpenScene) -> None:
    scene = await open_scene(**attached(FIRST, "web"))
    for exceptions in (SECOND, {}):
        other = RiskConfiguration(scene.pool.id, CLIENT_ID, 0.0, exceptions=exceptions)
        assert not await scene.core.threats.configure(other)
    assert (await stored(scene))[CLIENT_ID].exceptions == FIRST
