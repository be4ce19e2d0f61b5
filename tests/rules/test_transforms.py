"""Rewrites: what they make, and what they must not make of a request."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import HostHeaderRewrite, Rewrite, Transformed, TransformFailure, UrlRewrite, apply_transforms
from rules.transforms import group_references
from tests.support.rules_strategies import quickly


def url(path: str, *rewrites: tuple[str, str], query: str = "") -> Any:
    transform = UrlRewrite(tuple(Rewrite(*rewrite) for rewrite in rewrites))
    result = apply_transforms([transform], host="a.com", path=path, query=query)
    if isinstance(result, TransformFailure):
        return result.status
    return f"{result.path}?{result.query}" if result.query else result.path


def host(value: str, *rewrites: tuple[str, str]) -> str:
    transform = HostHeaderRewrite(tuple(Rewrite(*rewrite) for rewrite in rewrites))
    result = apply_transforms([transform], host=value, path="/", query="")
    return result.status if isinstance(result, TransformFailure) else result.host


@pytest.mark.parametrize(
    ("path", "query", "regex", "replace", "expected"),
    [
        ("/item/42", "", "^/item/([0-9]+)/?$", "/view?item=$1", "/view?item=42"),
        ("/api/v1/x", "a=1", "^/api/(.*)$", "/$1", "/v1/x?a=1"),
        ("/a", "x=1&y=2", r"\?x=([^&]*)", "/$1?x=", "/a/1?x=&y=2"),
        ("/a/a", "", "a", "b", "/b/a"),
        ("/a", "", "^/a$", "$0$0", "/a/a"),
        ("/a", "", "(a)|(b)", "x$1$2", "/xa"),
        ("/a", "", "^/(a)$", "/$$1$", "/$a$"),
        ("/a", "", "^/(a)$", "/$12", "/a2"),
        ("/A", "", "^/a", "/b", "/A"),
        ("/a%2Fb", "", "^/a(.*)$", "/c$1", "/c%2Fb"),
        ("/a", "q=1", r"\?.*$", "", "/a"),
    ],
)
def test_url_rewrite(path: str, query: str, regex: str, replace: str, expected: str) -> None:
    assert url(path, (regex, replace), query=query) == expected


def test_example_of_the_guide_for_hosts() -> None:
    assert host("shop-eu.example", (r"^shop-(.+)\.example$", "$1.shop.internal.example")) == (
        "eu.shop.internal.example"
    )


def test_host_regexes_ignore_case() -> None:
    assert host("app.example.com", ("^APP", "web")) == "web.example.com"


def test_first_matching_rewrite_is_the_only_one_applied() -> None:
    assert url("/b", ("^/a", "/x"), ("^/b", "/a"), ("^/a", "/y")) == "/a"


def test_no_match_changes_nothing_and_has_no_status() -> None:
    transforms = [UrlRewrite((Rewrite("^/x", "/y"),)), HostHeaderRewrite((Rewrite("^x", "y"),))]
    assert apply_transforms(transforms, host="a.com", path="/a", query="q") == Transformed(
        "a.com", "/a", "q", ""
    )
    assert apply_transforms((), host="a.com", path="/a", query="") == Transformed("a.com", "/a", "")


def test_both_kinds_together() -> None:
    transforms = [UrlRewrite((Rewrite("^/a", "/b"),)), HostHeaderRewrite((Rewrite("a", "b"),))]
    assert apply_transforms(transforms, host="a.com", path="/a", query="") == Transformed(
        "b.com", "/b", "", "TransformSuccess"
    )


@pytest.mark.parametrize(
    ("path", "regex", "replace"),
    [
        ("/a", "^/", ""),
        ("/a", "^/a$", "http://evil.org/"),
        ("/a", "^/a$", "*"),
        ("/a", "^/a$", "/b c"),
        ("/a", "^/a$", "/b#c"),
        ("/v./secret", "^/v(.*)$", "/.$1"),
        ("/v%2e/secret", "^/v(.*)$", "/%2e$1"),
        ("/app//evil.org", "^/app(.*)$", "$1"),
        ("/a/b", "^/a/", "/\\\\"),
        ("/a\u00e9", "^/a", "/b"),
    ],
)
def test_what_cannot_be_sent_is_a_failure(path: str, regex: str, replace: str) -> None:
    assert url(path, (regex, replace)) == "TransformInvalidPath"


def test_a_segment_that_the_client_was_let_in_with_stays() -> None:
    assert url("/x/../y", ("^/x/", "/z/")) == "/z/../y"


def test_query_may_hold_what_a_path_may_not() -> None:
    assert url("/a", ("^/a$", "/b?c=/../d")) == "/b?c=/../d"


def test_too_long_a_url_is_a_failure() -> None:
    assert url("/" + "a" * 9000, ("^/(.*)$", "/$1$1")) == "TransformBufferTooSmall"


@pytest.mark.parametrize(
    ("regex", "replace"),
    [("^.*$", ""), ("^(a)", "u@$1"), ("$", "/x"), ("$", " "), ("$", ":99999"), (r"\.", "..")],
)
def test_host_must_stay_a_host(regex: str, replace: str) -> None:
    assert host("a.com", (regex, replace)) == "TransformInvalidHost"


def test_host_may_get_a_port() -> None:
    assert host("a.com", ("$", ":8080")) == "a.com:8080"


@quickly
@given(
    st.text(st.characters(max_codepoint=255), max_size=12),
    st.sampled_from(["/$1", "$1", "/.$1", "/x?y=$1", "$2$1"]),
)
def test_rewritten_urls_are_always_fit_for_a_request_line(rest: str, replace: str) -> None:
    result = url("/v" + rest, ("(?s)^/v(.?)(.*)$", replace))
    assert result.startswith("/") or result == "TransformInvalidPath"
    assert not set(result) & set("\r\n\t\0 #")


def test_group_references() -> None:
    assert group_references("$1a$23$$4$x$0") == [1, 2, 4, 0]
