"""Traces: the same decision as evaluate, with every value tried, fit for a terminal."""

from typing import Any

import pytest
from hypothesis import given

from rules import evaluate, explain, parse_ruleset
from rules.explain import describe_action, show
from rules.request import RequestHead
from rules.ruleset import RuleSet
from tests.support.rules_heads import FORWARD, make_head, make_ruleset
from tests.support.rules_strategies import heads, matchable, quickly


@quickly
@given(matchable, heads)
def test_trace_and_evaluation_never_disagree(ruleset: RuleSet, head: RequestHead) -> None:
    trace = explain(ruleset, head)
    assert trace.decision == evaluate(ruleset, head)
    assert [rule.priority for rule in trace.rules if rule.matched] == [trace.decision.rule]
    assert trace.rules[-1].matched
    assert all(" " <= char <= "~" or char == "\n" for char in str(trace))


DOCUMENT: dict[str, Any] = {
    "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    "Rules": [
        {
            "Priority": 10,
            "Conditions": [
                {"Field": "host-header", "Values": ["www.example.com"]},
                {"Field": "path-pattern", "RegexValues": ["^/api/"]},
            ],
            "Actions": FORWARD,
        },
        {
            "Priority": 20,
            "Conditions": [{"Field": "path-pattern", "Values": ["/static/*", "/api/*"]}],
            "Actions": [
                {
                    "Type": "jwt-validation",
                    "JwtValidationConfig": {"JwksEndpoint": "https://i/k", "Issuer": "i"},
                },
                *FORWARD,
            ],
        },
        {"Priority": 30, "Conditions": [{"Field": "path-pattern", "Values": ["/*"]}], "Actions": FORWARD},
        {"Priority": 40, "Conditions": [{"Field": "path-pattern", "Values": ["/x"]}], "Actions": FORWARD},
    ],
}


def test_trace_reads_well() -> None:
    trace = explain(parse_ruleset(DOCUMENT), make_head("/api/users?v=1", authority="app.example.com:8080"))
    assert str(trace) == (
        "GET http://app.example.com:8080/api/users?v=1 from 203.0.113.9\n"
        "rule 10 does not match\n"
        '  no  host-header: "app.example.com"\n'
        '      no  "www.example.com"\n'
        '  yes path-pattern: "/api/users"\n'
        '      yes regex "^/api/"\n'
        "rule 20 MATCHES -> jwt-validation, then forward to app\n"
        '  yes path-pattern: "/api/users"\n'
        '      no  "/static/*"\n'
        '      yes "/api/*"\n'
        "2 later rules not tried"
    )


def test_default_rule_is_told_last() -> None:
    ruleset = make_ruleset({"Field": "path-pattern", "Values": ["/a"]})
    trace = explain(ruleset, make_head("/b"))
    assert str(trace).endswith("default rule MATCHES -> forward to app")
    assert trace.untried == 0


def test_one_untried_rule_is_told_in_the_singular() -> None:
    document = {**DOCUMENT, "Rules": DOCUMENT["Rules"][2:]}
    assert str(explain(parse_ruleset(document), make_head("/b"))).endswith("1 later rule not tried")


def path(value: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "Values": [value]}


def query(**pair: str) -> dict[str, Any]:
    return {"Field": "query-string", "QueryStringConfig": {"Values": [pair]}}


def header(**members: list[str]) -> dict[str, Any]:
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Env", **members}}


HOST = {"Field": "host-header", "Values": ["*.example.com"]}
METHOD = {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "PUT"]}}
SOURCE = {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}


@pytest.mark.parametrize(
    ("condition", "head", "line"),
    [
        (path("/Admin"), make_head("/admin"), 'no  "/Admin"  (the case differs; paths are case-sensitive)'),
        (
            path("/admin"),
            make_head("/admin/x"),
            'no  "/admin"  (the whole text must match; end the value with * for what begins with it)',
        ),
        (
            path("/admin/*"),
            make_head("/admin"),
            'no  "/admin/*"  (the slash is missing; list the path without it as another value)',
        ),
        (path("/a"), make_head("/b"), 'no  "/a"'),
        (
            HOST,
            make_head(host="example.com"),
            'no  "*.example.com"  (*.example.com does not include example.com itself)',
        ),
        (METHOD, make_head(method="get"), "no  GET  (the case differs; methods are case-sensitive)"),
        (query(Key="v", Value="1"), make_head("/?v=2"), 'no  "v=1"  (the key has another value)'),
        (query(Key="v", Value="1"), make_head("/?w=1"), 'no  "v=1"  (no such key)'),
        (query(Value="1"), make_head("/?w=2"), 'no  "1"'),
        (SOURCE, make_head(peer="::1"), "no  10.0.0.0/8  (the peer's address is IPv6)"),
        (SOURCE, make_head(peer="11.0.0.1"), "no  10.0.0.0/8"),
        (SOURCE, make_head(peer=""), "no  10.0.0.0/8  (the peer has no IP address)"),
        (header(Values=["a"]), make_head(), "no  http-header X-Env: not sent"),
        (header(RegexValues=["^a"]), make_head(), 'no  regex "^a"'),
        (
            header(Values=["a"]),
            make_head(headers=[("x-env", "b"), ("x-env", "c")]),
            'no  http-header X-Env: "b" and "c"',
        ),
    ],
)
def test_a_value_that_does_not_match_says_why_where_it_can(
    condition: dict[str, Any], head: RequestHead, line: str
) -> None:
    assert line in [text.strip() for text in str(explain(make_ruleset(condition), head)).splitlines()]


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "X-Amzn-Oidc-Data", "Proxy-Authorization"])
def test_credentials_are_not_shown(name: str) -> None:
    condition = {
        "Field": "http-header",
        "HttpHeaderConfig": {"HttpHeaderName": name, "Values": ["Bearer x", "*s3cret*"]},
    }
    text = str(explain(make_ruleset(condition), make_head(headers={name: "Bearer s3cret-token"})))
    assert "(not shown)" in text
    assert "s3cret-token" not in text
    assert 'yes "*s3cret*"' in text


def test_request_text_cannot_paint_on_the_terminal() -> None:
    condition = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Env", "Values": ["a"]}}
    head = make_head("/\x1b[2J\n?\x07", headers={"X-Env": "\x1b[31m\xe9"})
    text = str(explain(make_ruleset(condition), head))
    assert '"\\x1b[31m\\xe9"' in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_long_texts_are_shortened() -> None:
    assert show("a" * 200) == f'"{"a" * 200}"'
    assert show("a" * 201) == f'"{"a" * 200}... (201 characters)"'


def redirect(**members: str) -> dict[str, Any]:
    return {"Type": "redirect", "RedirectConfig": members}


def weighted(**weights: int) -> dict[str, Any]:
    groups = [{"TargetGroupArn": name, "Weight": weight} for name, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (weighted(a=9, b=1), "forward to a (9), b (1)"),
        (
            redirect(StatusCode="HTTP_301", Port="443"),
            "redirect 301 to #{protocol}://#{host}:443/#{path}?#{query}",
        ),
        (
            redirect(StatusCode="HTTP_302", Path="/", Query=""),
            "redirect 302 to #{protocol}://#{host}:#{port}/",
        ),
        (
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}},
            "fixed-response 503",
        ),
    ],
)
def test_actions_are_told_in_a_few_words(action: dict[str, Any], text: str) -> None:
    assert describe_action(parse_ruleset({"DefaultActions": [action]}).default.routing) == text
