"""Find the rule that a request matches.

Pure and synchronous: no I/O, no clock. The work was done when the `RuleSet` was made; `rules.explain` tells
the same story slowly, with reasons.
"""

from __future__ import annotations

from rules.request import RequestHead
from rules.ruleset import Decision, RuleSet


def evaluate(ruleset: RuleSet, head: RequestHead) -> Decision:
    """Return what the first matching rule, else the default rule, wants done with `head`."""
    return ruleset.find(head)
