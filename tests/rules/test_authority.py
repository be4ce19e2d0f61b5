"""What may stand where a browser or this process is sent."""

import pytest

from rules.authority import find_endpoint_fault, is_host, is_loopback, is_visible, split_authority
from tests.support.rules_heads import HOSTILE_HOSTS


@pytest.mark.parametrize(
    "text", ["a", "app.example.com", "my_app", "a.b.", "10.0.0.1", "[::1]", "[fe80::1]", "xn--p1ai"]
)
def test_names_and_addresses_are_hosts(text: str) -> None:
    assert is_host(text)


@pytest.mark.parametrize("text", HOSTILE_HOSTS)
def test_anything_else_is_no_host(text: str) -> None:
    assert not is_host(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.com", ("a.com", None)),
        ("a.com:8080", ("a.com", 8080)),
        ("[::1]:80", ("[::1]", 80)),
        ("a.com:0", None),
        ("a.com:65536", None),
        ("a.com:", None),
        ("a.com:x", None),
        ("a.com:80:80", None),
        ("u@a.com:80", None),
        ("a" * 254, None),
        ("a.com:80\n", None),
    ],
)
def test_split_authority(text: str, expected: tuple[str, int | None] | None) -> None:
    assert split_authority(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("/a?b#c", True), ("", True), ("a b", False), ("\x7f", False), ("\u00e9", False)]
)
def test_is_visible(text: str, expected: bool) -> None:
    assert is_visible(text) is expected


@pytest.mark.parametrize("host", ["localhost", "app.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["notlocalhost", "localhost.evil.org", "10.0.0.1", "127.0.0.1.nip.io", "0.0.0.0"]
)
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "url",
    [
        "https://idp.example.com/token",
        "https://idp:8443",
        "http://localhost:9000/x",
        "http://[::1]:9000/",
        "http://127.0.0.1",
    ],
)
def test_endpoints_that_are_accepted(url: str) -> None:
    assert find_endpoint_fault(url) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://idp.example.com/token", "https"),
        ("http://localhost.evil.org/", "https"),
        ("ftp://a", "full URL"),
        ("idp.example.com", "full URL"),
        ("//idp.example.com", "full URL"),
        ("https://", "must name a host"),
        ("https://user:pw@idp/", "must name a host"),
        ("https://idp:0/", "must name a host"),
        ("https://idp%2fevil/", "must name a host"),
        ("https://idp:99999/", "is not a URL"),
        ("https://[::1/", "is not a URL"),
        ("https://idp/#x", "fragment"),
        ("https://idp/#", "fragment"),
        ("https://idp /", "visible"),
        ("https://idp/\n", "visible"),
    ],
)
def test_endpoints_that_are_refused(url: str, words: str) -> None:
    assert words in (find_endpoint_fault(url) or "")
