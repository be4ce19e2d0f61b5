"""Where answers travel: appended to the registered URL, which is kept byte for byte."""

from urllib.parse import parse_qs, urlsplit

import pytest

from idp.oauth.errors import Redirected
from idp.oauth.redirects import append_fragment, append_query, error_location, form_action_source


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("https://app.example/cb", "https://app.example/cb?code=1"),
        ("https://app.example/cb?tenant=1", "https://app.example/cb?tenant=1&code=1"),
        ("https://app.example/%7Ea?x=%2F", "https://app.example/%7Ea?x=%2F&code=1"),
        ("myapp://cb", "myapp://cb?code=1"),
    ],
)
def test_query_is_appended(uri: str, location: str) -> None:
    assert append_query(uri, {"code": "1", "state": None}) == location


def test_fragment_is_appended() -> None:
    assert append_fragment("https://app.example/?a=1", {"x": "1 2"}) == "https://app.example/?a=1#x=1%202"


@pytest.mark.parametrize(
    "state", ["a b", "a+b", "é한", '{"to":"/x?y=1&z=2#f"}', "%41", "\r\nSet-Cookie: a=b", "'\"<>"]
)
def test_state_arrives_verbatim_and_cannot_leave_its_place(state: str) -> None:
    location = error_location(Redirected("https://app.example/cb", "invalid_scope", None, state))
    assert parse_qs(urlsplit(location).query)["state"] == [state]
    assert location.isascii()
    assert not set(location) & set("\r\n \"'<>")


def test_error_of_the_implicit_grant_travels_in_the_fragment() -> None:
    error = Redirected("https://app.example/cb", "invalid_scope", state="s", in_fragment=True)
    assert error_location(error) == "https://app.example/cb#error=invalid_scope&state=s"


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("https://app.example/cb?x=1", "https://app.example"),
        ("http://localhost:3000/cb", "http://localhost:3000"),
        ("http://[::1]:3000/cb", "http:"),
        ("myapp://cb", "myapp:"),
        ("https://app.example;script-src *", "https:"),
        ("https://app.example 'unsafe-inline'/x", "https:"),
    ],
)
def test_form_action_names_the_origin_and_nothing_else(uri: str, source: str) -> None:
    assert form_action_source(uri) == source
