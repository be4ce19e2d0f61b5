"""Which rule wins, against the naive reference and by the guide's own words."""

from hypothesis import given

from rules import evaluate
from rules.request import RequestHead
from rules.ruleset import RuleSet
from tests.support import rules_reference
from tests.support.rules_heads import make_head, make_ruleset
from tests.support.rules_strategies import heads, matchable, quickly


@quickly
@given(matchable, heads)
def test_evaluation_agrees_with_the_reference(ruleset: RuleSet, head: RequestHead) -> None:
    assert evaluate(ruleset, head).rule == rules_reference.matching_priority(ruleset, head)


def test_decision_carries_everything_the_rule_wants_done() -> None:
    jwt = {
        "Type": "jwt-validation",
        "Order": 1,
        "JwtValidationConfig": {"JwksEndpoint": "https://i/k", "Issuer": "i"},
    }
    forward = {"Type": "forward", "Order": 2, "TargetGroupArn": "app"}
    rewrite = {"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/a", "Replace": "/b"}]}}
    ruleset = make_ruleset(
        {"Field": "path-pattern", "Values": ["/a*"]}, Actions=[jwt, forward], Transforms=[rewrite]
    )
    decision = evaluate(ruleset, make_head("/a"))
    rule = ruleset.rules[0]
    assert (decision.rule, decision.pre_action, decision.routing, decision.transforms) == (
        10,
        rule.pre_action,
        rule.routing,
        rule.transforms,
    )
    assert decision.pre_action is not None
    assert decision.transforms


def test_default_rule_takes_the_rest_under_number_zero() -> None:
    ruleset = make_ruleset({"Field": "path-pattern", "Values": ["/a"]})
    assert evaluate(ruleset, make_head("/b")).rule == 0
    assert evaluate(ruleset, make_head("/b")) is evaluate(ruleset, make_head("/c"))
