"""Checked sections to settings. Nothing can be wrong any more: this only translates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lb.config.arns import Arns, build_arns
from lb.config.attributes import LISTENER, AttributeValue
from lb.config.models import ConfigFile, ListenerSection, PoolServerSection, TargetGroupSection
from lb.config.protocol_versions import build_health_check
from lb.config.trust_stores import build_mutual, build_trust_stores
from lb.settings import (
    CertificateFiles,
    DesyncMode,
    ListenerSettings,
    LoadBalancerAttributes,
    MutualAuthentication,
    PoolServerSettings,
    ProtocolVersion,
    Settings,
    TargetGroupSettings,
    TargetSettings,
    XffMode,
)
from rules import RuleSet

Values = dict[str, AttributeValue]
_RESPONSE_HEADERS = tuple(each.field for each in LISTENER.values() if each.key.endswith(".header_value"))
REQUEST_HEADERS = tuple(each.field for each in LISTENER.values() if each.key.endswith(".header_name"))
"""Usual names of the request headers that listener attributes rename."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What was read beside the sections, by index into the file's lists."""

    folder: Path
    rulesets: Mapping[int, RuleSet]
    load_balancer: Values
    listeners: Mapping[int, Values]
    target_groups: Mapping[int, Values]


def build_settings(file: ConfigFile, parts: Parts) -> Settings:
    """Return the settings that a checked file describes."""
    section = file.load_balancer
    arns = build_arns(
        name=section.name,
        region=section.region,
        account=section.account_id,
        load_balancer_arn=section.load_balancer_arn,
    )
    return Settings(
        name=section.name,
        arn=arns.load_balancer,
        region=arns.region,
        listeners=tuple(
            _listener(listener, index, arns=arns, parts=parts, file=file)
            for index, listener in enumerate(file.listeners)
        ),
        target_groups={
            group.name: _target_group(group, arns, parts.target_groups[index], parts.folder)
            for index, group in enumerate(file.target_groups)
        },
        attributes=_load_balancer_attributes(parts.load_balancer),
        admin_address=file.admin.address if file.admin else "127.0.0.1",
        admin_port=file.admin.port if file.admin else None,
        access_log=_log_path(file.access_log, parts.folder),
        connection_log=_log_path(file.connection_log, parts.folder),
        data_directory=parts.folder / Path(file.data_directory).expanduser(),
        pool_server=_pool_server(file, parts.folder),
        workers=file.workers,
    )


def _load_balancer_attributes(values: Values) -> LoadBalancerAttributes:
    members: dict[str, Any] = dict(values)
    if "xff_mode" in members:
        members["xff_mode"] = XffMode(members["xff_mode"])
    if "desync_mode" in members:
        members["desync_mode"] = DesyncMode(members["desync_mode"])
    return LoadBalancerAttributes(**members)


def _listener(
    section: ListenerSection, index: int, *, arns: Arns, parts: Parts, file: ConfigFile
) -> ListenerSettings:
    values = parts.listeners[index]
    # A free port is another one after every restart: the place in the file is what stays.
    identity = f"{section.protocol}:{section.address}:{section.port or f'#{index}'}"
    return ListenerSettings(
        arn=arns.listener(identity),
        protocol=section.protocol,
        port=section.port,
        address=section.address,
        ruleset=parts.rulesets[index],
        certificates=tuple(
            CertificateFiles(parts.folder / each.certificate_file, parts.folder / each.private_key_file)
            for each in section.certificates
        ),
        ssl_policy=section.ssl_policy,
        response_headers=tuple((name, str(values[name])) for name in _RESPONSE_HEADERS if name in values),
        server_header=bool(values.get("server_header", True)),
        request_header_names=tuple((name, str(values[name])) for name in REQUEST_HEADERS if values.get(name)),
        mutual=_mutual(section, file, parts.folder),
        tells_key_exchange=file.connection_log is not None
        or bool(parts.load_balancer.get("tls_key_exchange_header")),
        http2=bool(parts.load_balancer.get("http2", True)),
    )


def _mutual(section: ListenerSection, file: ConfigFile, folder: Path) -> MutualAuthentication:
    if section.mutual_authentication is None:
        return MutualAuthentication()
    stores = build_trust_stores(dict(enumerate(file.trust_stores)), folder)
    return build_mutual(section.mutual_authentication, stores, folder)


def _target_group(
    section: TargetGroupSection, arns: Arns, values: Values, folder: Path
) -> TargetGroupSettings:
    members: dict[str, Any] = dict(values)
    default_port = section.port or 0
    return TargetGroupSettings(
        name=section.name,
        arn=arns.target_group(section.name),
        protocol=section.protocol,
        port=section.port or 80,
        targets=tuple(TargetSettings(each.id, each.port or default_port) for each in section.targets),
        health_check=build_health_check(section),
        protocol_version=ProtocolVersion(section.protocol_version),
        code_folder=folder.resolve() if section.target_type == "asgi" else None,
        **members,
    )


def _log_path(given: str | None, folder: Path) -> str | None:
    return given if given in {None, "-"} else str(folder / Path(given).expanduser())


def access_of(section: PoolServerSection) -> dict[str, object]:
    """Return what the pool's own parser reads about access keys, in the file's words."""
    keys = [key.model_dump(by_alias=True, exclude_none=True) for key in section.access_keys]
    return {"AccessKeys": keys, "SignatureCheck": section.signature_check}


def guard_of(section: PoolServerSection, folder: Path) -> dict[str, object]:
    """Return what the pool's own parser reads about how the server guards itself, in the file's words."""
    fields = {"trusted_proxies", "rate_limits", "breached_passwords", "location_database"}
    guard: dict[str, Any] = section.model_dump(by_alias=True, exclude_none=True, include=fields)
    breached = guard.get("BreachedPasswords", {})
    if "File" in breached:
        breached["File"] = str(folder / Path(breached["File"]).expanduser())
    if "LocationDatabase" in guard:
        guard["LocationDatabase"] = str(folder / Path(guard["LocationDatabase"]).expanduser())
    return guard


def functions_of(section: PoolServerSection) -> dict[str, object]:
    """Return what the pool's own parser reads about functions, in the file's words."""
    functions = [each.model_dump(by_alias=True, exclude_none=True) for each in section.functions]
    endpoint = {"LambdaEndpoint": section.lambda_endpoint} if section.lambda_endpoint else {}
    return {"Functions": functions, **endpoint}


def _pool_server(file: ConfigFile, folder: Path) -> PoolServerSettings | None:
    if file.user_pools is None:
        return None
    section = file.pool_server
    return PoolServerSettings(
        port=section.port,
        address=section.address,
        public_url=section.public_url,
        smtp=section.smtp.model_dump(by_alias=True) if section.smtp else None,
        database=section.database,
        sms=section.sms.model_dump(by_alias=True) if section.sms else None,
        access=access_of(section),
        guard=guard_of(section, folder),
        functions=functions_of(section),
        folder=folder,
    )
