"""Find what is valid in a rule set but hardly meant: rules that can never match, and traps.

`lint` gives warnings, each with its place. Rules that can never match are named with the rule that takes
their requests. Checks are one function each, listed in `_CHECKS`; those about single rules are in
`rules.doubts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from rules.actions import (
    AuthenticateCognito,
    AuthenticateOidc,
    Forward,
    JwtValidation,
    OnUnauthenticatedRequest,
)
from rules.conditions import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
    SourceIp,
)
from rules.covering import conditions_cover
from rules.doubts import RULE_DOUBTS
from rules.patterns import ESCAPABLE
from rules.problems import Problem, format_place
from rules.request import RequestHead
from rules.ruleset import Rule, RuleSet

_MOST_COMPARISONS = 300_000
"""Pairs of rules that one run compares in full: some seconds."""


def lint(ruleset: RuleSet) -> list[Problem]:
    """Return every doubt about `ruleset`, what its document's reader found included."""
    found = list(ruleset.warnings)
    for check in _CHECKS:
        found += check(ruleset)
    for rule in (*ruleset.rules, ruleset.default):
        for doubt in RULE_DOUBTS:
            found += doubt(rule)
    return found


def _find_shadowed(ruleset: RuleSet) -> Iterator[Problem]:
    """Yield the rules whose every request an earlier rule takes."""
    budget = _MOST_COMPARISONS
    for at, rule in enumerate(ruleset.rules):
        if ruleset.find(_example(rule)).rule == rule.priority:
            # A request that reaches the rule is the best proof that it can be reached.
            continue
        budget -= at
        if budget < 0:
            message = "too many overlapping rules to compare them all; rules from here on were not checked"
            yield Problem(rule.where, "NotChecked", message, "warning")
            return
        cover = next((other for other in islice(ruleset.rules, at) if _takes_all(other, rule)), None)
        if cover is not None:
            yield _never(rule, f"{_name(cover)} takes all its requests first")


def _takes_all(earlier: Rule, later: Rule) -> bool:
    return conditions_cover(earlier.conditions, later.conditions)


def _never(rule: Rule, why: str) -> Problem:
    return Problem(rule.where, "NeverMatches", f"rule {rule.priority} can never match: {why}", "warning")


def _name(rule: Rule) -> str:
    if not rule.priority:
        return "the default rule"
    return f"rule {rule.priority} ({format_place(rule.where)})" if rule.where else f"rule {rule.priority}"


def _find_open_doors(ruleset: RuleSet) -> Iterator[Problem]:
    """Yield authenticating rules past which the same target group is reached without a login.

    Conditions see raw text: `/%61dmin`, `//admin` or another Host miss a rule for `/admin*` and fall through.
    """
    for at, rule in enumerate(ruleset.rules):
        if not _demands_login(rule):
            continue
        groups = _groups(rule)
        behind = (*ruleset.rules[at + 1 :], ruleset.default)
        for other in behind:
            shared = groups & _groups(other)
            if shared and other.pre_action is None and _takes_all(other, rule):
                message = (
                    f"a request that misses this rule by its spelling (another case, //, %-encoding, another "
                    f"host) reaches target group {min(shared)!r} through {_name(other)} without a login; "
                    f"demand the login there and open single paths in earlier rules"
                )
                yield Problem(rule.where, "ReachableWithoutLogin", message, "warning")
                break


def _demands_login(rule: Rule) -> bool:
    match rule.pre_action:
        case None:
            return False
        case JwtValidation():
            return True
        case AuthenticateCognito(session=session) | AuthenticateOidc(session=session):
            return session.on_unauthenticated_request is not OnUnauthenticatedRequest.ALLOW


def _groups(rule: Rule) -> set[str]:
    return (
        {group.name for group in rule.routing.target_groups} if isinstance(rule.routing, Forward) else set()
    )


def _find_shared_cookies(ruleset: RuleSet) -> Iterator[Problem]:
    """Yield rules that log in otherwise under another rule's cookie name: each login ends the other's."""
    seen: dict[str, tuple[tuple[object, ...], Rule]] = {}
    for rule in (*ruleset.rules, ruleset.default):
        match rule.pre_action:
            case AuthenticateCognito():
                client = (rule.pre_action.user_pool, rule.pre_action.user_pool_client_id)
            case AuthenticateOidc():
                client = (rule.pre_action.issuer, rule.pre_action.client_id)
            case _:
                continue
        policy = rule.pre_action.session
        name = policy.session_cookie_name
        promise = (
            *client,
            *sorted(policy.scope.split()),
            policy.session_timeout,
            *sorted(policy.authentication_request_extra_params),
        )
        known, first = seen.setdefault(name, (promise, rule))
        if known != promise:
            message = (
                f"uses the cookie {name} of {_name(first)} for another provider, client, scope, "
                f"SessionTimeout or extra parameters; a login at one ends the session at the other: "
                f"give each its own SessionCookieName"
            )
            yield Problem(rule.where, "SharedSessionCookie", message, "warning")


def _example(rule: Rule) -> RequestHead:
    """Return a request that meets the rule's value conditions; with regexes it may not."""
    head = RequestHead("GET", "http", "example.invalid", 80, "/", "", [], "192.0.2.1")
    headers: list[tuple[bytes, bytes]] = []
    queries: list[str] = []
    for condition in rule.conditions:
        _meet(condition, head, headers, queries)
    head.headers, head.query = headers, "&".join(queries)
    return head


def _meet(
    condition: Condition, head: RequestHead, headers: list[tuple[bytes, bytes]], queries: list[str]
) -> None:
    match condition:
        case HostHeader(values=(value, *_)):
            head.host = _fill(value).lower()
        case PathPattern(values=(value, *_)):
            head.path = _fill(value)
        case HttpHeader(values=(value, *_)):
            headers.append((condition.name.lower().encode("latin-1"), _fill(value).encode("latin-1")))
        case HttpRequestMethod(values=(value, *_)):
            head.method = value
        case QueryString(values=(pair, *_)):
            queries.append(f"{_fill(pair.key or 'q', escapes=True)}={_fill(pair.value, escapes=True)}")
        case SourceIp(values=(value, *_)):
            head.peer = value.partition("/")[0]
        case _:
            pass


def _fill(value: str, *, escapes: bool = False) -> str:
    # Unusual fillings, so that the example is not by chance one of the texts that another rule names.
    if escapes:
        for char in ESCAPABLE:
            value = value.replace(f"\\{char}", "~")
    return value.replace("*", "zq9").replace("?", "z")


_CHECKS: tuple[Callable[[RuleSet], Iterator[Problem]], ...] = (
    _find_shadowed,
    _find_open_doors,
    _find_shared_cookies,
)
