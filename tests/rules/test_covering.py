"""Which conditions take in which others: never wrongly, and in the common cases."""

import pytest
from hypothesis import given

from rules.conditions import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryPair,
    QueryString,
    SourceIp,
)
from rules.covering import condition_covers, conditions_cover, is_universal, redundant_values
from rules.request import RequestHead
from tests.support.rules_reference import holds
from tests.support.rules_strategies import conditions, heads, quickly

V1, V2 = QueryPair("1", "v"), QueryPair("2", "v")


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        (HostHeader(("*.Example.com",)), HostHeader(("a.example.COM", "b.example.com")), True),
        (HostHeader(("*.example.com",)), HostHeader(("a.example.com", "b.com")), False),
        (PathPattern(("/A*",)), PathPattern(("/a/b",)), False),
        (PathPattern(regex_values=("^/a",)), PathPattern(("/a/b",)), True),
        (PathPattern(regex_values=("^/a",)), PathPattern(("/a*",)), False),
        (PathPattern(regex_values=("^/a", "b")), PathPattern(regex_values=("b",)), True),
        (PathPattern(("/a*",)), PathPattern(regex_values=("^/a",)), False),
        (PathPattern(("*",)), PathPattern(regex_values=("^/a",)), True),
        (HttpHeader("X-Env", ("b*",)), HttpHeader("x-env", ("blue",)), True),
        (HttpHeader("X-Env", ("b*",)), HttpHeader("X-Other", ("blue",)), False),
        (HttpRequestMethod(("GET", "PUT")), HttpRequestMethod(("GET",)), True),
        (HttpRequestMethod(("GET",)), HttpRequestMethod(("GET", "PUT")), False),
        (QueryString((V1, V2)), QueryString((V1,)), True),
        (QueryString((V1,)), QueryString((V1, V2)), False),
        (QueryString((QueryPair("1"),)), QueryString((V1,)), True),
        (QueryString((V1,)), QueryString((QueryPair("1"),)), False),
        (QueryString((QueryPair("*", "v*"),)), QueryString((QueryPair("x", "V7"),)), True),
        (SourceIp(("10.0.0.0/8",)), SourceIp(("10.1.0.0/16", "10.2.0.0/16")), True),
        (SourceIp(("10.0.0.0/8",)), SourceIp(("0.0.0.0/0",)), False),
        (SourceIp(("0.0.0.0/0",)), SourceIp(("2001:db8::/32",)), False),
        (SourceIp(("2001:db8::/32",)), SourceIp(("2001:db8:1::/48",)), True),
        (HostHeader(("*.a",)), PathPattern(("*.a",)), False),
    ],
)
def test_condition_covers(wide: Condition, narrow: Condition, expected: bool) -> None:
    assert condition_covers(wide, narrow) is expected


@quickly
@given(conditions, conditions, heads)
def test_covering_is_never_claimed_wrongly(
    wide: tuple[Condition, ...], narrow: tuple[Condition, ...], head: RequestHead
) -> None:
    if conditions_cover(wide, narrow) and all(holds(condition, head) for condition in narrow):
        assert all(holds(condition, head) for condition in wide)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (PathPattern(("/x", "/*")), True),
        (PathPattern(("*",)), True),
        (PathPattern(("/a*",)), False),
        (PathPattern(regex_values=("^/.*$",)), True),
        (PathPattern(regex_values=("^/a",)), False),
        (HostHeader(("*",)), True),
        (HostHeader(("*.com",)), False),
        (HostHeader(regex_values=(".*",)), True),
        (HostHeader(regex_values=("^/",)), False),
        (SourceIp(("0.0.0.0/0", "::/0")), True),
        (SourceIp(("0.0.0.0/0",)), False),
        (HttpHeader("X", ("*",)), False),
        (QueryString((QueryPair("*"),)), False),
        (HttpRequestMethod(("GET",)), False),
    ],
)
def test_is_universal(condition: Condition, expected: bool) -> None:
    assert is_universal(condition) is expected


def test_a_rule_that_asks_less_covers_one_that_asks_more() -> None:
    path, host, everything = PathPattern(("/a*",)), HostHeader(("a.com",)), PathPattern(("/*",))
    assert conditions_cover([path], [host, PathPattern(("/a/b",))])
    assert not conditions_cover([path, host], [path])
    assert conditions_cover([everything], [host])
    assert conditions_cover([], [path])


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (PathPattern(("/a*", "/a/b", "/c")), [(1, 0)]),
        (PathPattern(("/a", "/b", "/a")), [(2, 0)]),
        (PathPattern(("/a/b", "/a*")), [(0, 1)]),
        (HostHeader(("a.com", "A.COM")), [(1, 0)]),
        (HttpHeader("X", ("b*", "blue")), [(1, 0)]),
        (HttpRequestMethod(("GET", "GET")), [(1, 0)]),
        (QueryString((QueryPair("*", "v"), V1)), [(1, 0)]),
        (SourceIp(("10.0.0.0/8", "10.1.0.0/16")), [(1, 0)]),
        (PathPattern(regex_values=("a", "a")), []),
        (PathPattern(("/a", "/b")), []),
    ],
)
def test_redundant_values(condition: Condition, expected: list[tuple[int, int]]) -> None:
    assert list(redundant_values(condition)) == expected
