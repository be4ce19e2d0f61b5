"""What each mode does with each class, and where we are stricter than ALB."""

from __future__ import annotations

import pytest

from lb.admission import Incoming
from lb.desync.mitigation import Verdict, judge, mitigate, note, settle
from lb.desync.table import ClassificationReason, DesyncClass, Finding, Passing
from lb.observe.record import AccessRecord
from lb.reasons import Reason
from lb.settings import DesyncMode
from rules.request import RequestHead

R = ClassificationReason
HEAD = RequestHead("GET", "http", "h", 80, "/", "", [], "127.0.0.1", 5)
MODES = {
    "monitor": {"Acceptable": "ALLOW", "Ambiguous": "ALLOW"},
    "defensive": {"Acceptable": "ALLOW", "Ambiguous": "CLOSE"},
    "strictest": {"Acceptable": "BLOCK", "Ambiguous": "BLOCK"},
}


def incoming(finding: Finding | None) -> Incoming:
    made = Incoming(HEAD, [], [], "1.1", upgrade=b"websocket")
    made.finding = finding
    return made


@pytest.mark.parametrize("mode", DesyncMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("reason", ClassificationReason, ids=lambda reason: reason.word)
def test_mode_decides_by_class(mode: DesyncMode, reason: ClassificationReason) -> None:
    finding = Finding.of(reason)
    if finding.passing is Passing.NEVER:
        expected = "BLOCK"
    else:
        expected = MODES[mode.value][reason.desync_class.word]
        if finding.passing is Passing.REPAIRED and expected == "ALLOW":
            expected = "CLOSE"
    assert judge(finding, mode).name == expected


@pytest.mark.parametrize("mode", DesyncMode, ids=lambda mode: mode.value)
def test_compliant_requests_are_left_alone(mode: DesyncMode) -> None:
    compliant = incoming(None)
    assert judge(None, mode) is Verdict.ALLOW
    assert mitigate(compliant, mode) is None
    assert (compliant.closes, compliant.keep_alive, compliant.upgrade) == (False, True, b"websocket")


def test_two_readings_pass_in_no_mode() -> None:
    finding = Finding.of(R.SUSPICIOUS_HEADER, never=True)
    assert {judge(finding, mode) for mode in DesyncMode} == {Verdict.BLOCK}


def test_what_closes_reads_nothing_behind_and_opens_no_tunnel() -> None:
    ambiguous = incoming(Finding.of(R.UNDEFINED_CONTENT_LENGTH_SEMANTICS))
    assert mitigate(ambiguous, DesyncMode.DEFENSIVE) is None
    assert (ambiguous.closes, ambiguous.keep_alive, ambiguous.upgrade) == (True, False, b"")


def test_blocked_is_a_bad_request_and_what_admission_refused_stays_refused() -> None:
    acceptable = incoming(Finding.of(R.SPACE_IN_URI))
    assert settle(acceptable, DesyncMode.STRICTEST) is Reason.BAD_REQUEST
    assert settle(acceptable, DesyncMode.DEFENSIVE) is None
    assert settle(Reason.METHOD_NOT_ALLOWED, DesyncMode.MONITOR) is Reason.METHOD_NOT_ALLOWED


def test_record_gets_class_and_reason() -> None:
    record = AccessRecord()
    note(record, None)
    assert record.classification == ""
    note(record, Finding.of(R.SPACE_IN_URI))
    assert (record.classification, record.classification_reason) == ("Acceptable", "SpaceInUri")
    assert DesyncClass.ACCEPTABLE.word == "Acceptable"
