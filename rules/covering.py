"""Does one condition, or one rule, take in everything that another does?

Answers are never wrongly yes; a no may be wrong where regular expressions are compared. Used by `rules.lint`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from rules.conditions import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryPair,
    QueryString,
    SourceIp,
)
from rules.matching import parse_query_part, text_shapes
from rules.patterns import Pattern, Wildcard, compile_shapes, covers, literal_of, parse_pattern

TextCondition = HostHeader | PathPattern | HttpHeader
_EVERYTHING: Pattern = (Wildcard.ANY,)
_EVERY_PATH = ("*", "/*")
_EVERY_REGEX = frozenset({".*", "^", "$", "^.*", ".*$", "^.*$", "^(.*)$", "(.*)"})
_EVERY_PATH_REGEX = frozenset({"/", "^/", "^/.*", "^/.*$", "^/(.*)$"})


def conditions_cover(wide: Sequence[Condition], narrow: Sequence[Condition]) -> bool:
    """Tell whether every request for which all of `narrow` hold is one for which all of `wide` hold."""
    return all(is_universal(own) or any(condition_covers(own, other) for other in narrow) for own in wide)


def is_universal(condition: Condition) -> bool:
    """Tell whether the condition holds for every request."""
    match condition:
        case PathPattern(values=values, regex_values=regexes):
            return any(value in _EVERY_PATH for value in values) or any(
                regex in _EVERY_REGEX | _EVERY_PATH_REGEX for regex in regexes
            )
        case HostHeader(values=values, regex_values=regexes):
            return _EVERYTHING in map(parse_pattern, values) or any(
                regex in _EVERY_REGEX for regex in regexes
            )
        case SourceIp(values=values):
            return {"0.0.0.0/0", "::/0"} <= {str(_block(value)) for value in values}
        case _:
            return False


def condition_covers(wide: Condition, narrow: Condition) -> bool:
    """Tell whether `wide` holds whenever `narrow` does."""
    match wide, narrow:
        case (HttpHeader(), HttpHeader()):
            return wide.name.lower() == narrow.name.lower() and _text_covers(wide, narrow)
        case (HostHeader(), HostHeader()):
            return _text_covers(wide, narrow)
        case (PathPattern(), PathPattern()):
            return _text_covers(wide, narrow)
        case (HttpRequestMethod(), HttpRequestMethod()):
            return set(narrow.values) <= set(wide.values)
        case (QueryString(), QueryString()):
            return all(any(_pair_covers(own, other) for own in wide.values) for other in narrow.values)
        case (SourceIp(), SourceIp()):
            return all(any(block_covers(own, other) for own in wide.values) for other in narrow.values)
        case _:
            return False


def redundant_values(condition: Condition) -> Iterable[tuple[int, int]]:
    """Yield (index, index of the value that takes it in) for values that add nothing to their condition."""
    singles = _singles(condition)
    for at, narrow in enumerate(singles):
        for other_at, wide in enumerate(singles):
            if at == other_at:
                continue
            # Of two values that take in each other, the later one is the superfluous one.
            if condition_covers(wide, narrow) and (other_at < at or not condition_covers(narrow, wide)):
                yield at, other_at
                break


def _singles(condition: Condition) -> list[Condition]:
    """Return the condition once for each of its values, with that value alone."""
    if isinstance(condition, QueryString):
        return [QueryString((pair,)) for pair in condition.values]
    return [replace(condition, values=(value,)) for value in condition.values]


def _text_covers(wide: TextCondition, narrow: TextCondition) -> bool:
    fold = not isinstance(wide, PathPattern)
    own = [_pattern(value, fold) for value in wide.values]
    matches = compile_shapes(text_shapes(wide))
    for value in narrow.values:
        pattern = _pattern(value, fold)
        literal = literal_of(pattern)
        if not any(covers(mine, pattern) for mine in own) and (literal is None or not matches(literal)):
            return False
    return all(_EVERYTHING in own or regex in wide.regex_values for regex in narrow.regex_values)


def _pattern(value: str, fold: bool) -> Pattern:
    return parse_pattern(value.lower() if fold else value)


def _pair_covers(wide: QueryPair, narrow: QueryPair) -> bool:
    if not covers(parse_query_part(wide.value), parse_query_part(narrow.value)):
        return False
    if wide.key is None:
        return True
    return narrow.key is not None and covers(parse_query_part(wide.key), parse_query_part(narrow.key))


def block_covers(wide: str, narrow: str) -> bool:
    """Tell whether one CIDR block lies within another."""
    own, other = _block(wide), _block(narrow)
    if isinstance(own, IPv4Network):
        return isinstance(other, IPv4Network) and other.subnet_of(own)
    return isinstance(other, IPv6Network) and other.subnet_of(own)


@lru_cache(maxsize=1024)
def _block(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)
