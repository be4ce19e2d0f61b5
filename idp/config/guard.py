"""How the pool server guards itself: `TrustedProxies`, `RateLimits`, `BreachedPasswords` and
`LocationDatabase`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

from idp.config.clients import find_web_problem
from idp.config.reader import InvalidPools, Place, Problem, Reader
from idp.protection.settings import LOOPBACK, RATES, BreachSettings, GuardSettings, Limit, Network, Rate

MOST: int = 1_000_000
A_DAY: int = 86_400


def parse_guard(document: Mapping[str, object], *, where: Place = ()) -> GuardSettings:
    """Read the settings of a mapping; raises InvalidPools with every problem."""
    problems: list[Problem] = []
    reader = Reader(document, where, problems)
    limits = reader.nested("RateLimits")
    settings = GuardSettings(
        trusted_proxies=_read_networks(reader, "TrustedProxies"),
        exempt=_read_networks(limits, "Exempt"),
        breached=_read_breached(reader.nested("BreachedPasswords")),
        rates={limit: _read_rate(limits, limit) for limit in Limit},
        locations=Path(file) if (file := reader.text("LocationDatabase", longest=4096)) else None,
    )
    limits.finish()
    reader.finish()
    if problems:
        raise InvalidPools(problems)
    return settings


def _read_networks(reader: Reader, key: str) -> tuple[Network, ...]:
    if key not in reader:
        reader.raw(key)
        return LOOPBACK
    found: list[Network] = []
    for index, text in enumerate(reader.texts(key, most=1000)):
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError:
            reader.report((key, index), "InvalidValue", f"must be an address or CIDR block, not `{text}`")
    return tuple(found)


def _read_breached(reader: Reader) -> BreachSettings:
    file = reader.text("File", longest=4096)
    url = reader.text("RangeUrl", pattern=r"https?://[!-~]+", shape="an http or https URL")
    if url and (problem := find_web_problem(url)):
        # Whoever listens would learn whose password to try first.
        reader.report("RangeUrl", "InvalidValue", problem)
    settings = BreachSettings(
        file=Path(file) if file else None,
        range_url=url.rstrip("/") if url else None,
        timeout_seconds=reader.integer("TimeoutSeconds", 2, 1, 10),
    )
    reader.finish()
    return settings


def _read_rate(limits: Reader, limit: Limit) -> Rate:
    reader, default = limits.nested(limit.value), RATES[limit]
    rate = Rate(
        count=reader.integer("Count", default.count, 0, MOST),
        seconds=reader.integer("Seconds", default.seconds, 1, A_DAY),
    )
    reader.finish()
    return rate
