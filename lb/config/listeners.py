"""Rules of the listeners, read by `rules` and placed in the file.

Works on the raw document, so that problems of rules are told together with problems of everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lb.config.document import Document
from lb.config.pools import PoolNames
from lb.config.problems import Place
from lb.config.suggest import did_you_mean
from rules import InvalidRules, Problem, RuleSet, lint
from rules.actions import AuthenticateCognito, Forward
from rules.document import parse_ruleset
from rules.limits import AWS, RELAXED, Limits

KEY_CODES = {"UnknownKey", "UnknownMember"}
"""Problems that are about a key itself, shown where the key stands."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
RULE_KEYS = ("DefaultActions", "Rules")


def raw_items(document: Document, section: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    """Yield (index, mapping) of a section's well-formed items."""
    root = document.value
    items = root.get(section) if isinstance(root, Mapping) else None
    if isinstance(items, list):
        yield from ((index, item) for index, item in enumerate(items) if isinstance(item, Mapping))


def read_rulesets(document: Document, pools: PoolNames) -> dict[int, RuleSet]:
    """Return the rule set of each listener by its index; those with problems are missing."""
    groups = frozenset(
        name for _, item in raw_items(document, "TargetGroups") if isinstance(name := item.get("Name"), str)
    )
    rulesets: dict[int, RuleSet] = {}
    for index, listener in raw_items(document, "Listeners"):
        if "DefaultActions" not in listener:
            continue  # a missing key, reported as such
        ruleset = _read_ruleset(document, index, listener, groups, pools)
        if ruleset is not None:
            rulesets[index] = ruleset
            _check_clients(document, ("Listeners", index), ruleset, pools)
    return rulesets


def _read_ruleset(
    document: Document, index: int, listener: Mapping[str, object], groups: frozenset[str], pools: PoolNames
) -> RuleSet | None:
    where = ("Listeners", index)
    try:
        ruleset = parse_ruleset(
            {key: listener[key] for key in RULE_KEYS if key in listener},
            known_target_groups=groups,
            known_user_pools=pools.pools,
            listener_protocol=_protocol(listener),
            limits=_limits(document),
        )
    except InvalidRules as invalid:
        _place(document, where, invalid.problems)
        return None
    _place(document, where, lint(ruleset))
    return ruleset


def _limits(document: Document) -> Limits:
    root = document.value
    section = root.get("LoadBalancer") if isinstance(root, Mapping) else None
    return AWS if isinstance(section, Mapping) and section.get("Quotas") == "aws" else RELAXED


def _protocol(listener: Mapping[str, object]) -> str | None:
    """Return the protocol to judge rules by; None on loopback, where clear text goes nowhere."""
    protocol = str(listener.get("Protocol", "HTTP")).upper()
    return None if protocol == "HTTP" and listener.get("Address") in LOOPBACK else protocol


def _place(document: Document, where: Place, problems: Iterable[Problem]) -> None:
    for problem in problems:
        add = document.warn if problem.severity == "warning" else document.report
        add((*where, *problem.where), problem.code, problem.message, key=problem.code in KEY_CODES)


def _check_clients(document: Document, where: Place, ruleset: RuleSet, pools: PoolNames) -> None:
    """Report clients without a secret; warn about those that the file does not name: the id may be a
    generated one, known only once started.
    """
    for rule in (ruleset.default, *ruleset.rules):
        action = rule.pre_action
        if not isinstance(action, AuthenticateCognito):
            continue
        known = pools.clients.get(action.user_pool, frozenset())
        if action.user_pool_client_id not in known:
            message = (
                f"the file names no client `{action.user_pool_client_id}` in pool `{action.user_pool}`"
                f"{did_you_mean(action.user_pool_client_id, known)}; it must be the id of an older client"
            )
            document.warn((*where, *rule.where), "UnknownClient", message)
        if action.user_pool_client_id in pools.public.get(action.user_pool, frozenset()):
            # Refused by AWS too, with status 400.
            message = (
                f"client `{action.user_pool_client_id}` of pool `{action.user_pool}` must have a secret: "
                "add `GenerateSecret: true` to it"
            )
            document.report((*where, *rule.where), "ClientWithoutSecret", message)


def forwarded_groups(ruleset: RuleSet) -> set[str]:
    """Return the names of the target groups that some rule forwards to."""
    forwards = (
        rule.routing for rule in (ruleset.default, *ruleset.rules) if isinstance(rule.routing, Forward)
    )
    return {group.name for forward in forwards for group in forward.target_groups}
