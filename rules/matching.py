"""Compile conditions into functions of a request head.

Each kind of condition becomes the cheapest function that tells it. What several conditions of a rule set
need from one request (its headers by name, its query pairs) is made once per evaluation, on demand, and
kept in a `Memo`. `rules.explain` looks at the same matchers one value at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypedDict

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
from rules.patterns import Matcher, Pattern, Shapes, compile_shapes, literal_of, parse_pattern, sort_shapes
from rules.regexes import compile_search
from rules.request import RequestHead

Headers = Mapping[bytes, list[str]]
Pairs = Mapping[str, list[str]]


class Memo(TypedDict, total=False):
    """What was made of one request head so far, during one evaluation."""

    headers: Headers
    pairs: Pairs
    address: int


Predicate = Callable[[RequestHead, Memo], bool]


def compile_conditions(conditions: Sequence[Condition], names: frozenset[bytes]) -> Predicate:
    """Return the conjunction of `conditions`; `names` are the headers that the whole rule set asks for."""
    ordered = sorted(conditions, key=lambda condition: _COST[type(condition)])
    predicates = tuple(compile_condition(condition, names) for condition in ordered)
    match predicates:
        case (only,):
            return only
        case (first, second):
            return lambda head, memo: first(head, memo) and second(head, memo)
        case _:
            return lambda head, memo: all(predicate(head, memo) for predicate in predicates)


def compile_condition(condition: Condition, names: frozenset[bytes]) -> Predicate:
    """Return the function that tells whether `condition` holds."""
    match condition:
        case HostHeader():
            return _host(text_shapes(condition))
        case PathPattern():
            return _path(text_shapes(condition))
        case HttpHeader():
            return _header(condition, names)
        case HttpRequestMethod():
            methods = frozenset(condition.values)
            return lambda head, memo: head.method in methods
        case QueryString():
            return _query(condition)
        case SourceIp():
            return _source(condition.values)


def header_names(conditions: Iterable[Condition]) -> frozenset[bytes]:
    """Return the lower-case names of the headers that `conditions` look at."""
    found = (condition.name for condition in conditions if isinstance(condition, HttpHeader))
    return frozenset(name.lower().encode("latin-1") for name in found)


def text_shapes(condition: HostHeader | PathPattern | HttpHeader) -> Shapes:
    """Return the matchers of a condition on one text; texts come lower-cased where case does not count."""
    folds = not isinstance(condition, PathPattern)
    values = (value.lower() if folds else value for value in condition.values)
    searches = (compile_search(regex, ignore_case=folds) for regex in condition.regex_values)
    return sort_shapes(map(parse_pattern, values), searches)


def parse_query_part(text: str) -> Pattern:
    """Return the pattern of a `query-string` key or value: case ignored, backslash escapes."""
    return parse_pattern(text.lower(), escapes=True)


def query_pairs(query: str) -> Pairs:
    """Return the values of a raw query under each key, lower-cased, not decoded.

    A `#` ends the query (AWS).
    """
    found: dict[str, list[str]] = {}
    for item in query.partition("#")[0].lower().split("&"):
        if item:
            key, _, value = item.partition("=")
            found.setdefault(key, []).append(value)
    return found


def header_values(headers: Iterable[tuple[bytes, bytes]], names: frozenset[bytes]) -> Headers:
    """Return the lower-cased values of each of `names` that is present, in the order sent."""
    found: dict[bytes, list[str]] = {}
    for name, value in headers:
        if name in names:
            found.setdefault(name, []).append(value.lower().decode("latin-1"))
    return found


_COST: Mapping[type, int] = {
    HttpRequestMethod: 0,
    PathPattern: 1,
    HostHeader: 2,
    SourceIp: 3,
    HttpHeader: 4,
    QueryString: 5,
}


def _host(shapes: Shapes) -> Predicate:
    literals, prefixes, suffixes = shapes.literals, shapes.prefixes, shapes.suffixes
    match shapes:
        case Shapes(everything=False, prefixes=(), suffixes=(), others=()):
            return lambda head, memo: head.host in literals
        case Shapes(everything=False, prefixes=(), others=()) if not literals:
            return lambda head, memo: head.host.endswith(suffixes)
        case Shapes(everything=False, suffixes=(), others=()) if not literals:
            return lambda head, memo: head.host.startswith(prefixes)
    matches = compile_shapes(shapes)
    return lambda head, memo: matches(head.host)


def _path(shapes: Shapes) -> Predicate:
    literals, prefixes, suffixes = shapes.literals, shapes.prefixes, shapes.suffixes
    match shapes:
        case Shapes(everything=False, prefixes=(), suffixes=(), others=()):
            return lambda head, memo: head.path in literals
        case Shapes(everything=False, suffixes=(), others=()) if not literals:
            return lambda head, memo: head.path.startswith(prefixes)
        case Shapes(everything=False, prefixes=(), others=()) if not literals:
            return lambda head, memo: head.path.endswith(suffixes)
    matches = compile_shapes(shapes)
    return lambda head, memo: matches(head.path)


def _header(condition: HttpHeader, names: frozenset[bytes]) -> Predicate:
    name = condition.name.lower().encode("latin-1")
    matches = compile_shapes(text_shapes(condition))

    def holds(head: RequestHead, memo: Memo) -> bool:
        headers = memo.get("headers")
        if headers is None:
            headers = memo["headers"] = header_values(head.headers, names)
        for value in headers.get(name, ()):  # noqa: SIM110 - any() with a generator takes twice the time
            if matches(value):
                return True
        return False

    return holds


def _query(condition: QueryString) -> Predicate:
    test = _any_pair(tuple(map(compile_pair, condition.values)))

    def holds(head: RequestHead, memo: Memo) -> bool:
        pairs = memo.get("pairs")
        if pairs is None:
            pairs = memo["pairs"] = query_pairs(head.query)
        return test(pairs)

    return holds


def _any_pair(tests: tuple[Callable[[Pairs], bool], ...]) -> Callable[[Pairs], bool]:
    return tests[0] if len(tests) == 1 else lambda pairs: any(test(pairs) for test in tests)


def compile_pair(pair: QueryPair) -> Callable[[Pairs], bool]:
    """Return the function that tells whether the pairs of a query hold `pair`."""
    matches = compile_shapes(sort_shapes([parse_query_part(pair.value)]))
    key = None if pair.key is None else parse_query_part(pair.key)
    if key is None:
        return lambda pairs: any(any(map(matches, values)) for values in pairs.values())
    literal = literal_of(key)
    if literal is not None:
        return lambda pairs: literal in pairs and any(map(matches, pairs[literal]))
    matches_key: Matcher = compile_shapes(sort_shapes([key]))
    return lambda pairs: any(matches_key(key) and any(map(matches, values)) for key, values in pairs.items())


def _source(values: Sequence[str]) -> Predicate:
    blocks = tuple(map(_tagged_block, values))

    def holds(head: RequestHead, memo: Memo) -> bool:
        address = memo.get("address")
        if address is None:
            address = memo["address"] = parse_address(head.peer)
        for mask, base in blocks:  # noqa: SIM110 - any() with a generator takes twice the time
            if address & mask == base:
                return True
        return False

    return holds


_TAG = 128
"""Above this bit an address number holds its IP version, so that one comparison tells version and block."""


def _tagged_block(text: str) -> tuple[int, int]:
    network = ip_network(text, strict=False)
    tag = network.version << _TAG
    return int(network.netmask) | 0xFF << _TAG, int(network.network_address) | tag


@lru_cache(maxsize=4096)
def parse_address(text: str) -> int:
    """Return a peer's address as a number tagged with its version; 0 for what is none, such as a file."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    except ValueError:
        return 0
    # A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d; rules are written for a.b.c.d.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    address = mapped or address
    return int(address) | address.version << _TAG


def address_version(address: int) -> int:
    """Return 4 or 6 for a number of `parse_address`, 0 for none."""
    return address >> _TAG
