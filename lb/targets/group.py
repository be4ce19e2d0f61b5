"""A target group's settings compiled for use, and a target as the data plane sees it (alb.md 5.1, 5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address

from lb.settings import HealthCheck, ProtocolVersion, TargetGroupSettings
from lb.targets.health import (
    GRPC_CODES,
    HTTP_CODES,
    Health,
    HealthReason,
    TargetState,
    Thresholds,
    parse_matcher,
)

TargetKey = tuple[str, int, bool, ProtocolVersion]
"""What makes two registrations the same target: id, port, TLS or not, and what it is sent."""


@dataclass(slots=True, eq=False, repr=False)
class Target:
    """A registered target of one group. Only the registry changes it; the data plane reads."""

    key: TargetKey
    """Identity within the group."""
    group: str
    group_arn: str
    health: Health
    in_flight: int = 0
    deadline: float | None = None
    """While draining: the monotonic moment at which requests in flight are cut."""
    released: bool = False
    """Deregistered for good: the data plane was told to close every connection to it."""
    host: str = ""
    port: int = 0
    tls: bool = False
    multiplexed: bool = False
    """Speaks HTTP/2: requests share connections."""
    within: bool = False
    """An application of this process; `host` is its import string."""
    address: str = ""
    """`10.1.2.3:8080`, `[::1]:8080`, `shop.web:app:0`: for the access log."""

    def __post_init__(self) -> None:
        self.host, self.port, self.tls, version = self.key
        self.multiplexed = version is not ProtocolVersion.HTTP1
        self.within = self.port == 0
        self.address = format_address(self.host, self.port)

    @property
    def state(self) -> TargetState:
        """State word of DescribeTargetHealth."""
        return self.health.state

    @property
    def reason(self) -> HealthReason | None:
        """Reason code for any state but healthy."""
        return self.health.reason

    @property
    def draining(self) -> bool:
        """Deregistered: no new request goes there."""
        return self.deadline is not None

    def __repr__(self) -> str:
        reason = f" {self.reason.value}" if self.reason else ""
        return f"Target({self.group} {self.address} {self.state.value}{reason} in_flight={self.in_flight})"


@dataclass(frozen=True, slots=True)
class Probe:
    """How to probe the targets of a group: everything that, when changed, needs the probing to start anew."""

    tls: bool
    port: int | None
    path: str
    interval: float
    timeout: float
    version: ProtocolVersion = ProtocolVersion.HTTP1


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group's settings, compiled."""

    settings: TargetGroupSettings
    probe: Probe
    thresholds: Thresholds

    @property
    def keys(self) -> tuple[TargetKey, ...]:
        """The targets that are to be registered, each once, in the order configured."""
        tls = self.settings.protocol == "HTTPS"
        version = self.settings.protocol_version
        return tuple(
            dict.fromkeys((target.id, target.port, tls, version) for target in self.settings.targets)
        )


def compile_group(settings: TargetGroupSettings) -> TargetGroup:
    """Compile a group's settings.

    Raises:
        ValueError: the matcher is malformed.
    """
    check = settings.health_check
    version = settings.protocol_version
    codes = parse_matcher(check.matcher, GRPC_CODES if version is ProtocolVersion.GRPC else HTTP_CODES)
    thresholds = Thresholds(codes, check.healthy_threshold, check.unhealthy_threshold)
    return TargetGroup(settings, _probe(check, version), thresholds)


def _probe(check: HealthCheck, version: ProtocolVersion) -> Probe:
    return Probe(
        tls=check.protocol == "HTTPS",
        port=check.port,
        path=check.path,
        interval=check.interval_seconds,
        timeout=check.timeout_seconds,
        version=version,
    )


def format_address(host: str, port: int) -> str:
    """Join host and port, an IPv6 address in brackets (RFC 3986 section 3.2.2)."""
    return f"[{host}]:{port}" if _is_ipv6(host) else f"{host}:{port}"


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True
