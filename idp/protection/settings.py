"""How the pool server guards itself, as values: whose word on an address counts, and how much is too much.

Defaults are chosen so that nobody who uses an app notices: a whole office behind one address may mistype, and
a server-side app may sign its users in. Cognito's own numbers are per account and region (cognito.md 11).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: Final[tuple[Network, ...]] = (
    ipaddress.IPv4Network("127.0.0.0/8"),
    ipaddress.IPv6Network("::1/128"),
)


class Limit(StrEnum):
    """What is counted; the value is the key in the configuration."""

    REQUESTS = "Requests"
    """Requests of any kind, by address (Cognito: 300 a second, cognito.md 1.14)."""
    FAILURES = "Failures"
    """Wrong passwords, codes, names and client secrets, by address: spraying many accounts."""
    MESSAGES = "Messages"
    """Requests that send a mail or text message to somebody, by address: bombing many mailboxes."""
    ATTEMPTS = "Attempts"
    """Steps of a sign-in, by account, from wherever they come (Cognito: 10 a second)."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` in `seconds`, all of them at once if need be; no count: no limit."""

    count: int
    seconds: int


RATES: Final[Mapping[Limit, Rate]] = MappingProxyType(
    {
        Limit.REQUESTS: Rate(600, 2),
        Limit.FAILURES: Rate(100, 600),
        Limit.MESSAGES: Rate(100, 3600),
        Limit.ATTEMPTS: Rate(50, 5),
    }
)


@dataclass(frozen=True, slots=True)
class BreachSettings:
    """`BreachedPasswords`: lists beside the one that is always there."""

    file: Path | None = None
    range_url: str | None = None
    """Without the prefix and the slash before it."""
    timeout_seconds: int = 2


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """`TrustedProxies`, `RateLimits`, `BreachedPasswords` and `LocationDatabase` of the pool server."""

    trusted_proxies: tuple[Network, ...] = LOOPBACK
    """Peers whose X-Forwarded-For is believed."""
    exempt: tuple[Network, ...] = LOOPBACK
    """Addresses that are not counted."""
    rates: Mapping[Limit, Rate] = field(default_factory=lambda: RATES)
    breached: BreachSettings = BreachSettings()
    locations: Path | None = None
    """MMDB file that says where addresses are."""
