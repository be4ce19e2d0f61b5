"""Checks across sections: ports, certificates, target groups, and what one key says about another."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

from lb.config.build import access_of, functions_of, guard_of
from lb.config.certificates import Report, check_certificate
from lb.config.document import Document
from lb.config.listeners import forwarded_groups
from lb.config.models import IMPORT_STRING, ConfigFile, ListenerSection, TargetGroupSection
from lb.config.pools import check_access, check_delivery, check_functions, check_guard
from lb.config.problems import Place
from lb.config.protocol_versions import check_matcher, warn_about_protocols
from lb.config.suggest import did_you_mean
from lb.config.trust_stores import build_trust_stores, check_mutual, check_trust_stores
from lb.config.validation import Sections
from lb.security_policies import POLICIES, differences
from lb.settings import CertificateFiles
from rules import RuleSet


def check_together(document: Document, sections: Sections, *, folder: Path, now: dt.datetime) -> None:
    """Report everything that only shows when keys and sections are looked at together."""
    _check_ports(document, sections)
    check_trust_stores(document, sections.trust_stores, folder=folder, now=now)
    stores = build_trust_stores(sections.trust_stores, folder)
    for index, listener in sections.listeners.items():
        where: Place = ("Listeners", index)
        _check_tls(document, where, listener, folder=folder, now=now)
        check_mutual(document, where, listener, stores=stores, folder=folder, now=now)
    _check_target_groups(document, sections.target_groups)
    if sections.pool_server is not None:
        deliveries = {"Smtp": sections.pool_server.smtp, "Sms": sections.pool_server.sms}
        for name, section in deliveries.items():
            if section is not None:
                check_delivery(document, name, section.model_dump(by_alias=True))
        check_access(document, access_of(sections.pool_server))
        check_guard(document, guard_of(sections.pool_server, folder))
        check_functions(document, functions_of(sections.pool_server), folder=folder)


def _check_ports(document: Document, sections: Sections) -> None:
    bindings: list[tuple[Place, str, int]] = [
        (("Listeners", index, "Port"), listener.address, listener.port)
        for index, listener in sections.listeners.items()
    ]
    for name, section in (("PoolServer", sections.pool_server), ("Admin", sections.admin)):
        if section is not None:
            bindings.append(((name, "Port"), section.address, section.port))
    for number, (where, address, port) in enumerate(bindings):
        earlier = next((each for each in bindings[:number] if _collide(each[1:], (address, port))), None)
        if earlier is not None:
            line = document.locate(earlier[0]).line
            document.report(
                where, "DuplicateListener", f"port {port} is taken on line {line}: choose another"
            )


def _collide(one: tuple[str, int], other: tuple[str, int]) -> bool:
    if one[1] != other[1] or one[1] == 0:
        return False
    return one[0] == other[0] or _is_wildcard(one[0]) or _is_wildcard(other[0])


def _is_wildcard(address: str) -> bool:
    return address != "localhost" and ipaddress.ip_address(address).is_unspecified


def _check_tls(
    document: Document, where: Place, listener: ListenerSection, *, folder: Path, now: dt.datetime
) -> None:
    policy = POLICIES.get(listener.ssl_policy)
    if policy is None:
        message = (
            f"unknown security policy{did_you_mean(listener.ssl_policy, POLICIES) or '; see docs/config.md'}"
        )
        document.report((*where, "SslPolicy"), "SSLPolicyNotFound", message)
    else:
        for difference in differences(policy, openssl=ssl.OPENSSL_VERSION_INFO[:2]):
            message = f"`{listener.ssl_policy}` is not quite AWS's here: {difference}"
            document.warn((*where, "SslPolicy"), "SslPolicyDiffers", message)
    if listener.protocol == "HTTPS" and not listener.certificates:
        document.report(where, "CertificateMissing", "an HTTPS listener needs `Certificates`")
    if listener.protocol == "HTTP" and listener.certificates:
        message = "`Certificates` on an HTTP listener: write `Protocol: HTTPS`"
        document.report((*where, "Certificates"), "CertificateOnHttp", message, key=True)
        return
    for index, certificate in enumerate(listener.certificates):
        place = (*where, "Certificates", index)
        check_certificate(
            CertificateFiles(folder / certificate.certificate_file, folder / certificate.private_key_file),
            now=now,
            report=_placed(document.report, place),
            warn=_placed(document.warn, place),
        )


def _placed(add: Callable[[Place, str, str], None], where: Place) -> Report:
    return lambda member, code, message: add((*where, member), code, message)


def _check_target_groups(document: Document, groups: Mapping[int, TargetGroupSection]) -> None:
    seen: dict[str, int] = {}
    for index, group in groups.items():
        where = ("TargetGroups", index)
        if group.name in seen:
            line = document.locate(("TargetGroups", seen[group.name], "Name")).line
            message = f"a target group `{group.name}` is already on line {line}"
            document.report((*where, "Name"), "DuplicateTargetGroupName", message)
        seen.setdefault(group.name, index)
        if group.health_check_timeout_seconds >= group.health_check_interval_seconds:
            message = "`HealthCheckTimeoutSeconds` must be less than `HealthCheckIntervalSeconds`"
            place: Place = (*where, "HealthCheckTimeoutSeconds")
            document.report(place, "BadValue", message)
        check_matcher(document, where, group)
        if group.target_type == "asgi":
            _check_applications(document, where, group)
        else:
            _check_targets(document, where, group)


def _check_targets(document: Document, where: Place, group: TargetGroupSection) -> None:
    seen: set[tuple[str, int]] = set()
    for index, target in enumerate(group.targets):
        place = (*where, "Targets", index)
        port = target.port or group.port
        if IMPORT_STRING.fullmatch(target.id):
            message = "an import string names an application: that needs `TargetType: asgi`"
            document.report((*place, "Id"), "BadValue", message)
        elif port is None:
            document.report(place, "Missing", "`Port` is missing here and in the target group")
        elif (target.id, port) in seen:
            document.report(
                place, "DuplicateTarget", f"{target.id} port {port} is already a target of this group"
            )
        else:
            seen.add((target.id, port))


def _check_applications(document: Document, where: Place, group: TargetGroupSection) -> None:
    """Applications are spoken to inside the process: no port, no TLS, HTTP/1.1."""
    needless = {
        "Port": group.port is not None,
        "Protocol": group.protocol != "HTTP",
        "ProtocolVersion": group.protocol_version != "HTTP1",
        "HealthCheckPort": group.health_check_port is not None,
        "HealthCheckProtocol": group.health_check_protocol == "HTTPS",
    }
    for key in (key for key, given in needless.items() if given):
        message = (
            "applications are reached inside the process, without port or TLS, over HTTP/1.1: leave it out"
        )
        document.report((*where, key), "BadValue", message)
    seen: set[str] = set()
    for index, target in enumerate(group.targets):
        place = (*where, "Targets", index)
        if not IMPORT_STRING.fullmatch(target.id):
            message = "the import string of an application, such as `shop.web:app`"
            document.report((*place, "Id"), "BadValue", message)
        elif target.port is not None:
            document.report((*place, "Port"), "BadValue", "an application has no port")
        elif target.id in seen:
            document.report(place, "DuplicateTarget", f"{target.id} is already a target of this group")
        seen.add(target.id)


def warn_about_use(document: Document, file: ConfigFile, rulesets: Mapping[int, RuleSet]) -> None:
    """Warn about parts of a valid file that nothing uses."""
    used = set[str]().union(*(forwarded_groups(ruleset) for ruleset in rulesets.values()))
    for index, group in enumerate(file.target_groups):
        where = ("TargetGroups", index, "Name")
        if group.name not in used:
            document.warn(where, "TargetGroupUnused", f"no rule forwards to target group `{group.name}`")
        elif not group.targets:
            document.warn(where, "NoTargets", f"target group `{group.name}` has no targets: it answers 503")
    warn_about_protocols(document, file, rulesets)
    if file.user_pools is None and "pool_server" in file.model_fields_set:
        message = "`PoolServer` without `UserPools`: nothing is served there"
        document.warn(("PoolServer",), "NoUserPools", message, key=True)
