"""Reading members of one mapping: what is taken, what is reported, and where."""

from typing import Any

import pytest

from rules.reading import Scope, Section, suggest


def section(members: object, *known: str) -> tuple[Section, Scope]:
    scope = Scope()
    return Section(members, ("Top",), scope, known=known or ("A", "B")), scope


def messages(scope: Scope) -> list[str]:
    return list(map(str, scope.problems))


def test_unknown_members_are_reported_with_the_nearest_name() -> None:
    _, scope = section({"TargetGroupArm": 1, "X": 2, 3: 4, None: 5}, "TargetGroupArn")
    assert messages(scope) == [
        "Top.TargetGroupArm: 'TargetGroupArm' is not known here; did you mean TargetGroupArn?",
        "Top.X: 'X' is not known here",
        "Top[3]: 3 is not known here",
        "Top.None: None is not known here",
    ]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "nothing"),
        ("x", "a text"),
        (3, "a number"),
        (True, "a truth value"),
        ([], "a list"),
        (b"", "a bytes"),
    ],
)
def test_what_is_no_mapping_is_named(value: object, kind: str) -> None:
    found, scope = section(value)
    assert messages(scope) == [f"Top: must be a mapping of members, not {kind}"]
    assert not found.has("A")


@pytest.mark.parametrize(
    ("value", "options", "problem"),
    [
        (3, {}, "must be a text, not a number; put it in quotes"),
        (True, {}, "must be a text, not a truth value; put it in quotes"),
        ({}, {}, "must be a text, not a mapping"),
        ("", {}, "must not be empty"),
        ("abc", {"longest": 2}, "is too long: 3 characters; the limit is 2"),
    ],
)
def test_text_reports(value: object, options: dict[str, Any], problem: str) -> None:
    found, scope = section({"A": value})
    assert found.text("A", **options) is None
    assert messages(scope) == [f"Top.A: {problem}"]


def test_text_takes_what_it_may() -> None:
    found, scope = section({"A": "", "B": "ab"})
    assert found.text("A", empty=True) == ""
    assert found.text("B", longest=2) == "ab"
    assert found.text("C") is None
    assert not scope.problems


def test_missing_members_are_reported_where_they_are_missing() -> None:
    found, scope = section({"A": None})
    found.text("A", required=True)
    found.section("B", (), required=True)
    found.items("C", required=True)
    assert messages(scope) == ["Top: A is missing", "Top: B is missing", "Top: C is missing"]
    assert {problem.code for problem in scope.problems} == {"MissingMember"}


def test_choice_suggests() -> None:
    found, scope = section({"A": "Forward", "B": "redirect", "C": []}, "A", "B", "C")
    assert found.choice("A", ("forward", "redirect")) is None
    assert found.choice("B", ("forward", "redirect")) == "redirect"
    assert found.choice("C", ("forward",)) is None
    assert messages(scope) == [
        "Top.A: must be one of forward, redirect; not 'Forward'; did you mean forward?",
        "Top.C: must be one of forward; not []",
    ]


@pytest.mark.parametrize(("value", "expected"), [(1, 1), ("9", 9), (10, 10), (None, None)])
def test_integer_takes_digits(value: object, expected: int | None) -> None:
    found, scope = section({"A": value})
    assert found.integer("A", 1, 10) == expected
    assert not scope.problems


@pytest.mark.parametrize("value", [0, 11, "11", "x", "", "-1", "\u0661", True, 1.5, [], "9" * 5000])
def test_integer_reports_what_is_out_of_range(value: object) -> None:
    found, scope = section({"A": value})
    assert found.integer("A", 1, 10) is None
    assert [problem.where for problem in scope.problems] == [("Top", "A")]


@pytest.mark.parametrize(
    ("value", "expected", "reported"),
    [
        (True, True, 0),
        ("TRUE", True, 0),
        (False, False, 0),
        ("false", False, 0),
        (None, None, 0),
        ("yes", None, 1),
        ([], None, 1),
    ],
)
def test_flag(value: object, expected: bool | None, reported: int) -> None:
    found, scope = section({"A": value})
    assert found.flag("A") is expected
    assert len(scope.problems) == reported


def test_lists_report_each_item_at_its_place() -> None:
    found, scope = section({"A": ["x", 2, "", "y"], "B": "x", "C": []}, "A", "B", "C")
    assert found.texts("A") == [(0, "x"), (3, "y")]
    assert found.items("B") == []
    assert found.items("C", required=True) == []
    assert found.items("C") == []
    assert messages(scope) == [
        "Top.A[1]: must be a text, not a number; put it in quotes",
        "Top.A[2]: must not be empty",
        "Top.B: must be a list, not a text",
        "Top.C: must have at least one item",
    ]


def test_sections_know_their_places() -> None:
    found, scope = section({"A": [{"X": 1}, 3], "B": {"Y": 1}})
    assert [item.where for item in found.sections("A", ("X",))] == [("Top", "A", 0), ("Top", "A", 1)]
    inner = found.section("B", ())
    assert inner is not None
    assert inner.where == ("Top", "B")
    assert messages(scope) == [
        "Top.A[1]: must be a mapping of members, not a number",
        "Top.B.Y: 'Y' is not known here",
    ]


def test_warnings_are_no_errors() -> None:
    found, scope = section({})
    found.warn("Odd", "is odd", "A")
    assert [(problem.severity, problem.where) for problem in scope.problems] == [("warning", ("Top", "A"))]


def test_suggest_needs_some_likeness() -> None:
    assert suggest("prioritty", ["Priority"]) == "; did you mean Priority?"
    assert suggest("zzz", ["Priority"]) == ""
