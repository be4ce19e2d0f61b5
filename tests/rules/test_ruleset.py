"""Rule sets are ordered by priority and compare by what they say."""

import copy
import pickle
from dataclasses import replace

from rules import Decision, FixedResponse, Forward, PathPattern, Problem, Rule, RuleSet, WeightedTargetGroup
from tests.support.rules_heads import make_head

APP = Forward((WeightedTargetGroup("app"),))
DEFAULT = Rule(0, FixedResponse(404))


def test_rules_are_tried_by_ascending_priority_whatever_their_order() -> None:
    late = Rule(20, FixedResponse(500), (PathPattern(("/*",)),))
    early = Rule(10, APP, (PathPattern(("/a*",)),))
    ruleset = RuleSet((late, early), DEFAULT)
    assert ruleset.rules == (early, late)
    assert ruleset.find(make_head("/a")) == Decision(10, APP)
    assert ruleset.find(make_head("/b")).rule == 20


def test_where_a_rule_stood_and_what_was_doubtful_do_not_count_for_equality() -> None:
    rule = Rule(10, APP, (PathPattern(("/a*",)),))
    moved = replace(rule, where=("Rules", 3))
    warned = RuleSet((moved,), DEFAULT, (Problem((), "X", "x", "warning"),))
    assert warned == RuleSet((rule,), DEFAULT)
    assert hash(warned) == hash(RuleSet((rule,), DEFAULT))


def test_replacing_rules_compiles_them_anew() -> None:
    ruleset = RuleSet((), DEFAULT)
    grown = replace(ruleset, rules=(Rule(1, APP, (PathPattern(("/a",)),)),))
    assert ruleset.find(make_head("/a")).rule == 0
    assert grown.find(make_head("/a")).rule == 1
    assert copy.deepcopy(grown) == grown


def test_repr_shows_no_compiled_form() -> None:
    assert "function" not in repr(RuleSet((), DEFAULT))


def test_it_travels_to_another_process_as_rules() -> None:
    ruleset = RuleSet(
        (Rule(10, APP, (PathPattern(("/a*b",)),)),), DEFAULT, (Problem((), "X", "x", "warning"),)
    )
    arrived = pickle.loads(pickle.dumps(ruleset))
    assert arrived == ruleset
    assert arrived.warnings == ruleset.warnings
    assert arrived.find(make_head("/aab")) == Decision(10, APP)
