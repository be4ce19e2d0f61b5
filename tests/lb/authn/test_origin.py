"""Back to the request's own origin, and nowhere else."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.authn.origin import Origin, read_origin
from tests.support.login_browser import build_head

ORIGIN = Origin("https", "app.example:8443")


def as_browser(location: str) -> str:
    """The origin to which a browser goes: tabs and newlines vanish, backslash is slash (WHATWG URL)."""
    cleaned = location.strip(" ").translate({9: None, 10: None, 13: None}).replace("\\", "/")
    parts = urlsplit(urljoin("https://app.example:8443/oauth2/idpresponse", cleaned))
    return f"{parts.scheme}://{parts.netloc}"


TARGETS = [
    "//evil.example",
    "///evil.example",
    "////evil.example/x?y",
    "/\\evil.example",
    "/\\/evil.example",
    "\\\\evil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "/\r\nLocation: https://evil.example",
    "/\x00//evil.example",
    "https://evil.example",
    "@evil.example",
    ".evil.example",
    ":80@evil.example",
    "javascript:alert(1)",
    "/.//evil.example",
    "/..//evil.example",
    "/ //evil.example",
    "/é//evil.example",
    "/#@evil.example",
    "",
]


@pytest.mark.parametrize("target", TARGETS, ids=repr)
def test_no_target_leaves_the_origin(target: str) -> None:
    location = ORIGIN.url(target)
    assert as_browser(location) == "https://app.example:8443"
    assert location.isascii()
    assert location.isprintable()
    assert " " not in location
    assert not location.removeprefix("https://app.example:8443/").startswith(("/", "\\"))


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_text_leaves_the_origin(target: str) -> None:
    location = ORIGIN.url(target)
    assert as_browser(location) == "https://app.example:8443"
    assert location.encode("ascii").decode().isprintable()


@pytest.mark.parametrize("target", ["/", "/a/b?c=d&e=%2F", "/a%20b?x=//y", "/a//b", "/%ED%95%9C?q=1+2"])
def test_ordinary_targets_are_kept_as_they_are(target: str) -> None:
    assert ORIGIN.url(target) == f"https://app.example:8443{target}"


HOSTS = ["app.example", "app.example:8443", "127.0.0.1:80", "[::1]:8443", "localhost", "a_b.example"]


@pytest.mark.parametrize("host", HOSTS)
def test_authorities_are_taken_as_the_browser_sent_them(host: str) -> None:
    origin = read_origin(build_head(f"https://{host}/"))
    assert origin is not None
    assert origin.redirect_uri == f"https://{host}/oauth2/idpresponse"


def test_host_is_lower_case() -> None:
    head = build_head("https://app.example/")
    head.authority = "APP.Example:443"
    assert read_origin(head) == Origin("https", "app.example:443")


BAD = [
    "",
    "a b",
    "a@b",
    "a/b",
    "a\\b",
    "a#b",
    "a?b",
    "[::1",
    "[evil]",
    "host:port",
    "host:",
    "a\tb",
    "<a>",
    "-a",
    "é.example",
    "a:1:2",
]


@pytest.mark.parametrize("authority", BAD, ids=repr)
def test_other_texts_are_no_authority(authority: str) -> None:
    head = build_head("https://app.example/")
    head.authority = authority
    assert read_origin(head) is None


def test_scheme_is_the_listeners() -> None:
    plain = read_origin(build_head("http://localhost:8080/"))
    assert plain == Origin("http", "localhost:8080")
    assert not plain.secure
    assert ORIGIN.secure
