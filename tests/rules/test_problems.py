"""Problems and how they are spelt."""

import pytest

from rules.problems import InvalidRules, Place, Problem, format_place


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ((), "(document)"),
        (("Rules", 3, "Conditions", 0, "Values"), "Rules[3].Conditions[0].Values"),
        ((0, "A"), "[0].A"),
    ],
)
def test_place_is_spelt_as_a_path(where: Place, text: str) -> None:
    assert format_place(where) == text


def test_error_text_has_a_line_for_every_problem() -> None:
    error = InvalidRules([Problem(("A",), "X", "is wrong"), Problem((), "Y", "is too")])
    assert str(error) == "A: is wrong\n(document): is too"
    assert len(error.problems) == 2
