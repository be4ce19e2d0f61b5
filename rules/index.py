"""Find the first of many rules that holds, without trying them all.

A small set of rules is tried in order. A large one is sorted into buckets by something that a rule fixes
exactly: host, path, the beginning of the path, or method. A request looks into the few buckets that are its
own, and into the list of rules that fix nothing; the lowest position among the matches wins, so the order
of priorities holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeVar

from rules.conditions import Condition, HostHeader, HttpRequestMethod, PathPattern
from rules.matching import Memo, Predicate, compile_conditions, header_names
from rules.patterns import literal_of, parse_pattern, prefix_of
from rules.regexes import plain_texts
from rules.request import RequestHead

Choice = TypeVar("Choice")
Key = tuple[str, str]
"""What a bucket is for: `host`, `path`, `method` or the length of a path prefix; and the text."""
Entry = tuple[int, Predicate, Choice]

SMALL = 6
"""Up to so many rules, trying each costs less than looking into buckets (bench/rules_eval.py)."""
PREFIX_LENGTHS = (48, 24, 12, 6, 3)


def compile_candidates(
    rules: Sequence[tuple[Sequence[Condition], Choice]], default: Choice
) -> Callable[[RequestHead], Choice]:
    """Return the function from a head to the choice of the first of `rules` whose conditions hold, else
    `default`.
    """
    names = header_names(chain.from_iterable(conditions for conditions, _ in rules))
    predicates = [compile_conditions(conditions, names) for conditions, _ in rules]
    entries = [(at, predicate, rules[at][1]) for at, predicate in enumerate(predicates)]
    if len(rules) <= SMALL:
        return _in_order([(predicate, choice) for _, predicate, choice in entries], default)
    return _by_bucket(entries, [_anchors(conditions) for conditions, _ in rules], default)


def _in_order(rules: Sequence[tuple[Predicate, Choice]], default: Choice) -> Callable[[RequestHead], Choice]:
    rules = tuple(rules)

    def find(head: RequestHead) -> Choice:
        memo: Memo = {}
        for matches, choice in rules:
            if matches(head, memo):
                return choice
        return default

    return find


def _by_bucket(
    entries: Sequence[Entry[Choice]], anchors: Sequence[Sequence[Sequence[Key]]], default: Choice
) -> Callable[[RequestHead], Choice]:
    buckets: dict[Key, list[Entry[Choice]]] = {}
    general: list[Entry[Choice]] = []
    crowd = Counter(chain.from_iterable(chain.from_iterable(anchors)))
    for entry, options in zip(entries, anchors, strict=True):
        if not options:
            general.append(entry)
            continue
        # The anchor whose fullest bucket is emptiest leaves the fewest rules to try.
        best = min(options, key=lambda keys: max(crowd[key] for key in keys))
        for key in dict.fromkeys(best):
            buckets.setdefault(key, []).append(entry)
    hosts, paths, methods = (_of_kind(buckets, kind) for kind in ("host", "path", "method"))
    prefixes = [(size, table) for size in PREFIX_LENGTHS if (table := _of_kind(buckets, str(size)))]
    end = len(entries)

    def find(head: RequestHead) -> Choice:
        memo: Memo = {}
        path = head.path
        found, chosen = end, default
        own = [hosts.get(head.host), paths.get(path), methods.get(head.method)]
        for size, table in prefixes:
            own.append(table.get(path[:size]))
        own.append(general)
        for bucket in own:
            if bucket:
                for at, matches, choice in bucket:
                    if at > found:
                        break
                    if matches(head, memo):
                        found, chosen = at, choice
                        break
        return chosen

    return find


def _of_kind(buckets: Mapping[Key, list[Entry[Choice]]], kind: str) -> dict[str, list[Entry[Choice]]]:
    return {text: bucket for (own, text), bucket in buckets.items() if own == kind}


def _anchors(conditions: Sequence[Condition]) -> list[list[Key]]:
    """Return the ways in which a rule can be put into buckets: each a list of keys, one per value."""
    found = (keys for condition in conditions for keys in _condition_keys(condition))
    return [keys for keys in found if keys]


def _condition_keys(condition: Condition) -> Iterator[list[Key]]:
    match condition:
        case HostHeader(values=values, regex_values=()):
            literals = [literal_of(parse_pattern(value.lower())) for value in values]
            if None not in literals:
                yield [("host", text) for text in literals if text is not None]
        case PathPattern():
            yield _path_keys(condition)
        case HttpRequestMethod(values=values):
            yield [("method", value) for value in values]


def _path_keys(condition: PathPattern) -> list[Key]:
    keys: list[Key] = []
    for value in condition.values:
        pattern = parse_pattern(value)
        literal = literal_of(pattern)
        keys.append(_prefix_key(prefix_of(pattern)) if literal is None else ("path", literal))
    keys += [_prefix_key(plain_texts(regex)[0]) for regex in condition.regex_values]
    return keys if all(text for _, text in keys) else []


def _prefix_key(prefix: str) -> Key:
    size = next((size for size in PREFIX_LENGTHS if size <= len(prefix)), 0)
    return str(size), prefix[:size]
