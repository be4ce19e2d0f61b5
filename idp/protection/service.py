"""Threat protection of a pool: holds passwords, addresses and sign-ins against what its operator set.

The rules are in `adaptive` and `risk`; here is what they are asked with. What follows from an answer is the
sign-in's (`idp.signin.flows.risk_steps`).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from idp.clock import Clock
from idp.model import Client, Pool, User
from idp.protection.adaptive import NOTHING, Reaction, Signal, find_reaction, find_signals, rate
from idp.protection.breached import BreachedPasswords
from idp.protection.declared import CONFIG
from idp.protection.history import History
from idp.protection.locations import Locations
from idp.protection.notifier import Notifier
from idp.protection.origins import Encoded, Origin, describe_origin
from idp.protection.records import AuthEvent, PasswordEvent, RiskConfiguration, RiskLevel, ThreatMode
from idp.protection.risk import blocks_password, choose, is_barred, is_skipped
from idp.store.base import Store

log = logging.getLogger("idp.protection")
LOOKS_BACK: Final = 100
"""Events that a sign-in is held against: so many that passed, and so many others."""


class Known(Enum):
    """What came of holding a password against the lists."""

    UNKNOWN = auto()
    PASSES = auto()
    """It is out, and may be used nevertheless."""
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a sign-in was judged."""

    level: RiskLevel | None = None
    signals: Collection[Signal] = ()
    reaction: Reaction = NOTHING
    """Nothing where the pool only watches."""
    notify: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """NotifyConfiguration."""


@dataclass(slots=True)
class ThreatProtection:
    """Judges what happens at the doors of pools that switched it on."""

    store: Store
    clock: Clock
    breached: BreachedPasswords
    history: History
    notifier: Notifier
    locations: Locations | None = None

    def see(self, address: str, *, user_agent: str = "", encoded: Encoded | None = None) -> Origin:
        """Describe where a request comes from."""
        place = self.locations.find(address) if self.locations is not None else None
        return describe_origin(address, user_agent=user_agent, encoded=encoded, place=place)

    async def refuses(self, pool: Pool, client: Client, event: PasswordEvent, password: str) -> bool:
        """Whether a password must not be used because it is known to be out."""
        return await self.look_up(pool, client, event, password) is Known.REFUSED

    async def look_up(self, pool: Pool, client: Client, event: PasswordEvent, password: str) -> Known:
        """Hold a password against the lists."""
        if pool.threat_mode is ThreatMode.OFF or not await self.breached.contains(password):
            return Known.UNKNOWN
        is_blocked = blocks_password(await self.configuration(pool, client.id), event)
        refuses = is_blocked and pool.threat_mode is ThreatMode.ENFORCED
        log.info(
            "compromised password pool=%s client=%s event=%s: %s",
            pool.id,
            client.id,
            event.value,
            "refused" if refuses else "let pass",
        )
        return Known.REFUSED if refuses else Known.PASSES

    async def bars(self, pool: Pool, client: Client, *addresses: str) -> bool:
        """Whether one of these addresses may neither sign in nor sign up: BlockedIPRangeList."""
        if pool.threat_mode is not ThreatMode.ENFORCED or not any(addresses):
            return False
        configuration = await self.configuration(pool, client.id)
        return any(is_barred(configuration, address) for address in addresses)

    async def judge(
        self,
        pool: Pool,
        client: Client,
        user: User,
        origin: Origin,
        *,
        mode: ThreatMode,
        proves_device: bool = False,
    ) -> Judgement:
        """Judge a sign-in whose first factor was right, in a mode that is not OFF."""
        configuration = await self.configuration(pool, client.id)
        if is_skipped(configuration, origin.address):
            return Judgement()
        past, now = await self._past(pool, user), self.clock.now()
        signals = find_signals(origin, past, now=now, proves_device=proves_device)
        level = rate(signals)
        if level is None:
            return Judgement()
        if configuration is None or mode is not ThreatMode.ENFORCED:
            return Judgement(level, signals)
        notify = configuration.takeover.get("NotifyConfiguration", {})
        return Judgement(level, signals, find_reaction(configuration, level), notify)

    async def configure(self, configuration: RiskConfiguration) -> bool:
        """Keep a configuration in the place of the one before; one without any part is removed.

        False where the configuration file declares it: the next start would write over this.
        """
        key = (configuration.pool_id, configuration.client_id)
        async with self.store.writing(alone=True) as records:
            before = await records.risk_configurations.find(*key)
            if before is not None and before.origin == CONFIG:
                return False
            if before is not None:
                await records.risk_configurations.delete(*key)
            if configuration.compromised or configuration.takeover or configuration.exceptions:
                await records.risk_configurations.create(configuration)
        return True

    async def configuration(self, pool: Pool, client_id: str) -> RiskConfiguration | None:
        """Return what holds for a client: its own configuration, or the pool's."""
        async with self.store.reading() as records:
            found = await records.risk_configurations.of(pool.id)
        return choose(found, client_id)

    def close(self) -> None:
        """Let go of files."""
        self.breached.close()
        if self.locations is not None:
            self.locations.close()

    async def _past(self, pool: Pool, user: User) -> Sequence[AuthEvent]:
        await self.history.settle(pool, user.sub)
        async with self.store.reading() as records:
            found = [
                event
                for passed in (True, False)
                for event in await records.auth_events.of(pool.id, user.sub, limit=LOOKS_BACK, passed=passed)
            ]
        return sorted(found, key=lambda event: (event.at, event.id), reverse=True)
