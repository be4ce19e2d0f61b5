"""Conditions as data."""

import pytest

from rules.conditions import (
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryPair,
    QueryString,
    SourceIp,
)


def test_every_kind_is_named_as_in_elbv2() -> None:
    kinds = (HostHeader, PathPattern, HttpHeader, HttpRequestMethod, QueryString, SourceIp)
    assert [kind.field for kind in kinds] == [
        "host-header",
        "path-pattern",
        "http-header",
        "http-request-method",
        "query-string",
        "source-ip",
    ]


@pytest.mark.parametrize(("pair", "text"), [(QueryPair("1", "v"), "v=1"), (QueryPair("*x*"), "*x*")])
def test_query_pair_reads_like_a_query(pair: QueryPair, text: str) -> None:
    assert str(pair) == text
