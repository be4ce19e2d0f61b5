"""Which forms are accepted: ours, from the browser they were made for, and not too old."""

import pytest

from idp.clock import ManualClock
from idp.pages.csrf import LIFETIME_SECONDS, CsrfTokens, is_own_page

OWN = {"https://login.example"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tokens(clock: ManualClock) -> CsrfTokens:
    return CsrfTokens("key", clock)


def test_token_of_the_browser_is_accepted_as_field_and_cookie(tokens: CsrfTokens) -> None:
    token = tokens.recognise(None).token
    assert tokens.accepts(token, token)


def test_two_browsers_cannot_swap_tokens(tokens: CsrfTokens) -> None:
    one, other = tokens.recognise(None).token, tokens.recognise(None).token
    assert not tokens.accepts(one, other)


@pytest.mark.parametrize("forged", [None, "", "x", "a.b.c", "é", "x" * 5000])
def test_what_we_did_not_sign_is_refused_even_when_both_copies_agree(
    tokens: CsrfTokens, forged: str | None
) -> None:
    assert not tokens.accepts(forged, forged)
    assert not tokens.accepts(tokens.recognise(None).token, forged)


def test_another_key_signs_nothing_here(tokens: CsrfTokens, clock: ManualClock) -> None:
    foreign = CsrfTokens("other key", clock).recognise(None).token
    assert not tokens.accepts(foreign, foreign)


def test_token_ends(tokens: CsrfTokens, clock: ManualClock) -> None:
    token = tokens.recognise(None).token
    clock.advance(LIFETIME_SECONDS)
    assert tokens.accepts(token, token)
    clock.advance(1)
    assert not tokens.accepts(token, token)


def test_browser_keeps_its_cookie(tokens: CsrfTokens) -> None:
    first = tokens.recognise(None)
    again = tokens.recognise(first.token)
    assert (again.id, again.token, again.is_new) == (first.id, first.token, False)


def test_renewed_cookie_accepts_the_form_that_waits_in_another_tab(
    tokens: CsrfTokens, clock: ManualClock
) -> None:
    first = tokens.recognise(None)
    clock.advance(LIFETIME_SECONDS // 2 + 1)
    renewed = tokens.recognise(first.token)
    assert renewed.is_new
    assert renewed.token != first.token
    assert tokens.accepts(renewed.token, first.token)


def test_repr_shows_no_token(tokens: CsrfTokens) -> None:
    browser = tokens.recognise(None)
    assert browser.token not in repr(browser)
    assert browser.id not in repr(browser)


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({}, True),
        ({"origin": "https://login.example"}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "https://login.example.evil.example"}, False),
        ({"origin": "http://login.example"}, False),
        ({"origin": ""}, False),
        ({"sec-fetch-site": "same-origin", "origin": "https://behind-a-proxy.example"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://login.example"}, False),
        ({"sec-fetch-site": "Same-Origin"}, False),
    ],
    ids=str,
)
def test_browsers_word_about_where_a_form_came_from(headers: dict[str, str], own: bool) -> None:
    assert is_own_page(headers, origins=OWN) is own
