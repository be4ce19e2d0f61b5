"""Regular expressions: which are refused, what is plain to see in them, and that no text makes them slow."""

from time import perf_counter

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from rules.regexes import (
    REWRITE_PROGRAM,
    compile_glob,
    compile_rewrite,
    compile_search,
    find_regex_fault,
    plain_texts,
)
from tests.support.rules_strategies import quickly


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?=a)", "lookahead"),
        ("a(?!b)", "lookahead"),
        ("(?<=a)b", "lookbehind"),
        ("(?<!a)b", "lookbehind"),
        (r"(a)\1", "backreferences"),
        ("(?P<n>a)(?P=n)", "backreference"),
        ("(?>a)", "atomic group"),
        ("a++", "possessive"),
        ("a*+", "possessive"),
        ("(?R)", "recursion"),
        ("(?&n)", "subroutine"),
        ("(?P>n)", "subroutine"),
        ("(?#no)a", "comment"),
        ("(?|a|b)", "branch reset"),
        (r"\p{L}", "Unicode classes"),
        (r"\PN", "Unicode classes"),
        (r"a\C", r"\C"),
        ("(", "missing"),
        ("[a", "missing"),
        (r"\K", "not valid"),
        ("a{2000}", "not valid"),
        ("a{1000}a{1000}", "too complex"),
        ("caf\u00e9", "ASCII"),
    ],
)
def test_regex_that_aws_refuses_is_refused_with_a_reason(pattern: str, words: str) -> None:
    assert words in (find_regex_fault(pattern) or "")


@pytest.mark.parametrize(
    "pattern",
    [
        "^/api/(.*)$",
        r"\\p{L}",
        r"\d+\w*\s?",
        "[[:alpha:]]{2,5}",
        "(?i)abc",
        "(?:a|b)",
        r"a\\1",
        "a+?",
        "",
        r"\0",
    ],
)
def test_regex_of_the_common_subset_is_accepted(pattern: str) -> None:
    assert find_regex_fault(pattern) is None


def test_rewrites_may_be_larger_programs() -> None:
    assert find_regex_fault("a{600}a{600}") is not None
    assert find_regex_fault("a{600}a{600}", program=REWRITE_PROGRAM) is None


@pytest.mark.parametrize(
    ("pattern", "ignore_case", "text", "expected"),
    [
        ("^/api/", False, "/api/x", True),
        ("^/api/", False, "/API/x", False),
        ("api", False, "/x/api/y", True),
        ("^APP\\.", True, "app.example.com", True),
        ("^a.c$", False, "a\u00e9c", True),
        ("^a$", False, "a\n", False),
        ("^/(a|b)$", False, "/b", True),
        ("", False, "", True),
    ],
)
def test_search(pattern: str, ignore_case: bool, text: str, expected: bool) -> None:
    assert compile_search(pattern, ignore_case=ignore_case)(text) is expected


def test_glob_matches_the_whole_text_with_line_ends() -> None:
    assert compile_glob("a.*b")("a\n\u00e9b")
    assert not compile_glob("a.*b")("xab")


def test_rewrite_keeps_its_groups() -> None:
    match = compile_rewrite("(A)(b)?", True).search(b"xa")
    assert match is not None
    assert match.groups() == (b"a", None)


@pytest.mark.parametrize(
    ("pattern", "prefix", "needle"),
    [
        ("^/api/v[0-9]+/customers$", "/api/v", "/customers"),
        ("/svc/[a-z]+", "", "/svc/"),
        ("^ab|cd", "", ""),
        ("^abc?d", "ab", "ab"),
        ("^(?:a|b)cd", "", "cd"),
        ("^(a(b)[)](c))+dd", "", "dd"),
        (r"^a\.b\d", "a.b", "a.b"),
        (r"^(\.\)x)yy", "", "yy"),
        ("(?i)abc", "", ""),
        ("(?i:a)bc", "", ""),
        (r"\x41b", "", ""),
        (r"(\Qa)\E)b", "", ""),
        (r"\Qa|b\E", "", ""),
        ("^*ab", "", ""),
        ("(a", "", ""),
        ("a{3}bc", "", "bc"),
        ("[]a]b", "", "b"),
        ("[[:alpha:]]b", "", "b"),
        ("(a|[b])c", "", "c"),
    ],
)
def test_plain_texts(pattern: str, prefix: str, needle: str) -> None:
    assert plain_texts(pattern) == (prefix, needle)


@quickly
@given(st.text("ab^$|()[]*?+{1,}\\.di:-", max_size=12), st.text("abd1.", max_size=8))
def test_plain_texts_never_hide_a_match(pattern: str, text: str) -> None:
    if find_regex_fault(pattern) is not None:
        return
    options = re2.Options()
    options.log_errors = False
    expected = re2.compile(pattern, options).search(text) is not None
    assert compile_search(pattern, ignore_case=False)(text) == expected


@pytest.mark.parametrize(
    "pattern", ["(x+x+)+y", "(a|a)*b", "(.*)*$", "(?:a?){60}a{60}$", "(.*a.{15})$", ".*.*.*.*=.*"]
)
def test_no_text_makes_a_regex_slow(pattern: str) -> None:
    matches = compile_search(pattern, ignore_case=False)
    for text in ("a" * 16_000, "x" * 16_000, "ax" * 8_000):
        began = perf_counter()
        matches(text)
        assert perf_counter() - began < 0.5
