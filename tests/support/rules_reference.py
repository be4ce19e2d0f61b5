"""A second, naive evaluation of rules, from the words of the AWS guide, to hold the quick one against.

Nothing is compiled, indexed or shared; wildcards are matched by dynamic programming over both texts.
"""

from __future__ import annotations

import ipaddress

import re2

from rules.conditions import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
    SourceIp,
)
from rules.request import RequestHead
from rules.ruleset import RuleSet


def matching_priority(ruleset: RuleSet, head: RequestHead) -> int:
    """Return the priority of the rule that takes `head`; 0 for the default rule."""
    for rule in sorted(ruleset.rules, key=lambda rule: rule.priority):
        if all(holds(condition, head) for condition in rule.conditions):
            return rule.priority
    return 0


def holds(condition: Condition, head: RequestHead) -> bool:
    """Tell whether one condition holds."""
    match condition:
        case HostHeader(values=values, regex_values=regexes):
            return _text(values, regexes, head.host, ignore_case=True)
        case PathPattern(values=values, regex_values=regexes):
            return _text(values, regexes, head.path, ignore_case=False)
        case HttpHeader(name=name, values=values, regex_values=regexes):
            sent = [value for key, value in head.headers if key == name.lower().encode()]
            return any(_text(values, regexes, value.decode("latin-1"), ignore_case=True) for value in sent)
        case HttpRequestMethod(values=values):
            return head.method in values
        case QueryString(values=pairs):
            return any(
                _pair(key, value, pair.key, pair.value) for key, value in _split(head.query) for pair in pairs
            )
        case SourceIp(values=values):
            address = ipaddress.ip_address(head.peer)
            return any(address in ipaddress.ip_network(value, strict=False) for value in values)


def _text(values: tuple[str, ...], regexes: tuple[str, ...], text: str, *, ignore_case: bool) -> bool:
    if ignore_case:
        text, values = text.lower(), tuple(value.lower() for value in values)
        regexes = tuple(f"(?i){regex}" for regex in regexes)
    return any(glob(tokens(value), text) for value in values) or any(
        re2.search(regex, text) for regex in regexes
    )


def _split(query: str) -> list[tuple[str, str]]:
    items = [item.split("=", 1) for item in query.split("#")[0].split("&") if item]
    return [(item[0], item[1] if len(item) > 1 else "") for item in items]


def _pair(key: str, value: str, want_key: str | None, want_value: str) -> bool:
    if want_key is not None and not glob(tokens(want_key.lower(), escapes=True), key.lower()):
        return False
    return glob(tokens(want_value.lower(), escapes=True), value.lower())


def tokens(pattern: str, *, escapes: bool = False) -> list[tuple[str, str]]:
    """Return the pattern as (kind, character) pairs, kind being `*`, `?` or `=`."""
    found: list[tuple[str, str]] = []
    rest = list(pattern)
    while rest:
        char = rest.pop(0)
        if escapes and char == "\\" and rest and rest[0] in "*?\\":
            found.append(("=", rest.pop(0)))
        else:
            found.append((char, char) if char in "*?" else ("=", char))
    return found


def glob(pattern: list[tuple[str, str]], text: str) -> bool:
    """Match by filling a table: row i says which beginnings of `text` the first i tokens match."""
    row = [True] + [False] * len(text)
    for kind, char in pattern:
        after = [kind == "*" and row[0]]
        for at, letter in enumerate(text, 1):
            if kind == "*":
                after.append(row[at] or after[at - 1])
            else:
                after.append(row[at - 1] and (kind == "?" or letter == char))
        row = after
    return row[-1]
