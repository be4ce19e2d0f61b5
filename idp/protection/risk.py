"""What a pool's risk configuration says in a case. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from idp.protection.records import PasswordEvent, RiskConfiguration

BLOCK = "BLOCK"


def choose(found: Iterable[RiskConfiguration], client_id: str) -> RiskConfiguration | None:
    """Return the client's own configuration, else the pool's, else None."""
    by_client = {each.client_id: each for each in found}
    return by_client.get(client_id) or by_client.get("")


def blocks_password(configuration: RiskConfiguration | None, event: PasswordEvent) -> bool:
    """Whether a known password is refused in this event; where nothing was set, it is (our choice)."""
    compromised = configuration.compromised if configuration is not None else {}
    if not compromised:
        return True
    events = compromised.get("EventFilter") or [*PasswordEvent]
    return event in events and compromised["Actions"]["EventAction"] == BLOCK
