"""Mailed codes, by themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.model import CodePurpose, MailedCode
from idp.users.codes import RULES, Verdict, attempt, draw_code, is_exhausted, issue

NOW = 1_000_000.0
BLANK = MailedCode("pool", "sub", CodePurpose.FORGOT_PASSWORD)


def issued(at: float = NOW) -> MailedCode:
    record = issue(BLANK, "right", at)
    assert record is not None
    return record


def test_codes_are_six_digits() -> None:
    codes = {draw_code() for _ in range(200)}
    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes)
    assert len(codes) > 190


def test_right_once() -> None:
    verdict, after = attempt(issued(), "right", NOW + 1)
    assert verdict is Verdict.RIGHT
    assert attempt(after, "right", NOW + 2)[0] is Verdict.EXPIRED


@pytest.mark.parametrize(("later", "verdict"), [(3599.9, Verdict.RIGHT), (3600, Verdict.EXPIRED)])
def test_validity(later: float, verdict: Verdict) -> None:
    assert attempt(issued(), "right", NOW + later)[0] is verdict


def test_without_a_code_nothing_is_right() -> None:
    assert attempt(BLANK, "", NOW)[0] is Verdict.EXPIRED


def test_sends_are_limited_per_hour_and_per_day() -> None:
    record, sent = BLANK, 0
    for minute in range(24 * 60):
        after = issue(record, "code", NOW + 60 * minute)
        sent, record = (sent + 1, after) if after else (sent, record)
    assert sent == 20


def test_a_record_does_not_grow_without_end() -> None:
    record = issued()
    for day in range(40):
        for _ in range(10):
            _, record = attempt(record, "wrong", NOW + 86_400.0 * day)
    assert len(record.attempts) <= 50


@given(st.lists(st.tuples(st.floats(0, 200_000), st.booleans()), max_size=120))
def test_however_requests_and_guesses_mix_no_day_sees_more_guesses_than_allowed(
    steps: list[tuple[float, bool]],
) -> None:
    record, counted = BLANK, []
    for at, sends in sorted(steps):
        if sends:
            record = issue(record, "right", NOW + at) or record
            continue
        verdict, record = attempt(record, "wrong", NOW + at)
        if verdict is not Verdict.TOO_MANY:
            counted.append(at)
    for start in counted:
        assert sum(start <= at < start + 86_400 for at in counted) <= 30
        assert sum(start <= at < start + 3600 for at in counted) <= 10


def test_windows() -> None:
    windows = ((2, 10.0), (3, 100.0))
    assert not is_exhausted([NOW - 1], NOW, windows)
    assert is_exhausted([NOW - 1, NOW - 2], NOW, windows)
    assert is_exhausted([NOW - 30, NOW - 40, NOW - 50], NOW, windows)
    assert not is_exhausted([NOW - 300, NOW - 10, NOW - 10], NOW, windows)


def test_every_purpose_has_rules() -> None:
    assert set(RULES) == set(CodePurpose)


def test_a_clock_that_was_put_back_counts_no_events_of_the_future() -> None:
    record = BLANK
    for _ in range(5):
        after = issue(record, "code", NOW)
        assert after is not None
        record = after
    assert issue(record, "code", NOW + 1) is None
    assert issue(record, "code", NOW - 30) is None, "another node's clock may be half a minute behind"
    assert issue(record, "code", NOW - 86_400) is not None
