"""What `ProtocolVersion` of a target group says about other keys (alb.md 5.1, 5.5)."""

from __future__ import annotations

from collections.abc import Mapping

from lb.config.document import Document
from lb.config.listeners import forwarded_groups
from lb.config.models import ConfigFile, TargetGroupSection
from lb.config.problems import Place
from lb.settings import HealthCheck, ProtocolVersion
from rules import RuleSet
from rules.actions import Forward

GRPC_PATH = "/AWS.ALB/healthcheck"
GRPC_MATCHER = "12"
"""UNIMPLEMENTED: nobody has a method of that name."""


def build_health_check(section: TargetGroupSection) -> HealthCheck:
    """Return a group's health check; path and matcher have other defaults for gRPC."""
    grpc = section.protocol_version == ProtocolVersion.GRPC.value
    matcher = section.matcher
    return HealthCheck(
        protocol=section.health_check_protocol or "HTTP",
        port=section.health_check_port,
        path=section.health_check_path or (GRPC_PATH if grpc else "/"),
        interval_seconds=section.health_check_interval_seconds,
        timeout_seconds=section.health_check_timeout_seconds,
        healthy_threshold=section.healthy_threshold_count,
        unhealthy_threshold=section.unhealthy_threshold_count,
        matcher=(matcher.grpc_code or GRPC_MATCHER) if grpc else matcher.http_code,
    )


def check_matcher(document: Document, where: Place, group: TargetGroupSection) -> None:
    """Report a matcher of the other kind: it would be no matcher at all."""
    grpc = group.protocol_version == ProtocolVersion.GRPC.value
    given = group.matcher.model_fields_set
    if grpc and "http_code" in given:
        message = "a GRPC group is matched by `GrpcCode`, 0 to 99"
        document.report((*where, "Matcher", "HttpCode"), "BadMatcher", message, key=True)
    if not grpc and "grpc_code" in given:
        message = "`GrpcCode` needs `ProtocolVersion: GRPC`; this group is matched by `HttpCode`"
        document.report((*where, "Matcher", "GrpcCode"), "BadMatcher", message, key=True)


def warn_about_protocols(document: Document, file: ConfigFile, rulesets: Mapping[int, RuleSet]) -> None:
    """Warn where no client can reach a group, because it takes HTTP/2 alone and the listener has none."""
    versions = {group.name: group.protocol_version for group in file.target_groups}
    for index, ruleset in rulesets.items():
        listener = file.listeners[index]
        for name in sorted(forwarded_groups(ruleset)):
            if versions.get(name, "HTTP1") != "HTTP1" and listener.protocol != "HTTPS":
                message = (
                    f"target group `{name}` ({versions[name]}) takes HTTP/2 alone, which clients speak to "
                    "HTTPS listeners: every request that is forwarded there gets 464"
                )
                document.warn(("Listeners", index, "Protocol"), "NeedsHttps", message)
        if file.load_balancer.quotas == "aws":
            _warn_about_actions(document, ("Listeners", index), ruleset, versions)


def _warn_about_actions(
    document: Document, where: Place, ruleset: RuleSet, versions: Mapping[str, str]
) -> None:
    """ALB user guide, "Target groups": rules of such groups have no action but forward."""
    for rule in (*ruleset.rules, ruleset.default):
        routing = rule.routing
        if rule.pre_action is None or not isinstance(routing, Forward):
            continue
        for group in routing.target_groups:
            if versions.get(group.name, "HTTP1") != "HTTP1":
                message = (
                    f"AWS authenticates no requests for target group `{group.name}` ({versions[group.name]})"
                )
                document.warn((*where, *rule.where), "NotInAws", message)
