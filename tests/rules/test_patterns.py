"""Wildcards: what they match, how they are compared, and that no text makes them slow."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.patterns import (
    compile_pattern,
    compile_shapes,
    count_wildcards,
    covers,
    literal_of,
    parse_pattern,
    prefix_of,
    sort_shapes,
)
from tests.support.rules_reference import glob, tokens
from tests.support.rules_strategies import glob_texts, plain_texts, quickly


@pytest.mark.parametrize(
    ("pattern", "matched", "missed"),
    [
        ("/a", ["/a"], ["/A", "/a/", "", "x/a"]),
        ("*", ["", "/", "a.b/c"], []),
        ("**", ["", "ab"], []),
        ("/a*", ["/a", "/ab", "/a/b/c"], ["/", "/b", "x/a"]),
        (
            "*.example.com",
            ["a.example.com", "a.b.example.com", ".example.com"],
            ["example.com", "a.example.com.x"],
        ),
        ("a?c", ["abc", "a?c", "a*c"], ["ac", "abbc", "Abc"]),
        ("?", ["a", "*"], ["", "ab"]),
        ("*a*", ["a", "xax", "ab"], ["", "b"]),
        ("a*b", ["ab", "axb", "abb"], ["a", "b", "aba", "xab"]),
        ("aa*aa", ["aaaa", "aaaaa"], ["aaa", "aa"]),
        ("a*b*c", ["abc", "axbyc", "abbcc"], ["ac", "acb", "abcx"]),
        ("a*bc*c", ["abcc", "axbcc"], ["abc"]),
        ("?a*?b", ["xa_b", "aaab"], ["xab", "a_b", "xa_c"]),
        ("*a?c*", ["abc", "xxazcxx"], ["ac", "xacx"]),
        ("*?*?*", ["ab", "abc"], ["a", ""]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pattern_matches_whole_texts_only(pattern: str, matched: list[str], missed: list[str]) -> None:
    matches = compile_pattern(parse_pattern(pattern))
    assert [text for text in matched if not matches(text)] == []
    assert [text for text in missed if matches(text)] == []


@quickly
@given(glob_texts, plain_texts)
def test_pattern_agrees_with_the_reference(pattern: str, text: str) -> None:
    assert compile_pattern(parse_pattern(pattern))(text) == glob(tokens(pattern), text)


@quickly
@given(st.lists(glob_texts, min_size=1, max_size=4), plain_texts)
def test_several_patterns_match_what_any_of_them_matches(patterns: list[str], text: str) -> None:
    shapes = sort_shapes(map(parse_pattern, patterns))
    assert compile_shapes(shapes)(text) == any(glob(tokens(pattern), text) for pattern in patterns)


@pytest.mark.parametrize(
    ("patterns", "matched", "missed"),
    [
        (["*", "a"], "zz", None),
        (["a", "b"], "b", "c"),
        (["a*", "b*"], "bc", "cb"),
        (["*a", "*b"], "cb", "bc"),
        (["a?c"], "abc", "ac"),
        (["a", "b*", "*c", "?d"], "xd", "xdx"),
    ],
    ids=["everything", "literals", "prefixes", "suffixes", "one-other", "all"],
)
def test_every_mixture_of_shapes(patterns: list[str], matched: str, missed: str | None) -> None:
    matches = compile_shapes(sort_shapes(map(parse_pattern, patterns)))
    assert matches(matched)
    assert missed is None or not matches(missed)


@quickly
@given(st.text("ab\\*?", max_size=8), st.text("ab\\*?", max_size=8))
def test_backslash_escapes_only_where_asked(pattern: str, text: str) -> None:
    assert compile_pattern(parse_pattern(pattern, escapes=True))(text) == glob(
        tokens(pattern, escapes=True), text
    )
    assert compile_pattern(parse_pattern(pattern))(text) == glob(tokens(pattern), text)


@quickly
@given(glob_texts, glob_texts, plain_texts)
def test_a_covering_pattern_matches_whatever_the_covered_one_does(wide: str, narrow: str, text: str) -> None:
    if covers(parse_pattern(wide), parse_pattern(narrow)) and glob(tokens(narrow), text):
        assert glob(tokens(wide), text)


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("/a*", "/a/b*", True),
        ("/a*", "/a", True),
        ("/a/*", "/a*", False),
        ("*", "?", True),
        ("?", "*", False),
        ("*?", "?*", True),
        ("a?c", "abc", True),
        ("abc", "a?c", False),
        ("*b*", "ab*cb", True),
        ("*.com", "*.example.com", True),
        ("*.example.com", "*.com", False),
        ("a", "ab", False),
        ("ab", "a", False),
    ],
)
def test_covers(wide: str, narrow: str, expected: bool) -> None:
    assert covers(parse_pattern(wide), parse_pattern(narrow)) is expected


@pytest.mark.parametrize(
    ("text", "escapes", "count"),
    [("a*?b", False, 2), (r"\*?", False, 2), (r"\*?", True, 1), (r"\\*", True, 1)],
)
def test_escaped_wildcards_do_not_count_against_the_quota(text: str, escapes: bool, count: int) -> None:
    assert count_wildcards(text, escapes=escapes) == count


def test_literal_and_prefix() -> None:
    assert literal_of(parse_pattern("/a/b")) == "/a/b"
    assert literal_of(parse_pattern("/a*")) is None
    assert prefix_of(parse_pattern("/a?b*")) == "/a"
    assert literal_of(parse_pattern(r"a\*", escapes=True)) == "a*"


@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 60 + "*b",
        "a*" * 64,
        "*" + "?a*" * 40 + "b",
        "?*" * 60,
        "*aaaaaaaaaaaaaaaaaaaaaaab*aaaab*",
        "*a?a?a?a?b*a?*",
    ],
)
@pytest.mark.parametrize("text", ["a" * 16_000, "ab" * 8_000, "a" * 15_999 + "b"], ids=["a", "ab", "a-b"])
def test_no_text_makes_a_pattern_slow(pattern: str, text: str) -> None:
    """A backtracking matcher needs longer than the age of the universe for most of these."""
    matches = compile_pattern(parse_pattern(pattern))
    began = perf_counter()
    matches(text)
    assert perf_counter() - began < 0.5
