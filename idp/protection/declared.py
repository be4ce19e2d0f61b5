"""Risk configurations that the configuration file declares: written at start, and changed only there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from idp.protection.records import RiskConfiguration
from idp.store.base import Records

CONFIG: Final = "config"


async def declare_risks(records: Records, pool_id: str, declared: Mapping[str, RiskConfiguration]) -> None:
    """Write a pool's declared configurations, by client id, and remove those that are declared no more."""
    for old in await records.risk_configurations.of(pool_id):
        wanted = declared.get(old.client_id)
        if wanted is None and old.origin != CONFIG:
            continue
        if wanted is None or replace(old, updated_at=wanted.updated_at) != wanted:
            await records.risk_configurations.delete(pool_id, old.client_id)
    for client_id, wanted in declared.items():
        if await records.risk_configurations.find(pool_id, client_id) is None:
            await records.risk_configurations.create(replace(wanted, origin=CONFIG))
