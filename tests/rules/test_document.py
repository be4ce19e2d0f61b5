"""Whole documents: reading, priorities, quotas, and reading back what was written."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import rules as rules_package
from rules import AWS, InvalidRules, RuleSet, lint, parse_ruleset, to_document
from tests.support.rules_heads import FORWARD, make_document, places_of
from tests.support.rules_strategies import quickly, rulesets

CONDITION = {"Field": "path-pattern", "Values": ["/a"]}
RULE = {"Priority": 10, "Conditions": [CONDITION], "Actions": FORWARD}


def rules(*items: Any) -> dict[str, Any]:
    return {"DefaultActions": FORWARD, "Rules": list(items)}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@quickly
@given(rulesets, json_values, st.data())
def test_any_member_may_be_anything_and_only_invalid_rules_is_raised(
    ruleset: RuleSet, junk: object, data: st.DataObject
) -> None:
    document = json.loads(json.dumps(to_document(ruleset, with_secrets=True)))
    _put(document, junk, data)
    with suppress(InvalidRules):
        assert isinstance(parse_ruleset(document), RuleSet)


def _put(node: Any, junk: object, data: st.DataObject) -> None:
    """Put `junk` somewhere into the document."""
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or data.draw(st.booleans()):
            node[key] = junk
            return
        node = node[key]


@pytest.mark.parametrize("document", [None, [], "x", 3, {}])
def test_a_document_that_is_none_is_invalid(document: Any) -> None:
    with pytest.raises(InvalidRules):
        parse_ruleset(document)


def test_rules_may_be_absent() -> None:
    assert parse_ruleset({"DefaultActions": FORWARD}).rules == ()
    assert parse_ruleset({"DefaultActions": FORWARD, "Rules": None}).rules == ()


def test_rules_come_sorted_and_know_where_they_stood() -> None:
    ruleset = parse_ruleset(rules({**RULE, "Priority": "20"}, RULE))
    assert [(rule.priority, rule.where) for rule in ruleset.rules] == [(10, ("Rules", 1)), (20, ("Rules", 0))]
    assert ruleset.default.where == ("DefaultActions",)


def test_what_describe_calls_add_is_passed_over() -> None:
    echoed = {"RuleArn": "arn:x", "ListenerArn": "arn:y", "IsDefault": False, "Tags": [], "Transforms": []}
    assert parse_ruleset(rules({**RULE, **echoed})) == parse_ruleset(rules(RULE))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (rules(RULE, RULE), {"Rules[1].Priority": "PriorityInUse"}),
        (rules({**RULE, "Priority": 0}), {"Rules[0].Priority": "ValidationError"}),
        (rules({**RULE, "Priority": 50_001}), {"Rules[0].Priority": "ValidationError"}),
        (rules({**RULE, "Priority": "default"}), {"Rules[0].Priority": "ValidationError"}),
        (rules({**RULE, "Priority": None}), {"Rules[0]": "MissingMember"}),
        (rules({**RULE, "Conditions": []}), {"Rules[0].Conditions": "MissingMember"}),
        (rules({**RULE, "Conditions": None}), {"Rules[0]": "MissingMember"}),
        (rules({**RULE, "Actions": []}), {"Rules[0].Actions": "MissingMember"}),
        (rules({**RULE, "Action": []}), {"Rules[0].Action": "UnknownMember"}),
        (rules("x"), {"Rules[0]": "MissingMember"}),
        ({"DefaultActions": FORWARD, "Rules": {}}, {"Rules": "ValidationError"}),
        ({**rules(RULE), "Rulez": []}, {"Rulez": "UnknownMember"}),
    ],
)
def test_every_fault_is_reported_at_its_place(document: dict[str, Any], expected: dict[str, str]) -> None:
    assert places_of(document) == expected


def test_all_problems_are_reported_at_once_warnings_included() -> None:
    document = {
        "DefaultActions": [{"Type": "forwrd"}],
        "Rules": [
            {**RULE, "Conditions": [{"Field": "host-header", "Values": ["localhost", "a b"]}]},
            {
                **RULE,
                "Actions": [{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Path": "x"}}],
            },
        ],
    }
    with pytest.raises(InvalidRules) as raised:
        parse_ruleset(document)
    assert str(raised.value).splitlines() == [
        (
            "DefaultActions[0].Type: must be one of forward, redirect, fixed-response, authenticate-cognito, "
            "authenticate-oidc, jwt-validation; not 'forwrd'; did you mean forward?"
        ),
        "Rules[0].Conditions[0].Values[0]: the host has no dot; AWS refuses this, albacore matches it",
        (
            "Rules[0].Conditions[0].Values[1]: a host may hold letters, digits, hyphens, dots and the "
            "wildcards * and ?"
        ),
        "Rules[1].Priority: The specified priority is in use: 10, by Rules[0]",
        "Rules[1].Actions[0].RedirectConfig.Path: must begin with a slash",
    ]


def test_number_of_rules_is_limited() -> None:
    many = rules(*({**RULE, "Priority": at} for at in range(1, 102)))
    assert places_of(many, limits=AWS) == {"Rules": "TooManyRules"}
    assert len(parse_ruleset(many).rules) == 101


def test_warnings_stay_with_the_rule_set() -> None:
    ruleset = parse_ruleset(make_document({"Field": "host-header", "Values": ["localhost"]}))
    assert [problem.code for problem in ruleset.warnings] == ["AwsRefuses"]


REFERENCE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", REFERENCE, re.DOTALL))
def test_examples_of_the_reference_are_valid_and_free_of_doubt(example: str) -> None:
    assert lint(parse_ruleset(yaml.safe_load(example), limits=AWS, listener_protocol="HTTPS")) == []


def test_reference_names_every_code_of_a_warning() -> None:
    sources = "".join(path.read_text() for path in Path(rules_package.__file__).parent.glob("*.py"))
    codes = re.findall(r'(?:_doubt\(rule, |warn\(|Problem\([a-z.]+, )"([A-Za-z]+)"', sources)
    assert len(set(codes)) > 10
    assert [code for code in set(codes) if f"`{code}`" not in REFERENCE] == []
