"""Rules that can never match are named with the rule that takes their requests."""

import sys
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given

from rules import (
    AuthenticateCognito,
    AuthenticateOidc,
    Forward,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    JwtValidation,
    OnUnauthenticatedRequest,
    PathPattern,
    QueryPair,
    QueryString,
    Rule,
    RuleSet,
    SessionPolicy,
    SourceIp,
    WeightedTargetGroup,
    evaluate,
    lint,
    parse_ruleset,
)
from rules.actions import FixedResponse, PreAction
from rules.conditions import Condition
from rules.covering import conditions_cover
from rules.request import RequestHead
from tests.support.rules_heads import FORWARD, make_document
from tests.support.rules_strategies import heads, matchable, quickly

NOT_FOUND = Rule(0, FixedResponse(404))
LOGIN = AuthenticateCognito("demo", "web")


def forward(*names: str) -> Forward:
    return Forward(tuple(WeightedTargetGroup(name) for name in names))


def ruleset(*conditions: tuple[Condition, ...]) -> RuleSet:
    rules = (
        Rule(at, FixedResponse(200), own, where=("Rules", at - 1)) for at, own in enumerate(conditions, 1)
    )
    return RuleSet(tuple(rules), NOT_FOUND)


def never(found: RuleSet) -> list[int]:
    return [problem.where[1] + 1 for problem in lint(found) if problem.code == "NeverMatches"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([(PathPattern(("/a*",)),), (PathPattern(("/a/b",)),)], [2]),
        ([(PathPattern(("/a/b",)),), (PathPattern(("/a*",)),)], []),
        ([(PathPattern(("/a*",)),), (PathPattern(("/a/b", "/c")),)], []),
        ([(HostHeader(("a.com",)), PathPattern(("/a*",))), (PathPattern(("/a*",)),)], []),
        ([(PathPattern(("/a*",)),), (HostHeader(("a.com",)), PathPattern(("/a/b",)))], [2]),
        ([(PathPattern(("/*",)),), (HostHeader(("a.com",)),), (SourceIp(("10.0.0.0/8",)),)], [2, 3]),
        ([(HttpRequestMethod(("GET", "PUT")),), (HttpRequestMethod(("PUT",)),)], [2]),
        ([(HttpHeader("X-Env", ("b*",)),), (HttpHeader("x-env", ("blue",)),)], [2]),
        ([(QueryString((QueryPair("*", "v"),)),), (QueryString((QueryPair("1\\*", "V"),)),)], [2]),
        ([(SourceIp(("10.0.0.0/8",)),), (SourceIp(("10.1.0.0/16",)),)], [2]),
        ([(PathPattern(regex_values=("^/a",)),), (PathPattern(regex_values=("^/a",)),)], [2]),
        ([(PathPattern(regex_values=("^/a",)),), (PathPattern(regex_values=("^/b",)),)], []),
        ([(QueryString((QueryPair("*"),)),), (QueryString((QueryPair("1"),)), PathPattern(("/a",)))], [2]),
    ],
)
def test_shadowed_rules(conditions: list[tuple[Condition, ...]], expected: list[int]) -> None:
    assert never(ruleset(*conditions)) == expected


def test_the_rule_in_the_way_is_named() -> None:
    document = make_document({"Field": "path-pattern", "Values": ["/a*"]})
    document["Rules"].append(
        {"Priority": 20, "Conditions": [{"Field": "path-pattern", "Values": ["/a/b"]}], "Actions": FORWARD}
    )
    (problem,) = lint(parse_ruleset(document))
    assert (
        str(problem) == "Rules[1]: rule 20 can never match: rule 10 (Rules[0]) takes all its requests first"
    )
    assert problem.severity == "warning"


@quickly
@given(matchable, heads)
def test_a_rule_that_matches_something_is_never_called_shadowed(found: RuleSet, head: RequestHead) -> None:
    priority = evaluate(found, head).rule
    shadowed = [
        rule.priority
        for at, rule in enumerate(found.rules)
        if any(conditions_cover(other.conditions, rule.conditions) for other in found.rules[:at])
    ]
    assert priority not in shadowed
    named = [problem.message for problem in lint(found) if "takes all its requests" in problem.message]
    assert len(named) == len(shadowed)


def test_many_distinct_rules_are_checked_quickly() -> None:
    many = ruleset(*((HostHeader((f"t{at}.example.com",)),) for at in range(3000)))
    began = perf_counter()
    assert lint(many) == []
    assert perf_counter() - began < 5


def test_giving_up_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["rules.lint"], "_MOST_COMPARISONS", 1)
    overlapping = [
        (HttpHeader("X", ("a*",)),),
        *[(HttpHeader("X", ("a*b*",)), PathPattern((f"/{at}",))) for at in range(5)],
    ]
    assert "NotChecked" in [problem.code for problem in lint(ruleset(*overlapping))]


@pytest.mark.parametrize(
    ("pre", "expected"),
    [
        (LOGIN, ["ReachableWithoutLogin"]),
        (AuthenticateOidc("https://i", "c", "s"), ["ReachableWithoutLogin"]),
        (JwtValidation("https://i/k", "i"), ["ReachableWithoutLogin"]),
        (
            AuthenticateCognito(
                "p", "c", session=SessionPolicy(on_unauthenticated_request=OnUnauthenticatedRequest.ALLOW)
            ),
            [],
        ),
        (None, []),
    ],
    ids=["cognito", "oidc", "jwt", "allow", "none"],
)
def test_a_target_group_that_is_reached_around_the_login_is_told(
    pre: PreAction | None, expected: list[str]
) -> None:
    protected = Rule(10, forward("app"), (PathPattern(("/admin*",)),), pre)
    assert [problem.code for problem in lint(RuleSet((protected,), Rule(0, forward("app"))))] == expected


@pytest.mark.parametrize(
    ("later", "default"),
    [
        ((), Rule(0, forward("other"))),
        ((), Rule(0, forward("app"), pre_action=LOGIN)),
        ((), NOT_FOUND),
        ((Rule(20, forward("app"), (PathPattern(("/public*",)),)),), NOT_FOUND),
    ],
    ids=["other-group", "login-there-too", "no-forward", "open-path"],
)
def test_no_alarm_where_the_login_cannot_be_missed_by_spelling(
    later: tuple[Rule, ...], default: Rule
) -> None:
    protected = Rule(10, forward("app"), (PathPattern(("/admin*",)),), LOGIN)
    assert lint(RuleSet((protected, *later), default)) == []


def test_a_wider_open_rule_behind_the_login_is_told_by_name() -> None:
    protected = Rule(10, forward("app"), (PathPattern(("/admin/*",)),), LOGIN)
    behind = Rule(20, forward("app"), (PathPattern(("/*",)),))
    (problem,) = lint(RuleSet((protected, behind), NOT_FOUND))
    assert "through rule 20 without a login" in problem.message


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (LOGIN, AuthenticateCognito("demo", "other"), ["SharedSessionCookie"]),
        (LOGIN, AuthenticateOidc("https://i", "c", "s"), ["SharedSessionCookie"]),
        # A session is bound to these too: a login at one rule is none at the other.
        (
            LOGIN,
            AuthenticateCognito("demo", "web", session=SessionPolicy(scope="openid email")),
            ["SharedSessionCookie"],
        ),
        (
            LOGIN,
            AuthenticateCognito("demo", "web", session=SessionPolicy(session_timeout=60)),
            ["SharedSessionCookie"],
        ),
        (
            LOGIN,
            AuthenticateCognito(
                "demo",
                "web",
                session=SessionPolicy(on_unauthenticated_request=OnUnauthenticatedRequest.DENY),
            ),
            [],
        ),
        (LOGIN, AuthenticateCognito("demo", "x", session=SessionPolicy(session_cookie_name="other")), []),
        (LOGIN, JwtValidation("https://i/k", "i"), []),
    ],
)
def test_one_cookie_for_two_logins_is_told(first: PreAction, second: PreAction, expected: list[str]) -> None:
    found = RuleSet(
        (
            Rule(1, forward("a"), (PathPattern(("/a",)),), first),
            Rule(2, forward("b"), (PathPattern(("/b",)),), second),
        ),
        NOT_FOUND,
    )
    assert [problem.code for problem in lint(found)] == expected


def test_warnings_of_reading_come_first() -> None:
    condition: dict[str, Any] = {"Field": "host-header", "Values": ["localhost", "LOCALHOST"]}
    assert [problem.code for problem in lint(parse_ruleset(make_document(condition)))] == [
        "AwsRefuses",
        "AwsRefuses",
        "RedundantValue",
    ]
