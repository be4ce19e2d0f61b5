"""The load balancer's own pages, byte for byte."""

from __future__ import annotations

import pytest

from lb.headers import ResponseEdits
from lb.outcomes import Answer
from lb.reasons import Reason
from lb.responses import TITLES, answer_pairs, fixed_response, http_date, page, phrase, redirect, refuse
from rules.actions import FixedResponse

PLAIN = ResponseEdits.compile((), server_header=True)


@pytest.mark.parametrize(
    ("status", "length"), [(301, 134), (302, 110), (502, 122), (503, 162), (460, 98)], ids=str
)
def test_pages_have_the_lengths_observed(status: int, length: int) -> None:
    assert len(page(status)) == length


@pytest.mark.parametrize("status", TITLES)
def test_page_is_the_template_around_its_title(status: int) -> None:
    title = f"{status} {TITLES[status]}"
    assert len(page(status)) == 92 + 2 * len(title)
    assert page(status).decode().count(title) == 2


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_an_answer(reason: Reason) -> None:
    answer = refuse(reason)
    assert (answer.status, answer.reason, answer.close) == (reason.status, reason, False)
    assert str(reason.status).encode() in answer.body


def test_redirect_carries_location_and_page() -> None:
    answer = redirect(302, "https://app.example.com:443/é?b")
    assert answer.headers == (
        (b"Content-Type", b"text/html"),
        (b"Location", "https://app.example.com:443/é?b".encode("latin-1")),
    )
    assert (answer.actions, answer.redirect_url) == (("redirect",), "https://app.example.com:443/é?b")


def test_fixed_response_says_its_charset() -> None:
    answer = fixed_response(FixedResponse(404, "application/json", "안녕"))
    assert answer.headers == ((b"Content-Type", b"application/json; charset=utf-8"),)
    assert (answer.status, answer.body) == (404, "안녕".encode())


def test_headers_come_in_the_order_of_alb() -> None:
    answer = Answer(403, ((b"Content-Type", b"text/html"),), b"no")
    assert answer_pairs(answer, date=b"D", edits=PLAIN) == [
        (b"Server", b"awselb/2.0"),
        (b"Date", b"D"),
        (b"Content-Type", b"text/html"),
        (b"Content-Length", b"2"),
    ]


def test_listener_edits_apply_to_own_answers_too() -> None:
    edits = ResponseEdits.compile((("x-frame-options", "DENY"),), server_header=False)
    assert answer_pairs(Answer(204), date=b"D", edits=edits) == [
        (b"Date", b"D"),
        (b"X-Frame-Options", b"DENY"),
    ]


def test_date_is_in_gmt() -> None:
    assert http_date(1764065730) == b"Tue, 25 Nov 2025 10:15:30 GMT"


def test_phrases_are_those_of_alb_or_empty() -> None:
    assert (phrase(503), phrase(200), phrase(561)) == ("Service Temporarily Unavailable", "OK", "")
