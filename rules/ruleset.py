"""Rules, the set of them that a listener has, and what evaluating it comes to.

All values are immutable. A `RuleSet` compiles its conditions once, when it is made; evaluating only reads.
Source: ELB user guide, "Listener rules": lowest priority number first, the default rule last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rules.actions import PreAction, RoutingAction
from rules.conditions import Condition
from rules.index import compile_candidates
from rules.problems import Place, Problem
from rules.request import RequestHead
from rules.transforms import Transform

DEFAULT_PRIORITY = 0
"""The number by which the default rule goes in a `Decision` and in the access log."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: when all conditions hold, do the pre-action (if any), then the routing action."""

    priority: int
    routing: RoutingAction
    conditions: tuple[Condition, ...] = ()
    pre_action: PreAction | None = None
    transforms: tuple[Transform, ...] = ()
    where: Place = field(default=(), compare=False, repr=False)
    """Where the rule stands in the document it came from, for messages."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Which rule a request matched and what to do with it. Made once per rule, shared by all its requests."""

    rule: int
    """Priority of the rule; 0 for the default rule."""
    routing: RoutingAction
    pre_action: PreAction | None = None
    transforms: tuple[Transform, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one listener by ascending priority, and the default rule that takes what they leave."""

    rules: tuple[Rule, ...]
    default: Rule
    warnings: tuple[Problem, ...] = field(default=(), compare=False, repr=False)
    """What the document's reader found doubtful; `lint` repeats it."""
    find: Callable[[RequestHead], Decision] = field(init=False, compare=False, repr=False)
    """The compiled form: use `evaluate`."""

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.rules, key=lambda rule: rule.priority))
        entries = tuple((rule.conditions, _decision(rule)) for rule in ordered)
        object.__setattr__(self, "rules", ordered)
        object.__setattr__(self, "find", compile_candidates(entries, _decision(self.default)))

    def __reduce__(self) -> tuple[type[RuleSet], tuple[object, ...]]:
        """Travel to another process as rules: the compiled form is closures, made anew over there."""
        return RuleSet, (self.rules, self.default, self.warnings)


def _decision(rule: Rule) -> Decision:
    return Decision(rule.priority, rule.routing, rule.pre_action, rule.transforms)
