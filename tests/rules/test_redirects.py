"""Locations: placeholders, the explicit port, and that nothing in a request can send a browser elsewhere."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import LocationFailure, Redirect, build_location
from rules.redirects import find_placeholders
from tests.support.rules_heads import HOSTILE_HOSTS, make_head
from tests.support.rules_strategies import quickly

TO_HTTPS = Redirect(301, protocol="HTTPS", port="443")


@pytest.mark.parametrize(
    ("redirect", "location"),
    [
        (TO_HTTPS, "https://app.example.com:443/a/b?x=1"),
        (Redirect(301, protocol="HTTPS"), "https://app.example.com:80/a/b?x=1"),
        (Redirect(302, host="www.#{host}"), "http://www.app.example.com:80/a/b?x=1"),
        (Redirect(302, path="/new/#{path}", query=""), "http://app.example.com:80/new/a/b"),
        (
            Redirect(302, path="/#{host}/#{port}/#{path}"),
            "http://app.example.com:80/app.example.com/80/a/b?x=1",
        ),
        (
            Redirect(302, host="o.org", path="/", query="from=#{protocol}&#{query}"),
            "http://o.org:80/?from=http&x=1",
        ),
    ],
)
def test_placeholders_and_explicit_port(redirect: Redirect, location: str) -> None:
    assert build_location(redirect, make_head("/a/b?x=1")) == location


@pytest.mark.parametrize(
    ("authority", "port", "expected"),
    [
        ("app.example.com", 8080, 8080),
        ("app.example.com:8080", 8080, 8080),
        ("app.example.com:18080", 8080, 18080),
        ("app.example.com:99999", 8080, 8080),
        ("", 8080, 8080),
    ],
    ids=["listener", "same", "mapped", "nonsense", "none"],
)
def test_port_is_the_browsers_own_when_it_names_one(authority: str, port: int, expected: int) -> None:
    head = make_head("/a", authority=authority, port=port)
    assert build_location(Redirect(302, path="/b"), head) == f"http://app.example.com:{expected}/b"


def test_placeholders_in_the_request_are_not_expanded() -> None:
    head = make_head("/#{query}/#{host}?#{path}")
    assert build_location(Redirect(302, path="/x/#{path}"), head) == (
        "http://app.example.com:80/x/#{query}/#{host}?#{path}"
    )


def test_raw_encoding_is_kept() -> None:
    assert (
        build_location(TO_HTTPS, make_head("/a%2Fb/%C3%A9?q=%20"))
        == "https://app.example.com:443/a%2Fb/%C3%A9?q=%20"
    )


@pytest.mark.parametrize(
    "path", ["//evil.org", "/\\evil.org", "/@evil.org", "/.evil.org", "/%09/evil.org", "/:80@evil"]
)
def test_no_path_leaves_the_host(path: str) -> None:
    location = build_location(TO_HTTPS, make_head(path))
    assert isinstance(location, str)
    assert urlsplit(location).netloc == "app.example.com:443"
    assert location.startswith("https://app.example.com:443/")


@pytest.mark.parametrize("path", ["/a\r\nSet-Cookie: x=1", "/a\nb", "/a\tb", "/\x00", "/a b", "/\x7f"])
def test_control_characters_make_no_location(path: str) -> None:
    assert build_location(TO_HTTPS, make_head(path)) is LocationFailure.UNSAFE
    assert build_location(TO_HTTPS, make_head(f"/?{path}")) is LocationFailure.UNSAFE


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
def test_hostile_hosts_make_no_location(host: str) -> None:
    assert build_location(TO_HTTPS, make_head(host=host)) is LocationFailure.UNSAFE
    in_path = Redirect(302, host="o.org", path="/#{host}")
    assert build_location(in_path, make_head(host=host)) is LocationFailure.UNSAFE


def test_a_host_of_the_rules_own_needs_none_in_the_request() -> None:
    assert build_location(Redirect(302, host="o.org", path="/"), make_head(host="")) == "http://o.org:80/"


def test_path_must_stay_a_path() -> None:
    """An asterisk-form target (`OPTIONS *`) has no leading slash."""
    head = make_head("*")
    assert build_location(Redirect(302, host="o.org", path="#{path}"), head) is LocationFailure.UNSAFE


def test_location_of_8_k_passes_and_one_byte_more_does_not() -> None:
    room = 8192 - len("https://app.example.com:443/")
    assert len(str(build_location(TO_HTTPS, make_head("/" + "a" * room)))) == 8192
    assert build_location(TO_HTTPS, make_head("/" + "a" * (room + 1))) is LocationFailure.TOO_LONG


latin_1 = st.text(st.characters(max_codepoint=255), max_size=20)


@quickly
@given(latin_1, latin_1)
def test_location_is_always_on_the_requests_host_and_one_line(path: str, query: str) -> None:
    head = make_head()
    head.path, head.query = f"/{path}", query
    location = build_location(TO_HTTPS, head)
    if isinstance(location, str):
        assert location.startswith("https://app.example.com:443/")
        assert not set(location) & set("\r\n\t\0 ")


def test_find_placeholders() -> None:
    assert find_placeholders("a#{host}b#{x}#{}") == ["host", "x", ""]
