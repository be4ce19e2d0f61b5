"""What a pool's risk configuration says in a case. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from idp.protection.addresses import is_within
from idp.protection.records import PasswordEvent, RiskConfiguration

BLOCK = "BLOCK"


def choose(found: Iterable[RiskConfiguration], client_id: str) -> RiskConfiguration | None:
    """Return the client's own configuration, else the pool's, else None."""
    by_client = {each.client_id: each for each in found}
    return by_client.get(client_id) or by_client.get("")


def is_barred(configuration: RiskConfiguration | None, address: str) -> bool:
    """Whether an address is in a range that is blocked."""
    ranges = configuration.exceptions.get("BlockedIPRangeList", ()) if configuration is not None else ()
    return is_within(address, map(ipaddress.ip_network, ranges))


def blocks_password(configuration: RiskConfiguration | None, event: PasswordEvent) -> bool:
    """Whether a known password is refused in this event; where nothing was set, it is (our choice)."""
    compromised = configuration.compromised if configuration is not None else {}
    if not compromised:
        return True
    events = compromised.get("EventFilter") or [*PasswordEvent]
    return event in events and compromised["Actions"]["EventAction"] == BLOCK
