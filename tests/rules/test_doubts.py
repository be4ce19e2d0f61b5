"""Doubts about single rules."""

import pytest

from rules import (
    FixedResponse,
    Forward,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryPair,
    QueryString,
    Redirect,
    Rewrite,
    Rule,
    RuleSet,
    SourceIp,
    UrlRewrite,
    WeightedTargetGroup,
    lint,
)
from rules.actions import RoutingAction
from rules.conditions import Condition

APP = Forward((WeightedTargetGroup("app"),))
BLUE, GREEN = HttpHeader("X-Env", ("blue",)), HttpHeader("x-env", ("green",))


def doubts(
    *conditions: Condition, routing: RoutingAction = APP, transforms: tuple[UrlRewrite, ...] = ()
) -> list[str]:
    rule = Rule(10, routing, conditions, transforms=transforms, where=("Rules", 4))
    return [problem.code for problem in lint(RuleSet((rule,), Rule(0, FixedResponse(404))))]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (PathPattern(("api/*",)), ["NeverMatches"]),
        (PathPattern(("api/*", "/api/*")), []),
        (PathPattern(("*.php", "?pi")), []),
        (PathPattern(regex_values=("^api/",)), ["NeverMatches"]),
        (PathPattern(regex_values=("^api/", "^/api")), []),
        (HttpRequestMethod(("TRACE",)), ["NeverMatches"]),
        (HttpRequestMethod(("TRACE", "GET")), []),
    ],
)
def test_conditions_that_nothing_meets(condition: Condition, expected: list[str]) -> None:
    assert doubts(condition) == expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ((BLUE, GREEN), ["ContradictoryConditions"]),
        ((BLUE, HttpHeader("X-Env", ("blue", "red"))), []),
        ((BLUE, HttpHeader("X-Env", ("g*",))), []),
        ((BLUE, HttpHeader("X-Other", ("green",))), []),
        ((BLUE, HttpHeader("X-Env", regex_values=("^g",))), []),
        (
            (QueryString((QueryPair("1", "v"),)), QueryString((QueryPair("2", "V"),))),
            ["ContradictoryConditions"],
        ),
        ((QueryString((QueryPair("1", "v"),)), QueryString((QueryPair("2", "w"),))), []),
        ((QueryString((QueryPair("1", "v"),)), QueryString((QueryPair("2"),))), []),
        ((QueryString((QueryPair("1", "v"), QueryPair("1", "w"))), QueryString((QueryPair("2", "w"),))), []),
    ],
)
def test_contradictions(conditions: tuple[Condition, ...], expected: list[str]) -> None:
    assert doubts(*conditions) == expected


def test_superfluous_values() -> None:
    assert doubts(PathPattern(("/a*", "/a/b"))) == ["RedundantValue"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (HostHeader(regex_values=(r"example\.com",)), ["UnanchoredRegex"]),
        (HostHeader(regex_values=(r"^example\.com",)), ["UnanchoredRegex"]),
        (HostHeader(regex_values=(r"example\.com$",)), ["UnanchoredRegex"]),
        (HostHeader(regex_values=(r"^example\.com\$",)), ["UnanchoredRegex"]),
        (HostHeader(regex_values=(r"^example\.com$",)), []),
        (HostHeader(regex_values=(r"(?i)\Aexample\.com\z",)), []),
        (PathPattern(regex_values=("/api/",)), ["UnanchoredRegex"]),
        (PathPattern(regex_values=("^/api/",)), []),
        (HttpHeader("X-Env", regex_values=("blue",)), []),
    ],
)
def test_regexes_that_match_more_than_they_seem_to(condition: Condition, expected: list[str]) -> None:
    assert doubts(condition) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("X-Amzn-Oidc-Identity", ["SpoofableHeader"]),
        ("X-Amzn-Mtls-Clientcert-Subject", ["SpoofableHeader"]),
        ("X-Forwarded-For", ["SpoofableHeader"]),
        ("X-Env", []),
    ],
)
def test_headers_that_prove_nothing(name: str, expected: list[str]) -> None:
    assert doubts(HttpHeader(name, ("x",))) == expected


ANY = PathPattern(("/*",))


@pytest.mark.parametrize(
    ("conditions", "redirect", "expected"),
    [
        ((ANY,), Redirect(301, protocol="HTTPS"), ["RedirectPort"]),
        ((ANY,), Redirect(301, protocol="HTTPS", port="443"), []),
        ((PathPattern(("/old*",)),), Redirect(301, path="/older"), ["RedirectLoop"]),
        ((PathPattern(("/old*",)),), Redirect(301, path="/new"), []),
        ((PathPattern(("/old*",)),), Redirect(301, path="/old/#{path}"), []),
        ((PathPattern(("/old*",)),), Redirect(301, path="/older", port="8443"), []),
        ((HostHeader(("*.a.com",)),), Redirect(301, host="www.a.com"), ["RedirectLoop"]),
        ((HostHeader(("*.a.com",)),), Redirect(301, host="b.com"), []),
        ((HostHeader(("*.a.com",)),), Redirect(301, host="www.#{host}"), []),
        ((HostHeader(("a.com",)), PathPattern(("/old*",))), Redirect(301, path="/older"), ["RedirectLoop"]),
        ((HostHeader(("a.com",)), PathPattern(("/old*",))), Redirect(301, host="b.com", path="/older"), []),
        ((SourceIp(("10.0.0.0/8",)),), Redirect(301, path="/older"), []),
    ],
)
def test_redirects_that_go_wrong(
    conditions: tuple[Condition, ...], redirect: Redirect, expected: list[str]
) -> None:
    assert doubts(*conditions, routing=redirect) == expected


def test_transforms_without_a_target() -> None:
    rewrite = (UrlRewrite((Rewrite("^/a", "/b"),)),)
    assert doubts(ANY, routing=FixedResponse(200), transforms=rewrite) == ["TransformUnused"]
    assert doubts(ANY, transforms=rewrite) == []


def test_doubts_have_places() -> None:
    rule = Rule(10, APP, (BLUE, PathPattern(("api",))), where=("Rules", 4))
    (problem,) = lint(RuleSet((rule,), Rule(0, FixedResponse(404))))
    assert problem.where == ("Rules", 4, "Conditions", 1)
    without = Rule(10, APP, (PathPattern(("api",)),))
    (problem,) = lint(RuleSet((without,), Rule(0, FixedResponse(404))))
    assert problem.where == ()
