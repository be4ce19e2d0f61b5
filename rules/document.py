"""A rule document: plain mappings in the words of elbv2 and CloudFormation, read into a `RuleSet` and
written back.

The document has `DefaultActions` and, optionally, `Rules`, whose items have Priority, Conditions, Actions
and Transforms. Names stand where AWS has ARNs; of an ARN the name is taken. Every fault of a document is
reported at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rules.limits import RELAXED, Limits
from rules.problems import InvalidRules, format_place
from rules.read_actions import read_actions
from rules.read_conditions import read_conditions
from rules.read_transforms import read_transforms
from rules.reading import Scope, Section
from rules.ruleset import DEFAULT_PRIORITY, Rule, RuleSet
from rules.writing import to_document

__all__ = ["parse_ruleset", "to_document"]

_DOCUMENT = ("DefaultActions", "Rules")
_RULE = ("Priority", "Conditions", "Actions", "Transforms")
_ECHOED = ("RuleArn", "ListenerArn", "IsDefault", "Tags")
"""Members that describe calls and templates have, and that mean nothing here."""


def parse_ruleset(
    document: Mapping[str, object],
    *,
    limits: Limits = RELAXED,
    listener_protocol: str | None = None,
    known_target_groups: Collection[str] | None = None,
    known_user_pools: Collection[str] | None = None,
) -> RuleSet:
    """Read a rule document. What is only doubtful is kept in the set's `warnings`.

    Raises InvalidRules with every problem, warnings included, when at least one is an error.
    """
    scope = Scope(limits, listener_protocol, known_target_groups, known_user_pools)
    top = Section(document, (), scope, known=_DOCUMENT)
    default = _read_default(top)
    rules = _read_rules(top)
    if default is None or any(problem.severity == "error" for problem in scope.problems):
        raise InvalidRules(scope.problems)
    return RuleSet(rules, default, tuple(scope.problems))


def _read_default(top: Section) -> Rule | None:
    actions = read_actions(top, "DefaultActions")
    if actions.routing is None:
        return None
    return Rule(DEFAULT_PRIORITY, actions.routing, pre_action=actions.pre_action, where=("DefaultActions",))


def _read_rules(top: Section) -> tuple[Rule, ...]:
    sections = top.sections("Rules", (*_RULE, *_ECHOED))
    limit = top.scope.limits.rules
    if len(sections) > limit:
        top.report("TooManyRules", f"at most {limit} rules; these are {len(sections)}", "Rules")
    seen: dict[int, Section] = {}
    rules = (_read_rule(section, seen) for section in sections)
    return tuple(rule for rule in rules if rule is not None)


def _read_rule(section: Section, seen: dict[int, Section]) -> Rule | None:
    priority = _read_priority(section)
    if priority is not None and seen.setdefault(priority, section) is not section:
        first = format_place(seen[priority].where)
        section.report(
            "PriorityInUse", f"The specified priority is in use: {priority}, by {first}", "Priority"
        )
    conditions = read_conditions(section)
    actions = read_actions(section)
    transforms = read_transforms(section)
    if priority is None or actions.routing is None:
        return None
    return Rule(priority, actions.routing, conditions, actions.pre_action, transforms, section.where)


def _read_priority(section: Section) -> int | None:
    if section.value("Priority") == "default":
        section.report(
            "ValidationError", "the default rule is written as DefaultActions, not in Rules", "Priority"
        )
        return None
    return section.integer("Priority", 1, section.scope.limits.priority, required=True)
