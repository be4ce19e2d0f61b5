"""The canonical form of documents."""

import json

from hypothesis import given

from rules import AuthenticateOidc, FixedResponse, PathPattern, Rule, RuleSet, parse_ruleset, to_document
from tests.support.rules_heads import FORWARD
from tests.support.rules_strategies import quickly, rulesets


def test_canonical_form_is_the_same_for_every_spelling() -> None:
    short = {"Field": "path-pattern", "Values": ["/a"]}
    long = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a"]}}
    config = {"ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "app", "Weight": "1"}]}}
    spellings = [
        {"Priority": "10", "Conditions": [short], "Actions": FORWARD},
        {"Priority": 10, "Conditions": [long], "Actions": [{"Type": "forward", "Order": 4, **config}]},
    ]
    written = [to_document(parse_ruleset({"DefaultActions": FORWARD, "Rules": [rule]})) for rule in spellings]
    assert written[0] == written[1]
    assert written[0]["Rules"] == [{"Priority": 10, "Conditions": [long], "Actions": FORWARD}]


def test_defaults_of_a_redirect_are_spelt_out() -> None:
    config = {"StatusCode": "HTTP_301", "Protocol": "HTTPS", "Port": 443}
    ruleset = parse_ruleset({"DefaultActions": [{"Type": "redirect", "RedirectConfig": config}]})
    assert to_document(ruleset)["DefaultActions"] == [
        {
            "Type": "redirect",
            "RedirectConfig": {
                "Protocol": "HTTPS",
                "Port": "443",
                "Host": "#{host}",
                "Path": "/#{path}",
                "Query": "#{query}",
                "StatusCode": "HTTP_301",
            },
        }
    ]


def test_secret_is_left_out_unless_asked_for() -> None:
    login = AuthenticateOidc("https://idp", "id", "hunter2")
    rule = Rule(1, FixedResponse(200), (PathPattern(("/a",)),), login)
    ruleset = RuleSet((rule,), Rule(0, FixedResponse(404)))
    assert "hunter2" not in str(to_document(ruleset))
    assert "hunter2" in str(to_document(ruleset, with_secrets=True))


@quickly
@given(rulesets)
def test_what_is_written_reads_back_as_it_was(ruleset: RuleSet) -> None:
    document = to_document(ruleset, with_secrets=True)
    assert parse_ruleset(json.loads(json.dumps(document))) == ruleset
    assert to_document(parse_ruleset(document), with_secrets=True) == document
