"""Each kind of condition against requests that should and should not meet it."""

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
from rules.matching import (
    address_version,
    compile_condition,
    compile_conditions,
    header_names,
    header_values,
    parse_address,
    query_pairs,
)
from rules.request import RequestHead
from tests.support import rules_reference, rules_strategies
from tests.support.rules_heads import make_head


def holds(condition: Condition, head: RequestHead) -> bool:
    return compile_condition(condition, header_names([condition]))(head, {})


@pytest.mark.parametrize(
    ("values", "host", "expected"),
    [
        (("App.Example.com",), "app.example.com", True),
        (("app.example.com",), "app.example.com.evil.org", False),
        (("*.example.com",), "a.b.example.com", True),
        (("*.example.com",), "example.com", False),
        (("app.*",), "app.example.com", True),
        (("app.*", "*.org", "x.net"), "y.org", True),
        (("app.*", "*.org", "x.net"), "x.net", True),
        (("app.*", "*.org", "x.net"), "x.com", False),
        (("a?p.*.com",), "app.example.com", True),
        (("*",), "", True),
    ],
)
def test_host_values_ignore_case_and_match_the_whole_host(
    values: tuple[str, ...], host: str, expected: bool
) -> None:
    assert holds(HostHeader(values), make_head(host=host)) is expected


@pytest.mark.parametrize(
    ("values", "path", "expected"),
    [
        (("/img/*",), "/img/a.png", True),
        (("/img/*",), "/img", False),
        (("/img/*",), "/IMG/a.png", False),
        (("/img/*",), "/%69mg/a.png", False),
        (("/img",), "/img", True),
        (("*.php",), "/a/b.php", True),
        (("/a", "/b*", "*.php"), "/x.php", True),
        (("/a", "/b*", "*.php"), "/c", False),
        (("*",), "/", True),
        (("/img/*",), "/img/a?x=1", True),
    ],
)
def test_path_values_keep_case_and_see_nothing_decoded(
    values: tuple[str, ...], path: str, expected: bool
) -> None:
    assert holds(PathPattern(values), make_head(path)) is expected


def test_path_condition_does_not_see_the_query() -> None:
    assert not holds(PathPattern(("*secret*",)), make_head("/?secret"))


@pytest.mark.parametrize(
    ("condition", "head", "expected"),
    [
        (HostHeader(regex_values=("^[a-z]+\\.Example\\.com$",)), make_head(), True),
        (PathPattern(regex_values=("^/V1/",)), make_head("/v1/"), False),
        (PathPattern(regex_values=("v1", "^/v2/")), make_head("/v2/x"), True),
        (HttpHeader("X-Env", regex_values=("^Blue",)), make_head(headers={"x-env": "BLUE-1"}), True),
    ],
    ids=["host", "path", "second-of-two", "header"],
)
def test_regexes_search_and_ignore_case_except_in_paths(
    condition: Condition, head: RequestHead, expected: bool
) -> None:
    assert holds(condition, head) is expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([("X-Env", "Blue-7")], True),
        ([("x-env", "green"), ("X-ENV", "blue")], True),
        ([("X-Env", "green")], False),
        ([("X-Other", "blue")], False),
        ([], False),
    ],
    ids=["case", "second-instance", "other-value", "other-name", "absent"],
)
def test_any_instance_of_a_header_may_match(headers: list[tuple[str, str]], expected: bool) -> None:
    assert holds(HttpHeader("X-Env", ("blue*", "red")), make_head(headers=headers)) is expected


def test_a_star_does_not_match_an_absent_header() -> None:
    assert not holds(HttpHeader("X-Env", ("*",)), make_head())
    assert holds(HttpHeader("X-Env", ("*",)), make_head(headers={"x-env": ""}))


def test_methods_are_exact_and_case_sensitive() -> None:
    condition = HttpRequestMethod(("GET", "PURGE"))
    assert [holds(condition, make_head(method=method)) for method in ("GET", "PURGE", "get", "HEAD")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("pair", "query", "expected"),
    [
        (QueryPair("1", "v"), "v=1", True),
        (QueryPair("1", "V"), "a=b&v=1&c", True),
        (QueryPair("BLUE", "v"), "v=Blue", True),
        (QueryPair("1", "v"), "v=2&v=1", True),
        (QueryPair("1", "v"), "w=1", False),
        (QueryPair("1"), "w=1", True),
        (QueryPair("*x*"), "w=axb", True),
        (QueryPair("1"), "1=w", False),
        (QueryPair("*", "debug"), "debug", True),
        (QueryPair("*", "debug"), "debug=", True),
        (QueryPair("*", "debug"), "", False),
        (QueryPair("1", "v*"), "v17=1", True),
        (QueryPair("1", "v*"), "x=1", False),
        (QueryPair("a\\*", "v"), "v=a*", True),
        (QueryPair("a\\*", "v"), "v=ab", False),
        (QueryPair("a=b", "v"), "v=a=b", True),
        (QueryPair("a b", "v"), "v=a%20b", False),
        (QueryPair("1", "v"), "x=0#v=1", False),
    ],
)
def test_query_pairs(pair: QueryPair, query: str, expected: bool) -> None:
    assert holds(QueryString((pair,)), make_head(f"/?{query}")) is expected


def test_one_of_several_query_pairs_is_enough() -> None:
    assert holds(QueryString((QueryPair("1", "a"), QueryPair("2", "b"))), make_head("/?b=2"))
    assert not holds(QueryString((QueryPair("1", "a"), QueryPair("2", "b"))), make_head("/?b=1"))


@pytest.mark.parametrize(
    ("values", "peer", "expected"),
    [
        (("10.0.0.0/8",), "10.255.1.2", True),
        (("10.0.0.0/8",), "11.0.0.1", False),
        (("10.1.2.3/8",), "10.9.9.9", True),
        (("192.0.2.0/24", "2001:db8::/32"), "2001:db8::9", True),
        (("0.0.0.0/0",), "2001:db8::9", False),
        (("::/0",), "10.0.0.1", False),
        (("10.0.0.0/8",), "::ffff:10.0.0.1", True),
        (("fe80::/10",), "fe80::1%eth0", True),
        (("0.0.0.0/0", "::/0"), "", False),
        (("0.0.0.0/0",), "/run/lb.sock", False),
        (("0.0.0.0/32",), "unix", False),
    ],
)
def test_source_blocks(values: tuple[str, ...], peer: str, expected: bool) -> None:
    assert holds(SourceIp(values), make_head(peer=peer)) is expected


def test_source_is_the_peer_and_never_a_forwarded_address() -> None:
    head = make_head(headers={"x-forwarded-for": "10.0.0.1", "forwarded": "for=10.0.0.1"})
    assert not holds(SourceIp(("10.0.0.0/8",)), head)


def test_address_version_of_nothing_is_zero() -> None:
    assert [address_version(parse_address(text)) for text in ("1.2.3.4", "::1", "x")] == [4, 6, 0]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_conditions_must_hold(count: int) -> None:
    conditions = [PathPattern(("/a*",)), HttpRequestMethod(("GET",)), HostHeader(("app.example.com",))][
        :count
    ]
    predicate = compile_conditions(conditions, frozenset())
    assert predicate(make_head("/a"), {})
    assert not predicate(make_head("/b"), {})


def test_what_one_condition_makes_of_a_request_serves_the_next() -> None:
    names = frozenset({b"a", b"b"})
    head, memo = make_head("/?q=1", headers={"a": "1", "b": "2", "c": "3"}), {}
    assert compile_condition(HttpHeader("A", ("1",)), names)(head, memo)
    assert compile_condition(HttpHeader("B", ("2",)), names)(head, memo)
    assert compile_condition(QueryString((QueryPair("1"),)), names)(head, memo)
    assert compile_condition(SourceIp(("203.0.113.0/24",)), names)(head, memo)
    assert compile_condition(QueryString((QueryPair("1", "q"),)), names)(head, memo)
    assert not compile_condition(SourceIp(("10.0.0.0/8",)), names)(head, memo)
    assert memo == {
        "headers": {b"a": ["1"], b"b": ["2"]},
        "pairs": {"q": ["1"]},
        "address": parse_address("203.0.113.9"),
    }


def test_query_and_headers_are_grouped_by_name() -> None:
    assert query_pairs("A=1&&b&a=2#c=3") == {"a": ["1", "2"], "b": [""]}
    assert header_values([(b"x", b"A"), (b"y", b"B"), (b"x", b"C")], frozenset({b"x"})) == {b"x": ["a", "c"]}


@rules_strategies.quickly
@given(rules_strategies.conditions, rules_strategies.heads)
def test_conditions_agree_with_the_reference(conditions: tuple[Condition, ...], head: RequestHead) -> None:
    for condition in conditions:
        assert holds(condition, head) == rules_reference.holds(condition, head)
