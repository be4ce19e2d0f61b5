"""Conditions in documents: every shape that AWS accepts, and every fault with its place."""

from typing import Any

import pytest

from rules import (
    AWS,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryPair,
    QueryString,
    SourceIp,
    parse_ruleset,
)
from rules.conditions import Condition
from rules.read_conditions import evaluations_of, wildcards_of
from tests.support.rules_heads import make_document, make_ruleset, places_of, problems_of


def host(*values: str) -> dict[str, Any]:
    return {"Field": "host-header", "HostHeaderConfig": {"Values": list(values)}}


def path(*values: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}


def header(name: object = "X-Env", **members: Any) -> dict[str, Any]:
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, **members}}


def method(*values: str) -> dict[str, Any]:
    return {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": list(values)}}


def query(**pair: Any) -> dict[str, Any]:
    return {"Field": "query-string", "QueryStringConfig": {"Values": [pair]}}


def source(*values: str) -> dict[str, Any]:
    return {"Field": "source-ip", "SourceIpConfig": {"Values": list(values)}}


@pytest.mark.parametrize(
    ("document", "condition"),
    [
        (host("a.com", "*.b.com"), HostHeader(("a.com", "*.b.com"))),
        ({"Field": "host-header", "Values": ["a.com"]}, HostHeader(("a.com",))),
        ({"Field": "host-header", "RegexValues": ["^a"]}, HostHeader(regex_values=("^a",))),
        (
            {"Field": "host-header", "HostHeaderConfig": {"RegexValues": ["^a"]}},
            HostHeader(regex_values=("^a",)),
        ),
        ({**host("a.com"), "Values": ["a.com"]}, HostHeader(("a.com",))),
        (path("/a*"), PathPattern(("/a*",))),
        (path("/&$~\"'@:+_-."), PathPattern(("/&$~\"'@:+_-.",))),
        ({"Field": "path-pattern", "Values": ["/a"]}, PathPattern(("/a",))),
        (header(Values=["blue *"]), HttpHeader("X-Env", ("blue *",))),
        (header(RegexValues=["^b"]), HttpHeader("X-Env", regex_values=("^b",))),
        ({**header(), "RegexValues": ["^b"]}, HttpHeader("X-Env", regex_values=("^b",))),
        (method("GET", "M-SEARCH"), HttpRequestMethod(("GET", "M-SEARCH"))),
        (query(Key="v", Value="1"), QueryString((QueryPair("1", "v"),))),
        (query(Value="a\\*%20"), QueryString((QueryPair("a\\*%20"),))),
        (source("10.0.0.0/8", "2001:db8::/32"), SourceIp(("10.0.0.0/8", "2001:db8::/32"))),
    ],
)
def test_every_shape_is_read(document: dict[str, Any], condition: Condition) -> None:
    ruleset = parse_ruleset(make_document(document), limits=AWS)
    assert ruleset.rules[0].conditions == (condition,)
    assert not ruleset.warnings


AT = "Rules[0].Conditions[0]"


@pytest.mark.parametrize(
    ("document", "place", "code"),
    [
        ({}, AT, "MissingMember"),
        ({"Field": "path"}, f"{AT}.Field", "ValidationError"),
        ({"Field": "host-header"}, AT, "MissingMember"),
        ({"Field": "host-header", "HostHeaderConfig": {}}, AT, "MissingMember"),
        ({"Field": "host-header", "Values": []}, f"{AT}.Values", "MissingMember"),
        ({"Field": "host-header", "Values": "a.com"}, f"{AT}.Values", "ValidationError"),
        ({"Field": "host-header", "Values": [1.1]}, f"{AT}.Values[0]", "ValidationError"),
        ({**host("a.com"), "Values": ["b.com"]}, f"{AT}.Values", "ValidationError"),
        ({**host("a.com"), "RegexValues": ["^b"]}, AT, "ValidationError"),
        (
            {**host("a.com"), "PathPatternConfig": {"Values": ["/"]}},
            f"{AT}.PathPatternConfig",
            "ValidationError",
        ),
        ({**host("a.com"), "Vlaues": []}, f"{AT}.Vlaues", "UnknownMember"),
        (host("a.com:80"), f"{AT}.HostHeaderConfig.Values[0]", "ValidationError"),
        (host("a.com:"), f"{AT}.HostHeaderConfig.Values[0]", "ValidationError"),
        (host("http://a.com"), f"{AT}.HostHeaderConfig.Values[0]", "ValidationError"),
        (host("a" * 129), f"{AT}.HostHeaderConfig.Values[0]", "ValidationError"),
        (host(""), f"{AT}.HostHeaderConfig.Values[0]", "ValidationError"),
        (path("/a b"), f"{AT}.PathPatternConfig.Values[0]", "ValidationError"),
        (path("/a\\*"), f"{AT}.PathPatternConfig.Values[0]", "ValidationError"),
        (path("/a#b"), f"{AT}.PathPatternConfig.Values[0]", "ValidationError"),
        (path("/", "/caf\u00e9"), f"{AT}.PathPatternConfig.Values[1]", "ValidationError"),
        ({"Field": "path-pattern", "RegexValues": ["(?=a)"]}, f"{AT}.RegexValues[0]", "InvalidRegex"),
        ({"Field": "path-pattern", "RegexValues": ["a" * 129]}, f"{AT}.RegexValues[0]", "ValidationError"),
        ({"Field": "http-header"}, AT, "MissingMember"),
        ({**header(Values=["b"]), "Values": ["b"]}, f"{AT}.Values", "ValidationError"),
        (header(None, Values=["b"]), f"{AT}.HttpHeaderConfig", "MissingMember"),
        (header("X Env", Values=["b"]), f"{AT}.HttpHeaderConfig.HttpHeaderName", "ValidationError"),
        (header("X" * 41, Values=["b"]), f"{AT}.HttpHeaderConfig.HttpHeaderName", "ValidationError"),
        (header("host", Values=["b"]), f"{AT}.HttpHeaderConfig.HttpHeaderName", "ValidationError"),
        (header(Values=["a\tb"]), f"{AT}.HttpHeaderConfig.Values[0]", "ValidationError"),
        (header(), AT, "MissingMember"),
        (method("get"), f"{AT}.HttpRequestMethodConfig.Values[0]", "ValidationError"),
        (method("G*"), f"{AT}.HttpRequestMethodConfig.Values[0]", "ValidationError"),
        (method("A" * 41), f"{AT}.HttpRequestMethodConfig.Values[0]", "ValidationError"),
        ({**method("GET"), "Values": ["GET"]}, f"{AT}.Values", "ValidationError"),
        ({"Field": "http-request-method"}, AT, "MissingMember"),
        ({"Field": "query-string"}, AT, "MissingMember"),
        ({**query(Value="1"), "RegexValues": ["1"]}, f"{AT}.RegexValues", "ValidationError"),
        (query(Key="v"), f"{AT}.QueryStringConfig.Values[0]", "MissingMember"),
        (query(Value=1), f"{AT}.QueryStringConfig.Values[0].Value", "ValidationError"),
        (query(Value=""), f"{AT}.QueryStringConfig.Values[0].Value", "ValidationError"),
        (query(Value="a b"), f"{AT}.QueryStringConfig.Values[0].Value", "ValidationError"),
        (query(Value="a\\b"), f"{AT}.QueryStringConfig.Values[0].Value", "ValidationError"),
        (query(Key="k" * 129, Value="1"), f"{AT}.QueryStringConfig.Values[0].Key", "ValidationError"),
        (source("10.0.0.1"), f"{AT}.SourceIpConfig.Values[0]", "ValidationError"),
        (source("10.0.0.0/255.0.0.0"), f"{AT}.SourceIpConfig.Values[0]", "ValidationError"),
        (source("10.0.0.0/33"), f"{AT}.SourceIpConfig.Values[0]", "ValidationError"),
        (source("10.*/8"), f"{AT}.SourceIpConfig.Values[0]", "ValidationError"),
        (source("255.255.255.255/32"), f"{AT}.SourceIpConfig.Values[0]", "ValidationError"),
        ({"Field": "source-ip"}, AT, "MissingMember"),
    ],
)
def test_every_fault_is_reported_at_its_place(document: dict[str, Any], place: str, code: str) -> None:
    assert places_of(make_document(document)) == {place: code}
    assert all(problem.severity == "error" for problem in problems_of(make_document(document)))


@pytest.mark.parametrize(
    "document",
    [host("localhost"), host("10.0.0.1"), host("my_app.com"), host("[::1]"), path("/a%2Fb"), path("/a=b")],
    ids=["no-dot", "address", "underscore", "ipv6", "percent", "equals"],
)
def test_what_only_aws_refuses_is_a_warning_unless_its_profile_is_asked_for(document: dict[str, Any]) -> None:
    relaxed = problems_of(make_document(document))
    assert [(problem.code, problem.severity) for problem in relaxed] == [("AwsRefuses", "warning")]
    strict = problems_of(make_document(document), limits=AWS)
    assert [(problem.code, problem.severity) for problem in strict] == [("ValidationError", "error")]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (source("10.1.2.3/8"), "HostBitsSet"),
        (query(Key="a=b", Value="1"), "NeverMatches"),
        (query(Value="a&b"), "NeverMatches"),
    ],
)
def test_doubtful_values_are_warnings(document: dict[str, Any], code: str) -> None:
    assert [(problem.code, problem.severity) for problem in problems_of(make_document(document))] == [
        (code, "warning")
    ]


def test_equal_spellings_of_a_block_are_not_doubtful() -> None:
    assert not problems_of(make_document(source("2001:DB8:0::/32")))


@pytest.mark.parametrize("one", [host("a.com"), path("/a"), method("GET"), source("10.0.0.0/8")])
def test_some_kinds_may_stand_only_once(one: dict[str, Any]) -> None:
    assert places_of(make_document(one, one)) == {"Rules[0].Conditions[1]": "ValidationError"}


def test_headers_and_queries_may_stand_several_times() -> None:
    document = make_document(header(Values=["a"]), header(Values=["b"]), query(Value="1"), query(Value="2"))
    assert len(make_ruleset(*document["Rules"][0]["Conditions"]).rules[0].conditions) == 4


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([path("/a", "/b", "/c")], {}),
        ([path("/a", "/b", "/c", "/d")], {AT: "TooManyValues"}),
        ([source(*(f"10.{at}.0.0/16" for at in range(5)))], {}),
        (
            [source(*(f"10.{at}.0.0/16" for at in range(6)))],
            {AT: "TooManyValues", "Rules[0].Conditions": "TooManyValues"},
        ),
        (
            [path("/a", "/b"), host("a.com", "b.com"), method("GET", "PUT")],
            {"Rules[0].Conditions": "TooManyValues"},
        ),
        ([path("/***?*"), host("?.com")], {}),
        ([path("/***?*"), host("??.com")], {"Rules[0].Conditions": "TooManyWildcards"}),
    ],
)
def test_quotas_of_aws(conditions: list[dict[str, Any]], expected: dict[str, str]) -> None:
    assert places_of(make_document(*conditions), limits=AWS) == expected
    assert places_of(make_document(*conditions)) == {}


@pytest.mark.parametrize(
    ("condition", "evaluations", "wildcards"),
    [
        (HostHeader(("*.a.com", "b.com")), 2, 1),
        (PathPattern(regex_values=("^/.*",)), 1, 0),
        (QueryString((QueryPair("*\\*", "k?"), QueryPair("v"))), 2, 2),
        (HttpRequestMethod(("GET",)), 1, 0),
        (HttpHeader("X", ("a*", "b*", "c?")), 3, 3),
    ],
)
def test_evaluations_and_wildcards_are_counted_as_aws_does(
    condition: Condition, evaluations: int, wildcards: int
) -> None:
    assert (evaluations_of(condition), wildcards_of(condition)) == (evaluations, wildcards)
