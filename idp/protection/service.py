"""Threat protection of a pool: holds passwords against the lists, as the risk configuration says."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from idp.model import Client, Pool
from idp.protection.breached import BreachedPasswords
from idp.protection.records import PasswordEvent, RiskConfiguration, ThreatMode
from idp.protection.risk import blocks_password, choose, is_barred
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

    async def bars(self, pool: Pool, client: Client, address: str) -> bool:
        """Whether an address may neither sign in nor sign up: BlockedIPRangeList."""
        if pool.threat_mode is not ThreatMode.ENFORCED or not address:
            return False
        return is_barred(await self.configuration(pool, client.id), address)

    async def configure(self, configuration: RiskConfiguration) -> None:
        """Keep a configuration in the place of the one before; one without any part is removed."""
        key = (configuration.pool_id, configuration.client_id)
        async with self.store.writing(alone=True) as records:
            if await records.risk_configurations.find(*key) is not None:
                await records.risk_configurations.delete(*key)
            if configuration.compromised or configuration.takeover or configuration.exceptions:
                await records.risk_configurations.create(configuration)

    async def configuration(self, pool: Pool, client_id: str) -> RiskConfiguration | None:
        """Return what holds for a client: its own configuration, or the pool's."""
        async with self.store.reading() as records:
            found = await records.risk_configurations.of(pool.id)
        return choose(found, client_id)
