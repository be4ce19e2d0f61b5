"""The six kinds of condition, as data, in the words of elbv2's `RuleCondition`.

All conditions of a rule must hold (AND); of one condition's values, one must (OR). How each is matched is the
business of `rules.matching`; what each may contain is checked by `rules.read_conditions`.
Source: ELB user guide, "Condition types for listener rules".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class HostHeader:
    """`host-header`: the request's host without its port, case ignored."""

    field: ClassVar[str] = "host-header"
    values: tuple[str, ...] = ()
    regex_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PathPattern:
    """`path-pattern`: the raw path without the query, case kept, nothing decoded."""

    field: ClassVar[str] = "path-pattern"
    values: tuple[str, ...] = ()
    regex_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpHeader:
    """`http-header`: one header, case of name and value ignored; of a repeated header, any instance."""

    field: ClassVar[str] = "http-header"
    name: str
    values: tuple[str, ...] = ()
    regex_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpRequestMethod:
    """`http-request-method`: exact, case kept. AWS: GET does not stand for HEAD."""

    field: ClassVar[str] = "http-request-method"
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueryPair:
    """One value of a `query-string` condition; without `key` the value is looked for under every key."""

    value: str
    key: str | None = None

    def __str__(self) -> str:
        return self.value if self.key is None else f"{self.key}={self.value}"


@dataclass(frozen=True, slots=True)
class QueryString:
    """`query-string`: key/value pairs of the raw query, case ignored; a backslash makes `*` and `?`
    literal.
    """

    field: ClassVar[str] = "query-string"
    values: tuple[QueryPair, ...]


@dataclass(frozen=True, slots=True)
class SourceIp:
    """`source-ip`: CIDR blocks around the address of the TCP peer, never of X-Forwarded-For.

    Behind another proxy the peer is that proxy: do not make this the only thing that keeps strangers out.
    """

    field: ClassVar[str] = "source-ip"
    values: tuple[str, ...]


Condition = HostHeader | PathPattern | HttpHeader | HttpRequestMethod | QueryString | SourceIp
