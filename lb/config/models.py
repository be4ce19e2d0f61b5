"""The shape of the configuration file: one pydantic model per section, in CloudFormation's property names.

Docstrings under the fields are the descriptions in the JSON Schema and in docs/config.md. The models
check types and ranges of single values. Rules, attributes and user pools keep their raw form here:
`rules`, `lb.config.attributes` and the pool's own parser check those, each with its own places.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_pascal

from lb.config.rule_shapes import Action, Rule, ShownAs
from lb.targets.health import GRPC_CODES, HTTP_CODES, parse_matcher
from lb.workers.cpus import count_cpus

Protocol = Literal["HTTP", "HTTPS"]
MAX_WORKERS = 64


class Section(BaseModel):
    """A mapping of the file.

    Unknown keys are reported by `lb.config.unknown`, which can say what was meant.
    """

    model_config = ConfigDict(
        alias_generator=to_pascal,
        extra="ignore",
        frozen=True,
        use_attribute_docstrings=True,
        json_schema_extra={"additionalProperties": False},
        hide_input_in_errors=True,
    )


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _check_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?", value):
        raise ValueError("1 to 32 letters, digits and hyphens, with no hyphen at either end")
    return value


def _check_bind_address(value: str) -> str:
    if value != "localhost":
        try:
            ipaddress.ip_address(value)
        except ValueError:
            raise ValueError("an IP address of this machine, `0.0.0.0`, `::` or `localhost`") from None
    return value


_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")


IMPORT_STRING = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


def _check_target_id(value: str) -> str:
    if IMPORT_STRING.fullmatch(value):
        return value
    try:
        ipaddress.ip_address(value)
    except ValueError:
        looks_numeric = re.fullmatch(r"[0-9.]+", value) is not None
        if looks_numeric or len(value) > 253 or not _HOST.fullmatch(value):
            raise ValueError("an IP address or a host name, without scheme, port or path") from None
    return value


_PUBLIC_URL = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*")


def _check_public_url(value: str) -> str:
    if not _PUBLIC_URL.fullmatch(value):
        raise ValueError("a URL such as https://login.example.com, without query and without `/` at the end")
    return value


# Reserved characters of user and password are escaped (RFC 3986 3.2.1), so that what hides a password in
# a URL finds all of it.
_DATABASE = re.compile(r"postgres(ql)?://([^\s/?#@]+@)?[^\s/?#@]+/[^\s/?#]+(\?[^\s#]*)?")


def _check_database(value: str) -> str:
    if not _DATABASE.fullmatch(value):
        raise ValueError("a URL such as postgresql://user:password@host:5432/name, special characters as %XX")
    if re.search(r"[?&]password=", value):
        raise ValueError("the password belongs in front of the host: postgresql://user:password@host/name")
    return value


def _check_http_code(value: str) -> str:
    try:
        parse_matcher(value, HTTP_CODES)
    except ValueError:
        raise ValueError('codes from 200 to 499: "200", "200,202", "200-299" or a mix') from None
    return value


def _check_grpc_code(value: str) -> str:
    try:
        parse_matcher(value, GRPC_CODES)
    except ValueError:
        raise ValueError('codes from 0 to 99: "12", "0,12", "0-16" or a mix') from None
    return value


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Name = Annotated[str, AfterValidator(_check_name)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
BindPort = Annotated[int, Field(ge=0, le=65535)]
BindAddress = Annotated[str, AfterValidator(_check_bind_address)]
ProtocolName = Annotated[Protocol, BeforeValidator(_upper)]
Text = Annotated[str, Field(min_length=1)]

_ATTRIBUTES_SCHEMA = {
    "oneOf": [
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"Key": {"type": "string"}, "Value": {"type": ["string", "number", "boolean"]}},
                "required": ["Key", "Value"],
                "additionalProperties": False,
            },
        },
        {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
    ]
}
Attributes = Annotated[Any, WithJsonSchema(_ATTRIBUTES_SCHEMA)]
"""A list of `{Key, Value}` as in CloudFormation, or a plain mapping."""


class LoadBalancerSection(Section):
    """The load balancer itself; every key is optional."""

    name: Name = "albacore"
    """Name of the load balancer; part of its ARN, and so of the `signer` of identity tokens."""
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = "us-east-1"
    """Region named in ARNs. The default has the shape of a real one: AWS's verifiers of identity tokens
    refuse a signer without."""
    account_id: Annotated[str, BeforeValidator(_number_as_text), Field(pattern=r"^[0-9]{12}$")] = (
        "000000000000"
    )
    """Account named in ARNs, 12 digits (in quotes: it may begin with a zero)."""
    load_balancer_arn: (
        Annotated[
            str,
            Field(
                pattern=r"^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/app/[A-Za-z0-9-]+/[0-9a-f]{16}$"
            ),
        ]
        | None
    ) = None
    """Whole ARN, where apps check the `signer` of an AWS load balancer that this one stands in for.
    Default: derived from name, region and account."""
    quotas: Literal["relaxed", "aws"] = "relaxed"
    """`aws`: rules that exceed the quotas of an AWS load balancer (100 rules, 5 values and 6 wildcards
    per rule, ...) are problems, so that the file stays portable."""
    load_balancer_attributes: Attributes = ()
    """Load balancer attributes; see the table of keys below."""


class CertificateSection(Section):
    """A certificate and its key, both PEM.

    The first of a listener is its default; others are chosen by SNI.
    """

    certificate_file: Text
    """Certificate with its chain, PEM, leaf first."""
    private_key_file: Text
    """Private key, PEM, not encrypted: RSA or ECDSA."""


class TrustStoreSection(Section):
    """Authorities whose client certificates a listener accepts; `TrustStoreArn` names it."""

    name: Name
    """Name, referred to by `TrustStoreArn`."""
    ca_certificates_bundle_file: Text
    """Certificates of the authorities, PEM. Each is trusted by itself, also one that is no root."""
    revocation_files: Annotated[tuple[Text, ...], Field(max_length=30)] = ()
    """Certificate revocation lists (CRL), PEM or DER, each signed by one of the authorities."""


class MutualAuthenticationSection(Section):
    """What an HTTPS listener does with client certificates; see [TLS](tls.md)."""

    mode: Literal["off", "passthrough", "verify"] = "off"
    """`passthrough` gives targets what the client presents, unverified; `verify` lets only clients of the
    trust store in."""
    trust_store_arn: Text | None = None
    """Name of an entry of `TrustStores`, its ARN, or a PEM file of authorities; `verify` needs it."""
    ignore_client_certificate_expiry: bool = False
    """Accept certificates that are not valid yet, or no more."""
    advertise_trust_store_ca_names: Literal["on", "off"] = "off"
    """Only `off`: Python cannot name the authorities to clients; `on` is a warning."""


class ListenerSection(Section):
    """A port that accepts requests, and the rules for them."""

    port: BindPort
    """Port to listen on; 0 takes a free one and prints it."""
    protocol: ProtocolName = "HTTP"
    """`HTTP` or `HTTPS`; HTTPS needs `Certificates`."""
    address: BindAddress = "0.0.0.0"  # noqa: S104 -- a load balancer's default is every address, as in AWS
    """Address of this machine to listen on."""
    certificates: tuple[CertificateSection, ...] = ()
    """Certificates of an HTTPS listener."""
    ssl_policy: Text = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    """Security policy by its AWS name: TLS versions and ciphers."""
    mutual_authentication: MutualAuthenticationSection | None = None
    """Client certificates; absent: none are asked for."""
    listener_attributes: Attributes = ()
    """Listener attributes; see the table of keys below."""
    default_actions: Annotated[Any, ShownAs(Action)]
    """Actions for requests that no rule takes: at most one authenticating action, then exactly one of
    forward, redirect and fixed-response."""
    rules: Annotated[Any, ShownAs(Rule)] = ()
    """Rules, tried by ascending `Priority`; the first whose conditions all hold decides."""


class TargetSection(Section):
    """One target of a group."""

    id: Annotated[str, AfterValidator(_check_target_id)]
    """IP address or host name of the target; with `TargetType: asgi` an application's import string.
    A target of an HTTPS group is told its host name by SNI; one that is named by its address is told none,
    as by ALB."""
    port: PortNumber | None = None
    """Port of the target; default: the group's. Applications have none."""


class MatcherSection(Section):
    """Which answers count as healthy."""

    http_code: Annotated[str, BeforeValidator(_number_as_text), AfterValidator(_check_http_code)] = "200"
    """Status codes from 200 to 499: `"200"`, `"200,202"`, `"200-299"` or a mix."""
    grpc_code: Annotated[str, BeforeValidator(_number_as_text), AfterValidator(_check_grpc_code)] | None = (
        None
    )
    """Status codes of gRPC from 0 to 99, for GRPC groups. Default: `"12"`, "unimplemented"."""


class TargetGroupSection(Section):
    """Servers that can answer the same requests, and how their health is checked."""

    name: Name
    """Name, referred to by `TargetGroupArn`."""
    protocol: ProtocolName = "HTTP"
    """`HTTP` or `HTTPS` towards the targets. As in AWS, certificates of targets are not verified."""
    port: PortNumber | None = None
    """Port of targets that name none."""
    protocol_version: Annotated[Literal["HTTP1", "HTTP2", "GRPC"], BeforeValidator(_upper)] = "HTTP1"
    """What the targets are sent: HTTP/1.1, HTTP/2, or gRPC. HTTP2 and GRPC take clients of HTTP/2 alone, and
    so need an HTTPS listener; see [HTTP/2](http2.md)."""
    target_type: Literal["ip", "asgi"] = "ip"
    """Kind of targets. `asgi` (not in AWS): ASGI applications that run inside albacore, one in every worker
    process; `Id` is an import string such as `shop.web:app`, of what is installed or lies beside this file.
    Once started, one runs until the process ends: changed code needs a restart."""
    targets: Annotated[tuple[TargetSection, ...], Field(max_length=1000)] = ()
    """The targets. A group without targets answers 503."""
    health_check_enabled: Literal[True] = True
    """Always on for this kind of targets, as in AWS."""
    health_check_protocol: ProtocolName | None = None
    """`HTTP` or `HTTPS`. Default: `HTTP`, as in AWS."""
    health_check_port: Annotated[
        int | None,
        BeforeValidator(lambda value: None if value == "traffic-port" else value),
        Field(ge=1, le=65535),
        WithJsonSchema(
            {"oneOf": [{"const": "traffic-port"}, {"type": "integer", "minimum": 1, "maximum": 65535}]}
        ),
    ] = None
    """Port to check; `traffic-port`, the default, is the one that gets requests."""
    health_check_path: Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^/[!-~]*$")] | None = (
        None
    )
    """Path, and query, of the check. Default: `/`; of a GRPC group the method `/AWS.ALB/healthcheck`."""
    health_check_interval_seconds: Annotated[int, Field(ge=5, le=300)] = 30
    """Seconds between checks."""
    health_check_timeout_seconds: Annotated[int, Field(ge=2, le=120)] = 5
    """Seconds after which a check has failed; less than the interval."""
    healthy_threshold_count: Annotated[int, Field(ge=2, le=10)] = 5
    """Successes in a row that make an unhealthy target healthy."""
    unhealthy_threshold_count: Annotated[int, Field(ge=2, le=10)] = 2
    """Failures in a row that make a healthy target unhealthy."""
    matcher: MatcherSection = MatcherSection()
    """Which answers count as healthy."""
    target_group_attributes: Attributes = ()
    """Target group attributes; see the table of keys below."""


class SmtpSection(Section):
    """A mail server.

    Without it, mails stay in the database and are shown at `/dev/inbox` to this machine only.
    """

    host: Text
    """Host name of the mail server."""
    port: PortNumber = 587
    """Port of the mail server."""
    username: str = ""
    """User name; empty for none."""
    password: Annotated[str, Field(repr=False)] = ""
    """Password; best a reference such as `${SMTP_PASSWORD}`."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls`, `tls` from the first byte, or `none`."""
    sender: Text = Field(alias="From")
    """Sender, `login@example.com` or `Staff login <login@example.com>`."""
    timeout_seconds: Annotated[int, Field(ge=1, le=120)] = 10
    """Seconds for a mail to be handed over."""
    ca_file: str | None = None
    """PEM file of certificate authorities to trust instead of the system's."""


class AccessKeySection(Section):
    """A key that signs requests to the user pools' API, as an AWS access key does (Signature Version 4)."""

    access_key_id: Text
    """Its id, which is no secret: letters, digits and `_`."""
    secret_access_key: Annotated[str, Field(repr=False)]
    """16 to 256 visible ASCII characters; best a reference such as `${file:/run/secrets/pool-key}`."""
    user_pools: tuple[str, ...] | None = None
    """Ids or names of the user pools it may manage. Default: all of them, and what belongs to none."""


class SmsSection(Section):
    """A webhook that sends text messages: one signed POST each, see [user pool](user-pool.md).

    Without it, text messages stay in the database and are shown at `/dev/inbox` to this machine only.
    """

    webhook_url: Text
    """https URL (http on this machine only)."""
    webhook_secret: Annotated[str, Field(min_length=16, repr=False)]
    """Signs every request; 16 or more characters, best a reference such as `${SMS_SECRET}`."""
    timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 10
    """Seconds for a message to be handed over."""


class RateSection(Section):
    """So many in so many seconds, all of them at once if need be."""

    count: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    """How many; 0: no limit."""
    seconds: Annotated[int, Field(ge=1, le=86_400)] | None = None
    """In how many seconds they come back."""


class RateLimitsSection(Section):
    """How much is too much, see [threat protection](threat-protection.md). Each process counts for itself."""

    exempt: tuple[str, ...] | None = None
    """Addresses and CIDR blocks that are not counted, such as an app's servers. Default: this machine."""
    requests: RateSection | None = None
    """Requests of any kind, by address. Default: 600 in 2 seconds."""
    failures: RateSection | None = None
    """Wrong passwords, codes, names and client secrets, by address. Default: 100 in 600 seconds."""
    messages: RateSection | None = None
    """Requests that send a mail or text message, by address. Default: 100 in 3600 seconds."""
    attempts: RateSection | None = None
    """Steps of a sign-in, by account. Default: 50 in 5 seconds."""


class FunctionSection(Section):
    """A function that triggers of user pools call, see [triggers](triggers.md): Python code, or a webhook."""

    function_name: Text
    """Its name: letters, digits, `-` and `_`. `LambdaConfig` of a pool names it, bare or as an ARN's end."""
    handler: str | None = None
    """`file.py:handler` or `package.module:handler`, run in a process of its own; the file counts from this
    one's folder.
    """
    url: str | None = None
    """https URL (http on this machine only) that gets each event as a signed POST, in place of `Handler`."""
    secret: Annotated[str | None, Field(repr=False)] = None
    """Signs every request to `Url`; 16 or more characters, best a reference such as `${HOOK_SECRET}`."""
    timeout: Annotated[int, Field(ge=1, le=60)] = 5
    """Seconds for an answer."""


class BreachedPasswordsSection(Section):
    """Lists of breached passwords beside the one that is always there, see
    [threat protection](threat-protection.md).
    """

    file: Text | None = None
    """File that `albacore breached build` wrote."""
    range_url: Text | None = None
    """Service that is asked for a range of hashes: `<RangeUrl>/<five hex digits>`."""
    timeout_seconds: Annotated[int, Field(ge=1, le=10)] = 2
    """Seconds to wait for the service; after that the password counts as not known."""


class PoolServerSection(Section):
    """Where the user pools of this file are served."""

    port: BindPort = 9000
    """Port to listen on; 0 takes a free one and prints it."""
    address: BindAddress = "127.0.0.1"
    """Address of this machine to listen on."""
    public_url: Annotated[str, AfterValidator(_check_public_url)] | None = None
    """URL at which browsers reach the pool; the issuer of its tokens begins with it.

    Default: `http://localhost:<port>`.
    """
    smtp: SmtpSection | None = None
    """Mail server for codes and invitations."""
    sms: SmsSection | None = None
    """Webhook for text messages."""
    functions: tuple[FunctionSection, ...] = ()
    """What the triggers of user pools call."""
    lambda_endpoint: str | None = None
    """URL of a Lambda invoke endpoint (runtime interface emulator, LocalStack) for all other functions."""
    database: Annotated[str, AfterValidator(_check_database)] | None = None
    """PostgreSQL database for the pools, `postgresql://user:password@host:5432/name`.

    Several processes may share it; each needs the same `instance.key` in its data directory. Default: a
    SQLite file in the data directory.
    """
    access_keys: tuple[AccessKeySection, ...] = ()
    """Keys for the operations of the API that manage pools and users. Without any, those are refused."""
    trusted_proxies: tuple[str, ...] | None = None
    """Addresses and CIDR blocks of proxies whose `X-Forwarded-For` is believed. Default: this machine."""
    rate_limits: RateLimitsSection | None = None
    """How much one address or account may do."""
    breached_passwords: BreachedPasswordsSection | None = None
    """What passwords are held against in pools with `UserPoolAddOns.AdvancedSecurityMode`."""
    location_database: Text | None = None
    """MMDB file that says where addresses are, see [threat protection](threat-protection.md)."""
    signature_check: Literal["strict", "accept-any"] = "strict"
    """`strict` asks for a signature by one of the keys.

    `accept-any` takes whatever signature there is from programs on this machine, and from nowhere else: only
    for work on a machine that nobody shares.
    """


class AdminSection(Section):
    """Health, metrics and state of this process. It has no login: keep it on a private address."""

    port: BindPort
    """Port to listen on; 0 takes a free one and prints it."""
    address: BindAddress = "127.0.0.1"
    """Address of this machine to listen on."""


class ConfigFile(Section):
    """The whole file. Paths in it count from the folder it is in."""

    load_balancer: LoadBalancerSection = LoadBalancerSection()
    """Name and attributes of the load balancer."""
    listeners: Annotated[tuple[ListenerSection, ...], Field(min_length=1, max_length=50)]
    """Ports that accept requests."""
    target_groups: Annotated[tuple[TargetGroupSection, ...], Field(max_length=100)] = ()
    """Servers that requests are forwarded to."""
    trust_stores: Annotated[tuple[TrustStoreSection, ...], Field(max_length=20)] = ()
    """Authorities of client certificates."""
    user_pools: Annotated[Any, WithJsonSchema({"type": "array", "items": {"type": "object"}})] = None
    """User pools that this process serves, in the properties of AWS::Cognito::UserPool."""
    pool_server: PoolServerSection = PoolServerSection()
    """Where the user pools are served."""
    admin: AdminSection | None = None
    """Where health, metrics and state are served; absent: nowhere."""
    access_log: Text | None = None
    """File of the access log in ALB's format; `-` for standard output; absent: none."""
    connection_log: Text | None = None
    """File of the connection log in ALB's format; `-` for standard output; absent: none."""
    data_directory: Text = "albacore-data"
    """Folder for key files and the pools' database; created with access for its owner only."""
    workers: Annotated[
        int,
        BeforeValidator(lambda value: min(count_cpus(), MAX_WORKERS) if value == "auto" else value),
        Field(ge=1, le=MAX_WORKERS),
        WithJsonSchema(
            {"oneOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": MAX_WORKERS}]}
        ),
    ] = 1
    """Processes that serve the listeners; `auto`: one for each CPU. See docs/operations.md."""
