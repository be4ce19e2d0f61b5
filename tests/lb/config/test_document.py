"""YAML to values with places: what is refused, and where it is said to be."""

import os
from pathlib import Path

import pytest

from lb.config import InvalidConfig, load_settings
from lb.config.document import MAX_BYTES, parse_document, read_document
from lb.config.environment import Expander
from tests.lb.config.conftest import GOOD, Check


def parse(text: str, **environ: str):
    return parse_document(text, file="a.yaml", expander=Expander(environ, Path("/nowhere")))


def refusal(path: Path) -> str:
    with pytest.raises(InvalidConfig) as caught:
        read_document(path, {})
    return str(caught.value)


def test_values_keep_the_place_where_they_stand() -> None:
    document = parse("a:\n  b: [1, {c: x}]\n")
    assert document.value == {"a": {"b": [1, {"c": "x"}]}}
    mark = document.locate(("a", "b", 1, "c"))
    assert (mark.line, mark.column) == (2, 14)


def test_a_place_that_is_not_there_is_shown_at_what_is_around_it() -> None:
    document = parse("a:\n  b: 1\n")
    assert document.locate(("a", "missing", 3)) == document.locate(("a",))


def test_a_duplicate_key_names_the_line_of_the_first() -> None:
    document = parse("a: 1\nb: 2\na: 3\n")
    assert [str(each) for each in document.problems] == [
        "a.yaml:3:1: `a` is given twice, first on line 1: take one out"
    ]


def test_merge_keys_give_what_the_mapping_does_not_say_itself() -> None:
    document = parse("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n")
    assert document.value["use"] == {"x": 1, "y": 3}
    assert not document.problems


def test_aliases_that_multiply_are_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(InvalidConfig) as caught:
        parse("\n".join(lines))
    assert caught.value.problems[0].code == "TooManyValues"


def test_an_alias_to_what_it_stands_in_is_a_problem_not_a_loop() -> None:
    assert [each.code for each in parse("a: &a [1, *a]\n").problems] == ["EndlessNesting"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a:\n\tb: 1\n", "a.yaml:2:1: a tab: YAML wants spaces for indentation", id="tab"),
        pytest.param("a: b: c\n", "a.yaml:1:5: not YAML: `: ` does not fit here", id="colon"),
        pytest.param("a: 1\n---\nb: 2\n", "a.yaml:2:1: not YAML: only one document", id="two documents"),
        pytest.param("a: 'x\n", "a.yaml:1:4: not YAML: a quote is opened and never closed", id="quote"),
        pytest.param("a: *nope\n", "a.yaml:1:4: not YAML: this alias", id="alias"),
        pytest.param("a: \x01\n", "a.yaml:1:4: control character #x01", id="control character"),
        pytest.param("[" * 5000, "a.yaml:1:1001: not YAML", id="deep nesting"),
        pytest.param(
            "{a: ${X}}\n", "inside `{ }`, write references in quotes", id="reference in flow mapping"
        ),
        pytest.param("", "a.yaml: the file is empty", id="empty"),
        pytest.param("# only a comment\n", "a.yaml: the file is empty", id="comment only"),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        parse(text)
    assert expected in str(caught.value)


def test_a_missing_file_is_told_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert refusal(path) == f"{path}: no such file; `albacore init` writes one to start from"


def test_a_directory_is_told(tmp_path: Path) -> None:
    assert "is a directory" in refusal(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(GOOD)
    path.chmod(0)
    assert refusal(path).endswith("cannot be read: Permission denied")


def test_a_path_that_the_system_refuses_is_told(tmp_path: Path) -> None:
    # Unlike permissions, this also holds for root.
    assert "cannot be read: File name too long" in refusal(tmp_path / ("x" * 300))


def test_bytes_that_are_not_utf_8_are_told_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    assert refusal(path) == f"{path}:2:4: not UTF-8 text"


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert "larger than" in refusal(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "albacore.yaml"
    path.write_text("\ufeff" + GOOD)
    assert load_settings(path, environ={}).settings.listeners[0].port == 8080


@pytest.mark.parametrize("text", ["- a\n", "just text\n", "42\n"], ids=["list", "text", "number"])
def test_a_file_that_is_no_mapping_is_told(check: Check, text: str) -> None:
    problem = check(text).only
    assert (problem.line, problem.code) == (1, "NotAMapping")


def test_a_problem_with_reading_a_value_is_not_followed_by_its_consequences(check: Check) -> None:
    checked = check(GOOD.replace("8080", "${NOT_SET}"))
    assert [each.code for each in checked.problems] == ["VariableNotSet"]
