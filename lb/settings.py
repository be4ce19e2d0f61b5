"""Everything that a running load balancer was told, as frozen values.

`lb.config` makes these from the YAML file; `lb.snapshot` compiles them; nothing here knows YAML. Units
and defaults are ALB's (elbv2 attributes and target group members).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from rules import RuleSet


class DesyncMode(Enum):
    """`routing.http.desync_mitigation_mode`."""

    MONITOR = "monitor"
    DEFENSIVE = "defensive"
    STRICTEST = "strictest"


class XffMode(Enum):
    """`routing.http.xff_header_processing.mode`."""

    APPEND = "append"
    PRESERVE = "preserve"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class LoadBalancerAttributes:
    """The load balancer attributes that change how a request is handled."""

    idle_timeout_seconds: int = 60
    client_keep_alive_seconds: int = 3600
    drop_invalid_header_fields: bool = False
    preserve_host_header: bool = False
    tls_version_and_cipher_headers: bool = False
    tls_key_exchange_header: bool = False
    xff_client_port: bool = False
    xff_mode: XffMode = XffMode.APPEND
    desync_mode: DesyncMode = DesyncMode.DEFENSIVE
    http2: bool = True
    """Whether HTTPS listeners offer HTTP/2."""


class ProtocolVersion(Enum):
    """`ProtocolVersion` of a target group: what its targets are sent."""

    HTTP1 = "HTTP1"
    HTTP2 = "HTTP2"
    GRPC = "GRPC"


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A target group's health check (alb.md 5.5)."""

    protocol: str = "HTTP"
    port: int | None = None
    """None: `traffic-port`, the port on which the target gets requests."""
    path: str = "/"
    interval_seconds: float = 30
    timeout_seconds: float = 5
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    matcher: str = "200"
    """`200`, `200,202`, `200-299` or a mix; of a GRPC group gRPC codes from 0 to 99."""


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """A registered target."""

    id: str
    """IP address or host name; of an application the import string."""
    port: int
    """0 of an application."""


@dataclass(frozen=True, slots=True)
class TargetGroupSettings:
    """One target group."""

    name: str
    arn: str
    protocol: str = "HTTP"
    port: int = 80
    targets: tuple[TargetSettings, ...] = ()
    health_check: HealthCheck = HealthCheck()
    deregistration_delay_seconds: int = 300
    minimum_healthy_count: int = 1
    """`target_group_health.unhealthy_state_routing.minimum_healthy_targets.count`: below it, fail open."""
    minimum_healthy_percentage: int | None = None
    protocol_version: ProtocolVersion = ProtocolVersion.HTTP1
    forwards_reset_codes: bool = False
    """`routing.http2.rst_stream_error_forwarding.enabled`: clients get the code of a target's RST_STREAM."""
    code_folder: Path | None = None
    """Set where the targets are applications of this process: where their code is looked for last."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A certificate chain and its key, PEM."""

    certificate: Path
    private_key: Path


@dataclass(frozen=True, slots=True)
class TrustStoreSettings:
    """Authorities of client certificates, PEM, and files of what they have revoked."""

    name: str
    bundle: Path
    revocations: tuple[Path, ...] = ()


class MutualMode(Enum):
    """`MutualAuthentication.Mode`."""

    OFF = "off"
    PASSTHROUGH = "passthrough"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class MutualAuthentication:
    """What an HTTPS listener does with client certificates (alb.md 1.5)."""

    mode: MutualMode = MutualMode.OFF
    trust_store: TrustStoreSettings | None = None
    """Of mode verify."""
    ignore_expiry: bool = False


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """One listener: protocol, port, rules."""

    arn: str
    protocol: str
    port: int
    address: str
    ruleset: RuleSet
    certificates: tuple[CertificateFiles, ...] = ()
    ssl_policy: str = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    response_headers: tuple[tuple[str, str], ...] = ()
    """Headers that `routing.http.response.*.header_value` set on every response."""
    server_header: bool = True
    request_header_names: tuple[tuple[str, str], ...] = ()
    """(usual name, other name) of request headers that `routing.http.request.*.header_name` rename."""
    mutual: MutualAuthentication = MutualAuthentication()
    http2: bool = True
    """Whether it offers HTTP/2 beside HTTP/1.1, when it is HTTPS."""
    tells_key_exchange: bool = False
    """Whether somebody wants to know the key exchange groups of its connections: a header or the log."""


@dataclass(frozen=True, slots=True, repr=False)
class IdentityProvider:
    """An OpenID provider's endpoints and our credentials there, complete (discovery done or not needed).

    `app` is the provider's ASGI application when it runs in this process; back-channel calls then go to
    it directly.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    user_info_endpoint: str
    jwks_uri: str
    client_id: str
    client_secret: str
    app: object | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return f"IdentityProvider(issuer={self.issuer!r}, client_id={self.client_id!r})"


@dataclass(frozen=True, slots=True)
class PoolServerSettings:
    """Where the user pools of the configuration are served, by import string: `lb` never imports the pool."""

    port: int = 9000
    """0: a free port, printed at start."""
    address: str = "127.0.0.1"
    public_url: str | None = None
    """Origin that browsers use; None: `http://localhost:<port>`."""
    smtp: Mapping[str, object] | None = field(default=None, repr=False)
    """Mail server in the file's own words (Host, Port, Username, Password, Security, From); None: the dev
    inbox.
    """
    database: str | None = field(default=None, repr=False)
    """URL of a PostgreSQL database, password included; None: a file in the data directory."""
    access: Mapping[str, object] | None = field(default=None, repr=False)
    """Who may manage the pools, in the file's own words (AccessKeys, SignatureCheck)."""
    guard: Mapping[str, object] | None = None
    """Trusted proxies, rate limits, password lists and places, in the file's own words (TrustedProxies,
    RateLimits, BreachedPasswords, LocationDatabase).
    """
    functions: Mapping[str, object] | None = field(default=None, repr=False)
    """What the pools' triggers call, in the file's own words (Functions, LambdaEndpoint)."""
    folder: Path | None = None
    """Where the files of functions count from: the folder of the configuration file."""
    sms: Mapping[str, object] | None = field(default=None, repr=False)
    """Webhook for text messages in the file's own words; None: the dev inbox."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole load balancer."""

    name: str
    arn: str
    """Identifies the signer of identity tokens, e.g.

    `arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/web/<16 hex>`.
    """
    region: str
    listeners: tuple[ListenerSettings, ...]
    target_groups: Mapping[str, TargetGroupSettings]
    attributes: LoadBalancerAttributes = LoadBalancerAttributes()
    admin_address: str = "127.0.0.1"
    admin_port: int | None = None
    access_log: str | None = None
    """Path of the access log, `-` for standard output, None for none."""
    connection_log: str | None = None
    """Path of the connection log, likewise."""
    data_directory: Path = Path("albacore-data")
    pool_server: PoolServerSettings | None = None
    """None: this process serves no user pool."""
    workers: int = 1
    """Processes that serve the listeners; 1: this one does everything."""
