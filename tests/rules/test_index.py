"""Finding the first of many rules gives what trying them in order gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.conditions import (
    Condition,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    SourceIp,
)
from rules.index import SMALL, compile_candidates
from rules.request import RequestHead
from tests.support.rules_heads import make_head
from tests.support.rules_reference import holds
from tests.support.rules_strategies import conditions, heads, quickly

MANY: list[tuple[Condition, ...]] = [
    (HostHeader(("a.com", "b.com")), PathPattern(("/both",))),
    (HostHeader(("a.com",)),),
    (PathPattern(("/exact", "/other")),),
    (PathPattern(("/long/prefix/of/some/kind*", "/lo*")),),
    (PathPattern(regex_values=("^/regex/[0-9]+",)),),
    (PathPattern(("*.php",)),),
    (HttpRequestMethod(("PURGE",)),),
    (HttpHeader("X-Env", ("blue",)),),
    (HostHeader(("*.org",)),),
    (SourceIp(("10.0.0.0/8",)),),
    (PathPattern(regex_values=("any",)),),
    (HostHeader(regex_values=("^c\\.com$",)),),
    (PathPattern(("/x?",)),),
]


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (make_head("/both", host="b.com"), 0),
        (make_head("/exact", host="a.com"), 1),
        (make_head("/other", host="b.com"), 2),
        (make_head("/long/prefix/of/some/kind/of"), 3),
        (make_head("/lot"), 3),
        (make_head("/regex/7"), 4),
        (make_head("/regex/x.php"), 5),
        (make_head("/exact", method="PURGE"), 2),
        (make_head(method="PURGE"), 6),
        (make_head(headers={"x-env": "blue"}), 7),
        (make_head(host="x.org", peer="10.0.0.1"), 8),
        (make_head(peer="10.0.0.1"), 9),
        (make_head("/many"), 10),
        (make_head(host="c.com"), 11),
        (make_head("/xy"), 12),
        (make_head("/l"), -1),
        (make_head("/"), -1),
    ],
)
def test_first_match_wins_whatever_bucket_it_is_in(head: RequestHead, found: int) -> None:
    entries = [(conditions, at) for at, conditions in enumerate(MANY)]
    assert len(entries) > SMALL
    assert compile_candidates(entries, -1)(head) == found


@pytest.mark.parametrize("count", [0, 1, SMALL])
def test_few_rules_are_tried_in_order(count: int) -> None:
    entries = [((PathPattern((f"/{at}*",)),), at) for at in range(count)]
    find = compile_candidates(entries, -1)
    assert [find(make_head(f"/{at}x")) for at in range(count)] == list(range(count))
    assert find(make_head("/none")) == -1


@quickly
@given(st.lists(conditions, min_size=SMALL + 1, max_size=20), heads)
def test_index_agrees_with_trying_in_order(rules: list[tuple[Condition, ...]], head: RequestHead) -> None:
    expected = next(
        (at for at, own in enumerate(rules) if all(holds(condition, head) for condition in own)),
        -1,
    )
    assert compile_candidates([(own, at) for at, own in enumerate(rules)], -1)(head) == expected
