"""What the mode does with a request of a class (ALB user guide, "Desync mitigation mode"). Pure.

Stricter than ALB in one way, in every mode: what would be read as two different messages reaches no target,
and what had to be repaired ends both of its connections.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from lb.desync.table import DesyncClass, Finding, Passing
from lb.reasons import Reason
from lb.settings import DesyncMode

if TYPE_CHECKING:
    from lb.admission import Incoming
    from lb.observe.record import AccessRecord


class Verdict(Enum):
    """What becomes of a request."""

    ALLOW = "allow"
    CLOSE = "allow, but end both the client's and the target's connection after it"
    BLOCK = "block"


_TABLE = {
    DesyncMode.MONITOR: {
        DesyncClass.ACCEPTABLE: Verdict.ALLOW,
        DesyncClass.AMBIGUOUS: Verdict.ALLOW,
        DesyncClass.SEVERE: Verdict.ALLOW,
    },
    DesyncMode.DEFENSIVE: {
        DesyncClass.ACCEPTABLE: Verdict.ALLOW,
        DesyncClass.AMBIGUOUS: Verdict.CLOSE,
        DesyncClass.SEVERE: Verdict.BLOCK,
    },
    DesyncMode.STRICTEST: {
        DesyncClass.ACCEPTABLE: Verdict.BLOCK,
        DesyncClass.AMBIGUOUS: Verdict.BLOCK,
        DesyncClass.SEVERE: Verdict.BLOCK,
    },
}


def judge(finding: Finding | None, mode: DesyncMode) -> Verdict:
    """Return what `mode` does with a request of which `finding` is the worst."""
    if finding is None:
        return Verdict.ALLOW
    if finding.passing is Passing.NEVER:
        return Verdict.BLOCK
    verdict = _TABLE[mode][finding.reason.desync_class]
    if verdict is Verdict.ALLOW and finding.passing is Passing.REPAIRED:
        return Verdict.CLOSE
    return verdict


def mitigate(incoming: Incoming, mode: DesyncMode) -> Reason | None:
    """Apply `mode` to an admitted request: mark what has to end its connections, or return the refusal."""
    verdict = judge(incoming.finding, mode)
    if verdict is Verdict.BLOCK:
        return Reason.BAD_REQUEST
    if verdict is Verdict.CLOSE:
        incoming.closes = True
        # What the client sent behind it is not read as a request.
        incoming.keep_alive = False
        incoming.upgrade = b""
    return None


def settle(admitted: Incoming | Reason, mode: DesyncMode) -> Reason | None:
    """Return why a request is refused, by admission or by `mode`; None: it is served."""
    return admitted if isinstance(admitted, Reason) else mitigate(admitted, mode)


def note(record: AccessRecord, finding: Finding | None) -> None:
    """Write what was found into the request's access-log record."""
    if finding is not None:
        record.classification = finding.reason.desync_class.word
        record.classification_reason = finding.reason.word
