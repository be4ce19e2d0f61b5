"""The table is the ALB user guide's, and the worst of several findings decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from lb.desync.table import ClassificationReason, DesyncClass, Finding, Passing, worst

DOCUMENTED = {
    "AmbiguousUri": "Ambiguous",
    "BadContentLength": "Severe",
    "BadHeader": "Severe",
    "BadTransferEncoding": "Severe",
    "BadUri": "Severe",
    "BadMethod": "Severe",
    "BadVersion": "Severe",
    "BothTeClPresent": "Ambiguous",
    "DuplicateContentLength": "Ambiguous",
    "EmptyHeader": "Ambiguous",
    "GetHeadZeroContentLength": "Acceptable",
    "MultipleContentLength": "Severe",
    "MultipleTransferEncodingChunked": "Severe",
    "NonCompliantHeader": "Acceptable",
    "NonCompliantVersion": "Acceptable",
    "SpaceInUri": "Acceptable",
    "SuspiciousHeader": "Ambiguous",
    "UndefinedContentLengthSemantics": "Ambiguous",
    "UndefinedTransferEncodingSemantics": "Ambiguous",
}
OF_THE_LIBRARY = {
    "NonCrLfLineTermination": "Acceptable",
    "MultilineHeader": "Ambiguous",
    "PartialHeaderLine": "Ambiguous",
    "MissingLastEmptyLine": "Ambiguous",
    "MissingHeaderColon": "Ambiguous",
    "MissingUri": "Ambiguous",
}


def test_every_reason_has_the_class_that_aws_gives_it() -> None:
    classes = {reason.word: reason.desync_class.word for reason in ClassificationReason}
    assert classes == DOCUMENTED | OF_THE_LIBRARY


def test_nothing_severe_ever_passes() -> None:
    for reason in ClassificationReason:
        if reason.desync_class is DesyncClass.SEVERE:
            assert Finding.of(reason).passing is Passing.NEVER, reason


def test_documentation_has_a_row_for_every_reason() -> None:
    page = (Path(__file__).parents[3] / "docs" / "desync.md").read_text()
    words = {Passing.AS_IT_IS: "as it is", Passing.REPAIRED: "repaired", Passing.NEVER: "never"}
    for reason in ClassificationReason:
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{reason.word}` |")]
        _, _, desync_class, _, passes, _ = row.split("|")
        assert desync_class.strip() == reason.desync_class.word
        assert passes.strip().startswith(words[Finding.of(reason).passing]), reason


R = ClassificationReason


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], None),
        ([Finding.of(R.SPACE_IN_URI), Finding.of(R.NON_COMPLIANT_VERSION)], Finding.of(R.SPACE_IN_URI)),
        ([Finding.of(R.SPACE_IN_URI), Finding.of(R.AMBIGUOUS_URI)], Finding.of(R.AMBIGUOUS_URI)),
        (
            [Finding.of(R.UNDEFINED_CONTENT_LENGTH_SEMANTICS), Finding.of(R.EMPTY_HEADER)],
            Finding.of(R.EMPTY_HEADER),
        ),
        (
            [Finding.of(R.EMPTY_HEADER), Finding.of(R.NON_CR_LF_LINE_TERMINATION)],
            Finding.of(R.NON_CR_LF_LINE_TERMINATION),
        ),
        ([Finding.of(R.BOTH_TE_CL_PRESENT), Finding.of(R.BAD_HEADER)], Finding.of(R.BAD_HEADER)),
    ],
    ids=["none", "first of equals", "class", "repair", "refusal before class", "class of refusals"],
)
def test_the_worst_decides(findings: list[Finding], expected: Finding | None) -> None:
    assert worst(findings) == expected
