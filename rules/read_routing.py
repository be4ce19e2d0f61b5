"""Read the routing actions: forward, redirect and fixed-response.

Source: elbv2 `ForwardActionConfig`, `RedirectActionConfig`, `FixedResponseActionConfig`; ELB user guide,
"Action types for listener rules".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rules.actions import FixedResponse, Forward, Redirect, TargetGroupStickiness, WeightedTargetGroup
from rules.authority import is_host, is_visible
from rules.read_logins import check_known
from rules.reading import Section
from rules.redirects import find_placeholders

FORWARD = ("TargetGroups", "TargetGroupStickinessConfig")
REDIRECT = ("Protocol", "Port", "Host", "Path", "Query", "StatusCode")
FIXED_RESPONSE = ("StatusCode", "ContentType", "MessageBody")
CONTENT_TYPES = ("text/plain", "text/css", "text/html", "application/javascript", "application/json")

_GROUP_ARN = re.compile(r"arn:[^:]+:elasticloadbalancing:[^:]*:[^:]*:targetgroup/([^/\s]+)(?:/[^/\s]+)?")


def read_forward(action: Section) -> Forward | None:
    """Return the forward action.

    AWS allows both of its forms at once when they name the same single group.
    """
    single = _read_group(action, required=False)
    config = action.section("ForwardConfig", FORWARD)
    if config is None:
        if single is None and not action.has("TargetGroupArn"):
            action.report("MissingMember", "forward needs TargetGroupArn or ForwardConfig")
        return None if single is None else Forward((WeightedTargetGroup(single),))
    groups = _read_groups(config)
    if single is not None and [group.name for group in groups] != [single]:
        message = "TargetGroupArn and ForwardConfig must name the same single target group; give one of them"
        action.report("InvalidLoadBalancerAction", message, "TargetGroupArn")
    return Forward(groups, _read_stickiness(config)) if groups else None


def _read_group(section: Section, *, required: bool) -> str | None:
    text = section.text("TargetGroupArn", required=required)
    if text is None:
        return None
    name = text
    if text.startswith("arn:"):
        match = _GROUP_ARN.fullmatch(text)
        if match is None:
            section.report("ValidationError", "is not the ARN of a target group", "TargetGroupArn")
            return None
        name = match[1]
    check_known(section, name, section.scope.known_target_groups, "TargetGroupArn")
    return name


def _read_groups(config: Section) -> tuple[WeightedTargetGroup, ...]:
    limits = config.scope.limits
    sections = config.sections("TargetGroups", ("TargetGroupArn", "Weight"), required=True)
    if len(sections) > limits.target_groups_per_action:
        message = f"at most {limits.target_groups_per_action} target groups; these are {len(sections)}"
        config.report("TooManyTargetGroups", message, "TargetGroups")
    groups: list[WeightedTargetGroup] = []
    for section in sections:
        name = _read_group(section, required=True)
        weight = section.integer("Weight", 0, limits.weight)
        if weight is None and not section.has("Weight") and len(sections) > 1:
            section.warn(
                "WeightMissing", "Weight is missing; with several target groups give each one (1 is taken)"
            )
        if name is not None and any(group.name == name for group in groups):
            section.report("ValidationError", f"target group {name!r} is listed twice", "TargetGroupArn")
        elif name is not None:
            groups.append(WeightedTargetGroup(name, 1 if weight is None else weight))
    if groups and not any(group.weight for group in groups):
        config.warn("NoWeight", "all weights are 0: every request is answered 503", "TargetGroups")
    return tuple(groups)


def _read_stickiness(config: Section) -> TargetGroupStickiness:
    section = config.section("TargetGroupStickinessConfig", ("Enabled", "DurationSeconds"))
    plain = TargetGroupStickiness()
    if section is None:
        return plain
    enabled = section.flag("Enabled") or False
    seconds = section.integer("DurationSeconds", 1, section.scope.limits.stickiness_seconds)
    if enabled and seconds is None and not section.has("DurationSeconds"):
        section.report("MissingMember", "DurationSeconds is missing")
    return TargetGroupStickiness(enabled, seconds or plain.duration_seconds)


_PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    "Protocol": frozenset({"protocol"}),
    "Host": frozenset({"host"}),
    "Port": frozenset({"port"}),
    "Path": frozenset({"host", "port", "path"}),
    "Query": frozenset({"protocol", "host", "port", "path", "query"}),
}


def read_redirect(config: Section) -> Redirect | None:
    """Return the redirect action. AWS refuses one that can only lead back to where it came from."""
    plain = Redirect(0)
    status = config.choice("StatusCode", ("HTTP_301", "HTTP_302"), required=True)
    protocol = config.choice("Protocol", ("HTTP", "HTTPS", plain.protocol)) or plain.protocol
    port = _read_port(config) or plain.port
    host = config.text("Host", longest=128) or plain.host
    path = config.text("Path", longest=128) or plain.path
    query = config.text("Query", longest=128, empty=True)
    query = plain.query if query is None else query
    for member, text in (("Port", port), ("Host", host), ("Path", path), ("Query", query)):
        _check_component(config, member, text)
    unchanged = {"Protocol": plain.protocol, "Port": plain.port, "Host": plain.host, "Path": plain.path}
    if all(config.value(member) in (None, text) for member, text in unchanged.items()):
        message = "a redirect must change at least one of Protocol, Port, Host and Path, or it loops"
        config.report("InvalidLoadBalancerAction", message)
    if protocol == "HTTP" and config.scope.listener_protocol == "HTTPS":
        config.report("InvalidLoadBalancerAction", "an HTTPS listener cannot redirect to HTTP", "Protocol")
    if status is None:
        return None
    return Redirect(int(status[-3:]), protocol, port=port, host=host, path=path, query=query)


def _read_port(config: Section) -> str | None:
    if config.value("Port") == "#{port}":
        return "#{port}"
    port = config.integer("Port", 1, 65_535)
    return None if port is None else str(port)


def _check_component(config: Section, member: str, text: str) -> None:
    unknown = [name for name in find_placeholders(text) if name not in _PLACEHOLDERS[member]]
    if unknown:
        allowed = ", ".join(f"#{{{name}}}" for name in sorted(_PLACEHOLDERS[member]))
        config.report(
            "ValidationError", f"#{{{unknown[0]}}} cannot stand here; {member} may hold {allowed}", member
        )
    elif not is_visible(text):
        config.report(
            "ValidationError", "must be visible ASCII without spaces; percent-encode the rest", member
        )
    elif member == "Path" and not text.startswith("/"):
        config.report("ValidationError", "must begin with a slash", member)
    elif member == "Query" and text.startswith("?"):
        config.report("ValidationError", "must not begin with a question mark: it is added", member)
    elif member == "Host" and not is_host(text.replace("#{host}", "host")):
        config.report("ValidationError", "must be a host name, without protocol and port", member)


def read_fixed_response(config: Section) -> FixedResponse | None:
    """Return the fixed-response action."""
    status = config.value("StatusCode", required=True)
    if status is not None and not re.fullmatch(r"[245][0-9]{2}", str(status), re.ASCII):
        config.report("ValidationError", f"must be a status 2XX, 4XX or 5XX, not {status!r}", "StatusCode")
        status = None
    kind = config.choice("ContentType", CONTENT_TYPES)
    body = config.text("MessageBody", longest=config.scope.limits.message_body, empty=True)
    return None if status is None else FixedResponse(int(str(status)), kind or CONTENT_TYPES[0], body or "")
