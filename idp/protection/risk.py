"""What a pool's risk configuration says in a case. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from idp.protection.addresses import is_within
from idp.protection.records import PasswordEvent, RiskConfiguration
from idp.protection.settings import Network

BLOCK = "BLOCK"
_MAPPED_BITS = 96


def choose(found: Iterable[RiskConfiguration], client_id: str) -> RiskConfiguration | None:
    """Return the client's own configuration, else the pool's, else None."""
    by_client = {each.client_id: each for each in found}
    return by_client.get(client_id) or by_client.get("")


def is_barred(configuration: RiskConfiguration | None, address: str) -> bool:
    """Whether an address is in a range that is blocked."""
    return is_within(address, _ranges(configuration, "BlockedIPRangeList"))


def is_skipped(configuration: RiskConfiguration | None, address: str) -> bool:
    """Whether an address is in a range whose sign-ins are not judged."""
    return is_within(address, _ranges(configuration, "SkippedIPRangeList"))


@lru_cache(maxsize=4096)
def read_range(text: str) -> Network:
    """Read a CIDR block; IPv4 within IPv6 as IPv4, as addresses are read. Raises ValueError."""
    network = ipaddress.ip_network(text)
    mapped = network.network_address.ipv4_mapped if network.version == 6 else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return ipaddress.ip_network((mapped, network.prefixlen - _MAPPED_BITS))


def blocks_password(configuration: RiskConfiguration | None, event: PasswordEvent) -> bool:
    """Whether a known password is refused in this event; where nothing was set, it is (our choice)."""
    compromised = configuration.compromised if configuration is not None else {}
    if not compromised:
        return True
    events = compromised.get("EventFilter") or [*PasswordEvent]
    return event in events and compromised["Actions"]["EventAction"] == BLOCK


def _ranges(configuration: RiskConfiguration | None, key: str) -> Iterable[Network]:
    ranges = configuration.exceptions.get(key, ()) if configuration is not None else ()
    return map(read_range, ranges)
