"""Doubts about a single rule: conditions that nothing meets, regexes wider than they look, redirects that
loop.

Each check is one function from a rule to warnings; `RULE_DOUBTS` lists them for `rules.lint`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rules.actions import Forward, Redirect
from rules.conditions import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
)
from rules.covering import redundant_values
from rules.matching import parse_query_part, text_shapes
from rules.patterns import compile_shapes, literal_of, parse_pattern
from rules.problems import Place, Problem
from rules.redirects import find_placeholders
from rules.ruleset import Rule

_BEGIN = re.compile(r"(?:\(\?[a-z]+\))?(?:\^|\\A)")
_END = re.compile(r"(?:(?<!\\)(?:\\\\)*\$|\\z)\)*$")
_NO_PATH_BEGINS = re.compile(r"\^[A-Za-z0-9_-]")
_UNSERVED = ("TRACE", "CONNECT")
_IDENTITY = ("x-amzn-oidc-", "x-amzn-mtls-")
_FORWARDED = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "forwarded", "x-real-ip")


def _find_impossible(rule: Rule) -> Iterator[Problem]:
    """Yield conditions of which no value can be met, whatever the request."""
    for at, condition in enumerate(rule.conditions):
        match condition:
            case PathPattern():
                hopeless = all(value[0] not in "/*?" for value in condition.values) and all(
                    _NO_PATH_BEGINS.match(regex) for regex in condition.regex_values
                )
                why = "a path begins with a slash"
            case HttpRequestMethod():
                hopeless = all(value in _UNSERVED for value in condition.values)
                why = "TRACE and CONNECT are answered by the load balancer itself"
            case _:
                continue
        if hopeless:
            yield _doubt(
                rule, "NeverMatches", f"rule {rule.priority} can never match: {why}", "Conditions", at
            )


def _find_contradictions(rule: Rule) -> Iterator[Problem]:
    """Yield pairs of conditions on one header, or one query key, that share no value."""
    singles = [
        (at, name, texts) for at, item in enumerate(rule.conditions) for name, texts in _literals(item)
    ]
    for position, (at, name, texts) in enumerate(singles):
        for _, other_name, other_texts in singles[:position]:
            if name == other_name and not texts & other_texts:
                message = (
                    f"conditions on {name} share no value: only a request that repeats it meets both; "
                    f"values of which one is enough belong into one condition"
                )
                yield _doubt(rule, "ContradictoryConditions", message, "Conditions", at)
                break


def _literals(condition: Condition) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what a condition is about and the texts it accepts, when those are all literal."""
    match condition:
        case HttpHeader(values=values, regex_values=()):
            found = [literal_of(parse_pattern(value.lower())) for value in values]
            subjects = {f"header {condition.name.lower()}"}
        case QueryString(values=pairs):
            found = [literal_of(parse_query_part(pair.value)) for pair in pairs]
            subjects = {f"query key {(pair.key or '').lower()}" for pair in pairs if pair.key is not None}
            if any(pair.key is None for pair in pairs):
                return
        case _:
            return
    texts = frozenset(text for text in found if text is not None)
    if len(subjects) == 1 and None not in found:
        yield subjects.pop(), texts


def _find_redundant(rule: Rule) -> Iterator[Problem]:
    for at, condition in enumerate(rule.conditions):
        for index, other in redundant_values(condition):
            message = f"{condition.values[index]} adds nothing: {condition.values[other]} takes it in"
            yield _doubt(rule, "RedundantValue", message, "Conditions", at)


def _find_unanchored(rule: Rule) -> Iterator[Problem]:
    for at, condition in enumerate(rule.conditions):
        if not isinstance(condition, HostHeader | PathPattern):
            continue
        for regex in condition.regex_values:
            whole = _BEGIN.match(regex) and (isinstance(condition, PathPattern) or _END.search(regex))
            if not whole:
                ends = "^" if isinstance(condition, PathPattern) else "^ and $"
                message = f"the regex {regex} also matches inside longer texts; anchor it with {ends}"
                yield _doubt(rule, "UnanchoredRegex", message, "Conditions", at)


def _find_spoofable(rule: Rule) -> Iterator[Problem]:
    for at, condition in enumerate(rule.conditions):
        if not isinstance(condition, HttpHeader):
            continue
        name = condition.name.lower()
        if name.startswith(_IDENTITY):
            message = (
                f"{condition.name} is what the client sent: identity headers are added after rules are chosen"
            )
        elif name in _FORWARDED:
            message = (
                f"{condition.name} is what the client sent: it is no proof of where the request comes from"
            )
        else:
            continue
        yield _doubt(rule, "SpoofableHeader", message, "Conditions", at)


def _find_redirect_traps(rule: Rule) -> Iterator[Problem]:
    redirect = rule.routing
    if not isinstance(redirect, Redirect):
        return
    if redirect.protocol == "HTTPS" and redirect.port == "#{port}":
        message = "the port stays that of the HTTP request; set Port to 443 or to the HTTPS listener's port"
        yield _doubt(rule, "RedirectPort", message)
    if _may_loop(rule, redirect):
        yield _doubt(rule, "RedirectLoop", "the redirect leads to a URL that this rule redirects again")


def _may_loop(rule: Rule, redirect: Redirect) -> bool:
    """Tell whether a fixed path or host that the redirect leads to meets the rule's own conditions again."""
    if (redirect.protocol, redirect.port) != ("#{protocol}", "#{port}"):
        return False
    if any(not isinstance(condition, HostHeader | PathPattern) for condition in rule.conditions):
        return False
    plain = Redirect(redirect.status_code)
    for condition in rule.conditions:
        if isinstance(condition, PathPattern):
            template, unchanged = redirect.path, redirect.path == plain.path
        else:
            template, unchanged = redirect.host.lower(), redirect.host == plain.host
        if not unchanged and (find_placeholders(template) or not _meets(condition, template)):
            return False
    # Only what is fixed can be judged: a path such as /v2/#{path} may or may not come back.
    return not find_placeholders(redirect.host.replace("#{host}", "")) and (
        redirect.path == plain.path or not find_placeholders(redirect.path)
    )


def _meets(condition: Condition, text: str) -> bool:
    return isinstance(condition, HostHeader | PathPattern) and compile_shapes(text_shapes(condition))(text)


def _find_idle_transforms(rule: Rule) -> Iterator[Problem]:
    if rule.transforms and not isinstance(rule.routing, Forward):
        yield _doubt(
            rule, "TransformUnused", "transforms do nothing here: nothing is sent to a target", "Transforms"
        )


def _doubt(rule: Rule, code: str, message: str, *at: str | int) -> Problem:
    where: Place = (*rule.where, *at) if rule.where else ()
    return Problem(where, code, message, "warning")


RULE_DOUBTS: tuple[Callable[[Rule], Iterator[Problem]], ...] = (
    _find_impossible,
    _find_contradictions,
    _find_redundant,
    _find_unanchored,
    _find_spoofable,
    _find_redirect_traps,
    _find_idle_transforms,
)
