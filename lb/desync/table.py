"""The classes and reasons of desync mitigation, as one table (ALB user guide, "Classification reasons").

The last six are not in ALB's list: they are those of the library that ALB says it classifies by
(http-desync-guardian). The third column is ours: which of these requests can reach a target at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum


class DesyncClass(IntEnum):
    """How dangerous a request is that does not comply with RFC 9112."""

    ACCEPTABLE = 1
    AMBIGUOUS = 2
    SEVERE = 3

    @property
    def word(self) -> str:
        """The word in the access log."""
        return self.name.capitalize()


class Passing(IntEnum):
    """In what shape a request can go to a target, where the mode lets it."""

    AS_IT_IS = 0
    """What is read is what is sent."""
    REPAIRED = 1
    """Rewritten, so that there is one way to read it; no connection that saw it is used again."""
    NEVER = 2
    """Two readers would disagree on where it ends, or nothing sound can be made of it."""


class ClassificationReason(Enum):
    """Why a request is not compliant: (word in the access log, class, how it passes at best)."""

    AMBIGUOUS_URI = ("AmbiguousUri", DesyncClass.AMBIGUOUS, Passing.REPAIRED)
    BAD_CONTENT_LENGTH = ("BadContentLength", DesyncClass.SEVERE, Passing.NEVER)
    BAD_HEADER = ("BadHeader", DesyncClass.SEVERE, Passing.NEVER)
    BAD_TRANSFER_ENCODING = ("BadTransferEncoding", DesyncClass.SEVERE, Passing.NEVER)
    BAD_URI = ("BadUri", DesyncClass.SEVERE, Passing.NEVER)
    BAD_METHOD = ("BadMethod", DesyncClass.SEVERE, Passing.NEVER)
    BAD_VERSION = ("BadVersion", DesyncClass.SEVERE, Passing.NEVER)
    BOTH_TE_CL_PRESENT = ("BothTeClPresent", DesyncClass.AMBIGUOUS, Passing.NEVER)
    DUPLICATE_CONTENT_LENGTH = ("DuplicateContentLength", DesyncClass.AMBIGUOUS, Passing.REPAIRED)
    EMPTY_HEADER = ("EmptyHeader", DesyncClass.AMBIGUOUS, Passing.REPAIRED)
    GET_HEAD_ZERO_CONTENT_LENGTH = ("GetHeadZeroContentLength", DesyncClass.ACCEPTABLE, Passing.AS_IT_IS)
    MULTIPLE_CONTENT_LENGTH = ("MultipleContentLength", DesyncClass.SEVERE, Passing.NEVER)
    MULTIPLE_TRANSFER_ENCODING_CHUNKED = (
        "MultipleTransferEncodingChunked",
        DesyncClass.SEVERE,
        Passing.NEVER,
    )
    NON_COMPLIANT_HEADER = ("NonCompliantHeader", DesyncClass.ACCEPTABLE, Passing.AS_IT_IS)
    NON_COMPLIANT_VERSION = ("NonCompliantVersion", DesyncClass.ACCEPTABLE, Passing.AS_IT_IS)
    SPACE_IN_URI = ("SpaceInUri", DesyncClass.ACCEPTABLE, Passing.AS_IT_IS)
    SUSPICIOUS_HEADER = ("SuspiciousHeader", DesyncClass.AMBIGUOUS, Passing.REPAIRED)
    UNDEFINED_CONTENT_LENGTH_SEMANTICS = (
        "UndefinedContentLengthSemantics",
        DesyncClass.AMBIGUOUS,
        Passing.AS_IT_IS,
    )
    UNDEFINED_TRANSFER_ENCODING_SEMANTICS = (
        "UndefinedTransferEncodingSemantics",
        DesyncClass.AMBIGUOUS,
        Passing.AS_IT_IS,
    )
    # Of the library alone.
    NON_CR_LF_LINE_TERMINATION = ("NonCrLfLineTermination", DesyncClass.ACCEPTABLE, Passing.NEVER)
    MULTILINE_HEADER = ("MultilineHeader", DesyncClass.AMBIGUOUS, Passing.REPAIRED)
    PARTIAL_HEADER_LINE = ("PartialHeaderLine", DesyncClass.AMBIGUOUS, Passing.NEVER)
    MISSING_LAST_EMPTY_LINE = ("MissingLastEmptyLine", DesyncClass.AMBIGUOUS, Passing.NEVER)
    MISSING_HEADER_COLON = ("MissingHeaderColon", DesyncClass.AMBIGUOUS, Passing.REPAIRED)
    MISSING_URI = ("MissingUri", DesyncClass.AMBIGUOUS, Passing.NEVER)

    @property
    def word(self) -> str:
        """The word in the access log."""
        return self.value[0]

    @property
    def desync_class(self) -> DesyncClass:
        """How dangerous it is."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a request."""

    reason: ClassificationReason
    passing: Passing
    """How it passes at best, here: never better than its reason's own."""

    @classmethod
    def of(cls, reason: ClassificationReason, *, never: bool = False) -> Finding:
        """Return the finding for `reason`; `never`: where this one is, two readers would disagree."""
        return cls(reason, Passing.NEVER if never else reason.value[2])

    @property
    def rank(self) -> tuple[bool, DesyncClass, Passing]:
        """What makes one finding worse than another: first, that it keeps the request from passing."""
        return (self.passing is Passing.NEVER, self.reason.desync_class, self.passing)


def worst(findings: Iterable[Finding]) -> Finding | None:
    """Return the finding that decides about a request (the first among equals), or None for none."""
    return max(findings, key=lambda finding: finding.rank, default=None)
