"""Threat protection of a pool: holds passwords against the lists, as the risk configuration says."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from idp.model import Client, Pool
from idp.protection.breached import BreachedPasswords
from idp.protection.records import PasswordEvent, RiskConfiguration, ThreatMode
from idp.protection.risk import blocks_password, choose
from idp.store.base import Store

log = logging.getLogger("idp.protection")


@dataclass(slots=True)
class ThreatProtection:
    """Judges what happens at the doors of pools that switched it on."""

    store: Store
    breached: BreachedPasswords

    async def refuses(self, pool: Pool, client: Client, event: PasswordEvent, password: str) -> bool:
        """Whether a password must not be used because it is known to be out."""
        if pool.threat_mode is ThreatMode.OFF or not await self.breached.contains(password):
            return False
        is_blocked = blocks_password(await self.configuration(pool, client.id), event)
        refuses = is_blocked and pool.threat_mode is ThreatMode.ENFORCED
        log.info(
            "compromised password pool=%s client=%s event=%s: %s",
            pool.id,
            client.id,
            event.value,
            "refused" if refuses else "let pass",
        )
        return refuses

    async def configuration(self, pool: Pool, client_id: str) -> RiskConfiguration | None:
        """Return what holds for a client: its own configuration, or the pool's."""
        async with self.store.reading() as records:
            found = await records.risk_configurations.of(pool.id)
        return choose(found, client_id)
