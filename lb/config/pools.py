"""User pools of the file: checked by the pool's own parser, reached by import string.

`lb` never imports the pool's package. What comes back here is names: which pools and clients an
authenticate-cognito action may mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lb.config.document import Document
from lb.config.problems import Place
from lb.imports import import_attribute

PARSER = "idp.config:parse_pools"
SMTP_PARSER = "idp.config.smtp:parse_smtp"
ACCESS_PARSER = "idp.config.access:parse_access"
GUARD_PARSER = "idp.config.guard:parse_guard"
FUNCTIONS_PARSER = "idp.config.functions:parse_functions"
FUNCTIONS_CHECK = "idp.config.functions:find_unknown"
SMS_PARSER = "idp.config.sms:parse_sms"


@dataclass(frozen=True, slots=True)
class PoolNames:
    """The pools of the file: each pool's names and ids, and those of its clients."""

    clients: Mapping[str, frozenset[str]]
    """Pool name or id -> client names and ids that the file tells (ids may also be generated, in the
    database).
    """
    public: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Pool name or id -> those of its clients that have no secret."""

    @property
    def pools(self) -> frozenset[str]:
        """Names and ids of pools."""
        return frozenset(self.clients)


def read_pools(document: Document) -> PoolNames:
    """Check `UserPools`, reporting its problems, and return its names."""
    root = document.value
    raw = root.get("UserPools") if isinstance(root, Mapping) else None
    if raw is None:
        return PoolNames({})
    try:
        parsed = import_attribute(PARSER)(raw)
    except ValueError as invalid:
        problems: Iterable[Any] | None = getattr(invalid, "problems", None)
        if problems is None:
            raise
        for problem in problems:
            _report(document, problem)
        return _names_in(raw)
    by_pool = [(name, pool.clients) for pool in parsed.pools for name in (pool.pool.name, pool.pool.id)]
    return PoolNames(
        clients={name: _client_names(clients) for name, clients in by_pool},
        public={
            name: _client_names(each for each in clients if not (each.wants_secret or each.client.secrets))
            for name, clients in by_pool
        },
    )


def _client_names(clients: Iterable[Any]) -> frozenset[str]:
    return frozenset(text for each in clients for text in (each.client.name, each.id) if text)


def check_delivery(document: Document, section: str, values: Mapping[str, object]) -> None:
    """Let the pool check its mail server (`Smtp`) or webhook (`Sms`); the section itself is valid."""
    parser = {"Smtp": SMTP_PARSER, "Sms": SMS_PARSER}[section]
    _check_part(document, ("PoolServer", section), parser, values)


def check_access(document: Document, access: Mapping[str, object]) -> None:
    """Let the pool check its access keys."""
    _check_part(document, ("PoolServer",), ACCESS_PARSER, access)


def check_guard(document: Document, guard: Mapping[str, object]) -> None:
    """Let the pool check its trusted proxies and rate limits."""
    _check_part(document, ("PoolServer",), GUARD_PARSER, guard)


def check_functions(document: Document, functions: Mapping[str, object], *, folder: Path) -> None:
    """Let the pool check its functions, and find those that pools name and nobody can call."""
    _check_part(document, ("PoolServer",), FUNCTIONS_PARSER, functions, folder=folder)
    try:
        table = import_attribute(FUNCTIONS_PARSER)(functions, folder=folder)
        root = document.value
        parsed = import_attribute(PARSER)(root.get("UserPools") if isinstance(root, Mapping) else None)
    except ValueError:  # reported already
        return
    for sentence in import_attribute(FUNCTIONS_CHECK)([entry.pool for entry in parsed.pools], table):
        document.warn(("UserPools",), "UnknownFunction", sentence)


def _check_part(
    document: Document, where: Place, parser: str, part: Mapping[str, object], **options: Any
) -> None:
    try:
        import_attribute(parser)(part, **options)
    except ValueError as invalid:
        for problem in getattr(invalid, "problems", ()):
            document.report((*where, *problem.where), problem.code, problem.message)


def _report(document: Document, problem: Any) -> None:
    where = ("UserPools", *problem.where)
    add = document.warn if getattr(problem, "severity", "error") == "warning" else document.report
    add(where, problem.code, problem.message, key=problem.code == "UnknownKey")


def _names_in(raw: object) -> PoolNames:
    """Names as they stand in the file, so that rules can be checked even when the pools have problems."""
    clients: dict[str, frozenset[str]] = {}
    for pool in raw if isinstance(raw, list) else [raw]:
        if isinstance(pool, Mapping):
            names = frozenset(_texts(pool.get("UserPoolClients"), "ClientName", "ClientId"))
            clients |= {str(pool[key]): names for key in ("UserPoolName", "UserPoolId") if key in pool}
    return PoolNames(clients)


def _texts(items: object, *keys: str) -> Iterable[str]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Mapping):
            yield from (str(item[key]) for key in keys if key in item)
