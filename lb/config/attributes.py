"""Attribute keys of load balancers, listeners and target groups: what each accepts, and what it does here.

ALB user guide, "attributes" of each object. Three tables; docs/config.md is printed from them. A key that
AWS knows and this version does not act on is accepted as long as its value asks for what happens anyway;
asking for more is a warning, or a problem where an app would break for want of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from lb.config.document import Document
from lb.config.problems import Place
from lb.config.suggest import did_you_mean
from lb.headers import Kind, classify
from lb.tls_facts import CHAIN, CIPHER, ISSUER, LEAF, SERIAL_NUMBER, SUBJECT, VALIDITY, VERSION

AttributeValue = str | int | bool | None
Parse = Callable[[str], AttributeValue]


class Support(Enum):
    """What setting an attribute does in this version."""

    FULL = "yes"
    AWS_ONLY = "accepted; has no meaning outside AWS"
    IGNORED = "only the default; other values are ignored with a warning"
    REFUSED = "only the default; other values are refused"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One key: its values, its default as AWS writes it, and its support."""

    key: str
    accepts: str
    default: str
    parse: Parse
    support: Support = Support.FULL
    field: str = ""
    """The member of the settings that it fills; for response headers, the header's name."""


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError
    return text == "true"


def _whole(low: int, high: int, *, extra: int | None = None) -> Parse:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise ValueError
        number = int(text)
        if number != extra and not low <= number <= high:
            raise ValueError
        return number

    return parse


def _one_of(*words: str) -> Parse:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return parse


def _off_or(parse_number: Parse) -> Parse:
    return lambda text: None if text == "off" else parse_number(text)


def _text(text: str) -> str:
    return text


def _matching(pattern: str) -> Parse:
    compiled = re.compile(pattern)

    def parse(text: str) -> str:
        if len(text) > 1024 or not compiled.fullmatch(text):
            raise ValueError
        return text

    return parse


# ALB user guide, "HTTP header modification": the characters that a header value may hold.
_HEADER_VALUE = _matching(r"[A-Za-z0-9 `_:;.,\\/'?!(){}\[\]@<>=\-+*#&|~^%]*")


def _or_empty(parse: Parse) -> Parse:
    """An empty value asks for what happens without the attribute."""
    return lambda text: parse(text) if text else ""


def _other_name(header: str) -> Parse:
    def parse(text: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", text):
            raise ValueError
        # Names that frame a request, say who sent it, or are owned already would be sent twice.
        if text.lower() != header.lower() and classify(text.encode())[1] != Kind.PLAIN:
            raise ValueError
        return text

    return parse


def _table(*attributes: Attribute) -> Mapping[str, Attribute]:
    return {attribute.key: attribute for attribute in attributes}


def _s3_logs(kind: str) -> tuple[Attribute, ...]:
    return (
        Attribute(f"{kind}.s3.enabled", "true, false", "false", _boolean, Support.IGNORED),
        Attribute(f"{kind}.s3.bucket", "text", "", _text, Support.AWS_ONLY),
        Attribute(f"{kind}.s3.prefix", "text", "", _text, Support.AWS_ONLY),
    )


_HTTP = "routing.http."
_BOOLEAN = "true, false"

LOAD_BALANCER = _table(
    Attribute(
        "idle_timeout.timeout_seconds", "1 to 4000", "60", _whole(1, 4000), field="idle_timeout_seconds"
    ),
    Attribute(
        "client_keep_alive.seconds",
        "60 to 604800",
        "3600",
        _whole(60, 604800),
        field="client_keep_alive_seconds",
    ),
    Attribute(
        f"{_HTTP}drop_invalid_header_fields.enabled",
        _BOOLEAN,
        "false",
        _boolean,
        field="drop_invalid_header_fields",
    ),
    Attribute(
        f"{_HTTP}preserve_host_header.enabled", _BOOLEAN, "false", _boolean, field="preserve_host_header"
    ),
    Attribute(
        f"{_HTTP}x_amzn_tls_version_and_cipher_suite.enabled",
        _BOOLEAN,
        "false",
        _boolean,
        field="tls_version_and_cipher_headers",
    ),
    Attribute(f"{_HTTP}xff_client_port.enabled", _BOOLEAN, "false", _boolean, field="xff_client_port"),
    Attribute(
        f"{_HTTP}xff_header_processing.mode",
        "append, preserve, remove",
        "append",
        _one_of("append", "preserve", "remove"),
        field="xff_mode",
    ),
    Attribute(
        f"{_HTTP}desync_mitigation_mode",
        "monitor, defensive, strictest",
        "defensive",
        _one_of("monitor", "defensive", "strictest"),
        field="desync_mode",
    ),
    Attribute(f"{_HTTP}x_amzn_tls_kx.enabled", _BOOLEAN, "false", _boolean, field="tls_key_exchange_header"),
    Attribute("routing.http2.enabled", _BOOLEAN, "true", _boolean, field="http2"),
    Attribute("waf.fail_open.enabled", _BOOLEAN, "false", _boolean, Support.AWS_ONLY),
    Attribute("deletion_protection.enabled", _BOOLEAN, "false", _boolean, Support.AWS_ONLY),
    Attribute("load_balancing.cross_zone.enabled", "true", "true", _one_of("true"), Support.AWS_ONLY),
    Attribute("ipv6.deny_all_igw_traffic", _BOOLEAN, "false", _boolean, Support.AWS_ONLY),
    Attribute("zonal_shift.config.enabled", _BOOLEAN, "false", _boolean, Support.AWS_ONLY),
    *_s3_logs("access_logs"),
    *_s3_logs("connection_logs"),
    *_s3_logs("health_check_logs"),
)


def _response_header(
    word: str, header: str, accepts: str = "text, up to 1024 characters", parse: Parse = _HEADER_VALUE
) -> Attribute:
    return Attribute(f"{_HTTP}response.{word}.header_value", accepts, "", _or_empty(parse), field=header)


def _renamed_header(word: str, header: str) -> Attribute:
    accepts = "header name, none that the load balancer owns"
    parse = _or_empty(_other_name(header))
    return Attribute(f"{_HTTP}request.{word}.header_name", accepts, header, parse, field=header)


LISTENER = _table(
    Attribute(f"{_HTTP}response.server.enabled", _BOOLEAN, "true", _boolean, field="server_header"),
    _response_header("strict_transport_security", "Strict-Transport-Security"),
    _response_header("access_control_allow_origin", "Access-Control-Allow-Origin"),
    _response_header("access_control_allow_methods", "Access-Control-Allow-Methods"),
    _response_header("access_control_allow_headers", "Access-Control-Allow-Headers"),
    _response_header(
        "access_control_allow_credentials", "Access-Control-Allow-Credentials", "true", _one_of("true")
    ),
    _response_header("access_control_expose_headers", "Access-Control-Expose-Headers"),
    _response_header("access_control_max_age", "Access-Control-Max-Age", "seconds", _matching(r"[0-9]{1,9}")),
    _response_header("content_security_policy", "Content-Security-Policy"),
    _response_header("x_content_type_options", "X-Content-Type-Options", "nosniff", _one_of("nosniff")),
    _response_header(
        "x_frame_options",
        "X-Frame-Options",
        "DENY, SAMEORIGIN, ALLOW-FROM <origin>",
        _matching(r"DENY|SAMEORIGIN|ALLOW-FROM https?://[!-~]+"),
    ),
    *(
        _renamed_header(header.lower().replace("-", "_"), header)
        for header in (VERSION, CIPHER, CHAIN, SERIAL_NUMBER, ISSUER, SUBJECT, VALIDITY, LEAF)
    ),
)

_HEALTH = "target_group_health."
_PERCENTAGE = _off_or(_whole(1, 100))
_COUNT = _whole(1, 1000)

TARGET_GROUP = _table(
    Attribute(
        "deregistration_delay.timeout_seconds",
        "0 to 3600",
        "300",
        _whole(0, 3600),
        field="deregistration_delay_seconds",
    ),
    Attribute(
        f"{_HEALTH}unhealthy_state_routing.minimum_healthy_targets.count",
        "1 to 1000",
        "1",
        _COUNT,
        field="minimum_healthy_count",
    ),
    Attribute(
        f"{_HEALTH}unhealthy_state_routing.minimum_healthy_targets.percentage",
        "off, 1 to 100",
        "off",
        _PERCENTAGE,
        field="minimum_healthy_percentage",
    ),
    Attribute(
        f"{_HEALTH}dns_failover.minimum_healthy_targets.count",
        "off, 1 to 1000",
        "1",
        _off_or(_COUNT),
        Support.AWS_ONLY,
    ),
    Attribute(
        f"{_HEALTH}dns_failover.minimum_healthy_targets.percentage",
        "off, 1 to 100",
        "off",
        _PERCENTAGE,
        Support.AWS_ONLY,
    ),
    Attribute("slow_start.duration_seconds", "0, 30 to 900", "0", _whole(30, 900, extra=0), Support.IGNORED),
    Attribute(
        "load_balancing.algorithm.type",
        "round_robin, least_outstanding_requests, weighted_random",
        "round_robin",
        _one_of("round_robin", "least_outstanding_requests", "weighted_random"),
        Support.IGNORED,
    ),
    Attribute(
        "load_balancing.algorithm.anomaly_mitigation", "on, off", "off", _one_of("on", "off"), Support.IGNORED
    ),
    Attribute(
        "load_balancing.cross_zone.enabled",
        "true, false, use_load_balancer_configuration",
        "use_load_balancer_configuration",
        _one_of("true", "false", "use_load_balancer_configuration"),
        Support.AWS_ONLY,
    ),
    Attribute(
        "routing.http2.rst_stream_error_forwarding.enabled",
        _BOOLEAN,
        "false",
        _boolean,
        field="forwards_reset_codes",
    ),
    Attribute(
        "waf.http2.traffic_inspection_behavior",
        "inspect_immediately, inspect_after_sufficient_data",
        "inspect_immediately",
        _one_of("inspect_immediately", "inspect_after_sufficient_data"),
        Support.AWS_ONLY,
    ),
    Attribute("stickiness.enabled", _BOOLEAN, "false", _boolean, Support.REFUSED),
    Attribute(
        "stickiness.type",
        "lb_cookie, app_cookie",
        "lb_cookie",
        _one_of("lb_cookie", "app_cookie"),
        Support.AWS_ONLY,
    ),
    Attribute(
        "stickiness.lb_cookie.duration_seconds", "1 to 604800", "86400", _whole(1, 604800), Support.AWS_ONLY
    ),
    Attribute(
        "stickiness.app_cookie.duration_seconds", "1 to 604800", "86400", _whole(1, 604800), Support.AWS_ONLY
    ),
    Attribute(
        "stickiness.app_cookie.cookie_name",
        "cookie name, not AWSALB...",
        "",
        _matching(r"(?!AWSALB)[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}"),
        Support.AWS_ONLY,
    ),
)


def read_attributes(
    document: Document, where: Place, table: Mapping[str, Attribute], given: object
) -> dict[str, AttributeValue]:
    """Return `field -> value` of the attributes at `where`, reporting everything that is wrong with them."""
    values: dict[str, AttributeValue] = {}
    for key, (key_place, place, raw) in _entries(document, where, given).items():
        attribute = table.get(key)
        if attribute is None:
            message = f"unknown attribute `{key}`{did_you_mean(key, table)}"
            document.report(key_place, "UnknownAttribute", message, key=isinstance(key_place[-1], str))
            continue
        value = _read_one(document, place, attribute, raw)
        if value is not _BAD and attribute.field:
            assert not isinstance(value, _Bad)
            values[attribute.field] = value
    return values


class _Bad:
    """The value could not be read; the problem is reported."""


_BAD = _Bad()


def _entries(document: Document, where: Place, given: object) -> dict[str, tuple[Place, Place, object]]:
    """Return `key -> (place of the key, place of the value, value)` of either spelling."""
    if isinstance(given, Mapping):
        return {key: ((*where, key), (*where, key), value) for key, value in given.items()}
    entries: dict[str, tuple[Place, Place, object]] = {}
    if given is not None and not isinstance(given, list | tuple):
        document.report(where, "BadType", "must be a list of `{Key, Value}` or a mapping of keys to values")
        return entries
    for index, item in enumerate(given or ()):
        place = (*where, index)
        if not isinstance(item, Mapping) or set(item) != {"Key", "Value"} or not isinstance(item["Key"], str):
            document.report(place, "BadType", "an attribute has exactly the members `Key` and `Value`")
        elif item["Key"] in entries:
            document.report(
                (*place, "Key"), "DuplicateAttribute", f"`{item['Key']}` is given twice: take one out"
            )
        else:
            entries[item["Key"]] = ((*place, "Key"), (*place, "Value"), item["Value"])
    return entries


def _read_one(document: Document, place: Place, attribute: Attribute, raw: object) -> AttributeValue | _Bad:
    text = ("true" if raw else "false") if isinstance(raw, bool) else str(raw)
    if isinstance(raw, Mapping | list) or raw is None:
        document.report(place, "BadAttribute", f"`{attribute.key}` must be one value: {attribute.accepts}")
        return _BAD
    try:
        value = attribute.parse(text)
    except ValueError:
        document.report(place, "BadAttribute", f"`{attribute.key}` must be {attribute.accepts}")
        return _BAD
    if text != attribute.default:
        _report_support(document, place, attribute)
    return value


def _report_support(document: Document, place: Place, attribute: Attribute) -> None:
    if attribute.support is Support.IGNORED:
        document.warn(place, "NotSupportedYet", f"`{attribute.key}` is not supported yet: ignored")
    if attribute.support is Support.REFUSED:
        document.report(place, "NotSupportedYet", f"`{attribute.key}` is not supported yet: take it out")
