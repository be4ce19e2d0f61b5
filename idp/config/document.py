"""`UserPools` of the configuration: pools with what belongs to them (AWS::Cognito::UserPool and its
neighbours).

CloudFormation keeps clients, groups, resource servers, domain and users in resources of their own; here
they are nested in the pool they belong to, under the resource's name. Ours are `UserPoolId`, `ClientId` and
`ClientSecret` (optional: generated once and kept otherwise), a seed user's permanent `Password`, and the
pool's `Issuer`: a pool in the place of one on AWS keeps that one's, and apps verify its tokens unchanged.
`AdminGroup` and `AdminSessionMinutes` open the admin console.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from idp.config.clients import ClientConfig, read_clients
from idp.config.parts import PartsConfig, read_parts, read_providers
from idp.config.pools import read_pool
from idp.config.reader import InvalidPools, Place, Problem, Reader
from idp.config.risk import RiskAttachment, read_attachments
from idp.model import Group, Pool, Secret
from idp.users.aliases import check_username, contact_kind
from idp.users.attributes import find_unfit
from idp.users.passwords import find_weakness
from idp.users.schema import MEDIUMS, RESERVED

ISSUER: Final = r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~\-]+)*"
POOL_ID_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class SeedUser:
    """A user to create at the first start; an existing one is left alone."""

    username: str
    password: Secret | None = field(default=None, repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    mediums: tuple[str, ...] = ()
    """DesiredDeliveryMediums: how the invitation goes to who gets a temporary password."""


@dataclass(frozen=True, slots=True)
class PoolConfig:
    """A pool and everything declared with it."""

    pool: Pool
    issuer: str | None = None
    """What tokens call the pool, where that is not the address it is served at."""
    clients: tuple[ClientConfig, ...] = ()
    groups: tuple[Group, ...] = ()
    users: tuple[SeedUser, ...] = ()
    parts: PartsConfig = field(default_factory=PartsConfig)
    risks: tuple[RiskAttachment, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolsConfig:
    """All pools of a document."""

    pools: tuple[PoolConfig, ...] = ()


def parse_pools(document: object, *, where: Place = ()) -> PoolsConfig:
    """Read a list of pools, one pool, or a mapping with `UserPools`; raises InvalidPools with every problem.

    Places in problems count from the list of pools (`where` is put in front).
    """
    problems: list[Problem] = []
    entries = enumerate(_entries(document))
    readers = [r for index, entry in entries if (r := Reader(entry, (*where, index), problems)).is_mapping]
    pools = tuple(_read_pool_config(reader) for reader in readers)
    _report_duplicates(readers, pools)
    if problems:
        raise InvalidPools(problems)
    return PoolsConfig(pools)


def derive_pool_id(name: str) -> str:
    """Make a pool id out of the name, always the same: `local_` and nine characters."""
    number = int.from_bytes(hashlib.sha256(b"albacore user pool " + name.encode()).digest(), "big")
    digits = ""
    for _ in range(9):
        number, digit = divmod(number, len(POOL_ID_ALPHABET))
        digits += POOL_ID_ALPHABET[digit]
    return f"local_{digits}"


def _entries(document: object) -> Sequence[object]:
    if document is None:
        return ()
    if isinstance(document, Mapping):
        return _entries(document["UserPools"]) if "UserPools" in document else (document,)
    if isinstance(document, Sequence) and not isinstance(document, str):
        return document
    return (document,)  # reported as not a mapping


def _read_pool_config(reader: Reader) -> PoolConfig:
    pool = read_pool(reader, derive_pool_id)
    groups = tuple(_read_group(item, pool.id) for item in reader.items("UserPoolGroups", most=10_000))
    providers = read_providers(reader)
    clients = read_clients(reader, pool, providers)
    parts = read_parts(reader, _names_of(clients), providers)
    risks = read_attachments(reader, pool, _names_of(clients))
    users = tuple(_read_seed(item, pool, groups) for item in reader.items("UserPoolUsers"))
    _report_twins(reader, "UserPoolGroups", [group.name for group in groups])
    _report_twins(reader, "UserPoolUsers", [user.username for user in users])
    issuer = reader.text(
        "Issuer", pattern=ISSUER, longest=256, shape="a URL without query, fragment and final `/`"
    )
    pool = replace(
        pool,
        **_read_console(reader, groups),
        domain_version=_read_version(reader, parts),
        deletion_protected=reader.choice("DeletionProtection", ("ACTIVE", "INACTIVE"), "INACTIVE")
        == "ACTIVE",
    )
    reader.finish(_POOL_LATER)
    return PoolConfig(pool, issuer, clients, groups, users, parts, risks)


def _names_of(clients: Iterable[ClientConfig]) -> dict[str, str]:
    """Map ids and names of clients to what stands for each: its id, or its name where an id is generated."""
    names = {client.client.name: client.id or client.client.name for client in clients}
    return names | {client.id: client.id for client in clients if client.id}


def _read_version(reader: Reader, parts: PartsConfig) -> int:
    """Read which look the pages have; a pool that declares branding styles means them to be seen."""
    default = 2 if parts.styles else 1
    if not isinstance(reader.raw("UserPoolDomain"), Mapping):
        return default
    return reader.nested("UserPoolDomain").integer("ManagedLoginVersion", default, 1, 2)


_POOL_LATER: Final = [
    "EmailConfiguration",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "SmsConfiguration",
    "DcrConfiguration",
    "IssuerConfiguration",
    "KeyConfiguration",
    "AcrConfiguration",
]


def _read_console(reader: Reader, groups: Iterable[Group]) -> dict[str, Any]:
    """Read who may use the admin console; a group with a typo in its name would lock everybody out."""
    name = reader.text("AdminGroup", longest=128)
    if name is not None and name not in {group.name for group in groups}:
        reader.report("AdminGroup", "InvalidValue", f"`{name}` must be one of the pool's UserPoolGroups")
    minutes = reader.integer("AdminSessionMinutes", 30, 1, 60)
    return {"admin_group": name, "admin_session_minutes": minutes}


def _read_group(reader: Reader, pool_id: str) -> Group:
    precedence = reader.integer("Precedence", 0, 0, 2**31 - 1) if "Precedence" in reader else None
    group = Group(
        pool_id=pool_id,
        name=reader.required_text("GroupName", pattern=r"\S+", longest=128, shape="a name without spaces"),
        description=reader.text("Description") or "",
        precedence=precedence,
        role_arn=reader.text("RoleArn", pattern=r"arn:\S+", shape="an ARN"),
    )
    reader.raw("UserPoolId")
    reader.finish()
    return group


def _read_seed(reader: Reader, pool: Pool, groups: Iterable[Group]) -> SeedUser:
    username = reader.required_text("Username", longest=2048)
    attributes = _read_attributes(reader)
    password = reader.text("Password", longest=256)
    members = reader.texts("Groups")
    known = {group.name for group in groups}
    for index, name in enumerate(members):
        if name not in known:
            reader.report(("Groups", index), "InvalidValue", f"the pool has no group `{name}`")
    if username and (text := check_username(pool, username)):
        reader.report("Username", "InvalidValue", text.english)
    unfit = find_unfit(pool, attributes, reserved=RESERVED - {"email_verified", "phone_number_verified"})
    if unfit:
        reader.report("Attributes", "InvalidValue", unfit.english)
    if password and (text := find_weakness(pool.password_policy, password)):
        reader.report("Password", "InvalidValue", text.english)
    mediums = _read_mediums(reader, pool, username, attributes)
    reader.finish(("MessageAction", "ForceAliasCreation", "ClientMetadata"))
    return SeedUser(username, Secret(password) if password else None, attributes, members, mediums)


def _read_mediums(
    reader: Reader, pool: Pool, username: str, attributes: Mapping[str, str]
) -> tuple[str, ...]:
    mediums = reader.choices("DesiredDeliveryMediums", tuple(MEDIUMS))
    named = contact_kind(username) if pool.username_attributes else None
    for index, medium in enumerate(mediums):
        if MEDIUMS[medium] != named and not attributes.get(MEDIUMS[medium]):
            message = f"the user has no {MEDIUMS[medium]} to send the invitation to"
            reader.report(("DesiredDeliveryMediums", index), "Conflict", message)
    return mediums


def _read_attributes(reader: Reader) -> dict[str, str]:
    """Read `Attributes` as a mapping, or as CloudFormation's `UserAttributes` list of Name and Value."""
    found: dict[str, str] = {}
    for item in reader.items("UserAttributes"):
        found[item.required_text("Name")] = item.required_text("Value")
        item.finish()
    return found | reader.texts_by_name("Attributes")


def _report_twins(reader: Reader, key: str, names: Sequence[str]) -> None:
    for name, count in Counter(names).items():
        if name and count > 1:
            reader.report(key, "Duplicate", f"`{name}` is there {count} times")


def _report_duplicates(readers: Sequence[Reader], pools: Sequence[PoolConfig]) -> None:
    """Client ids find their pool, so they are unique over all pools; so are pool ids and domains."""
    seen: dict[tuple[str, str], int] = {}
    for reader, config in zip(readers, pools, strict=True):
        marks = (
            [("UserPoolId", config.pool.id), ("UserPoolName", config.pool.name)] if config.pool.name else []
        )
        marks += [("UserPoolDomain", config.pool.domain)] if config.pool.domain else []
        marks += [("Issuer", config.issuer)] if config.issuer else []
        marks += [("UserPoolClients", client.id) for client in config.clients if client.id]
        for mark in marks:
            if mark[1] and mark in seen:
                what = "client id" if mark[0] == "UserPoolClients" else mark[0]
                reader.report(mark[0], "Duplicate", f"{what} `{mark[1]}` is used twice")
            seen[mark] = 1
