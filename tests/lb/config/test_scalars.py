"""The YAML 1.1 traps, one by one."""

import pytest

from lb.config.scalars import read_scalar
from tests.lb.config.conftest import GOOD, Check

TAG = "tag:yaml.org,2002:"


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        ("str", "x", "x"),
        ("null", "~", None),
        ("bool", "true", True),
        ("bool", "FALSE", False),
        ("int", "8080", 8080),
        ("int", "-1", -1),
        ("int", "0", 0),
        ("float", "1.5", 1.5),
        ("timestamp", "2026-11-25", "2026-11-25"),
    ],
)
def test_plain_scalars_mean_what_they_look_like(tag: str, text: str, value: object) -> None:
    reading = read_scalar(TAG + tag, text)
    assert (reading.value, reading.code) == (value, "")


@pytest.mark.parametrize("text", ["yes", "no", "on", "off", "No"])
def test_a_word_that_is_a_boolean_elsewhere_is_text_with_a_warning(text: str) -> None:
    reading = read_scalar(TAG + "bool", text)
    assert (reading.value, reading.severity) == (text, "warning")
    assert f'"{text}"' in reading.message


@pytest.mark.parametrize(
    ("tag", "text", "says"),
    [
        pytest.param("int", "010", "octal number 8", id="octal"),
        pytest.param("int", "1:30", "base-60", id="sexagesimal"),
        pytest.param("float", "1:30.5", "base-60", id="sexagesimal float"),
        pytest.param("int", "0x1F", "hexadecimal", id="hexadecimal"),
        pytest.param("int", "0b11", "binary", id="binary"),
        pytest.param("int", "1_000", "a number", id="underscore"),
        pytest.param("float", ".inf", "a number", id="infinity"),
    ],
)
def test_a_number_that_others_read_differently_is_a_problem(tag: str, text: str, says: str) -> None:
    reading = read_scalar(TAG + tag, text)
    assert (reading.code, reading.value) == ("AmbiguousNumber", text)
    assert says in reading.message


def test_a_cloudformation_function_is_told_apart_from_a_typing_error(check: Check) -> None:
    problem = check(GOOD.replace("Id: 127.0.0.1", "Id: !Ref Host")).only
    assert problem.message.startswith("`!Ref`: CloudFormation functions are not evaluated here")


def test_binary_data_is_refused(check: Check) -> None:
    assert check(GOOD.replace("Id: 127.0.0.1", "Id: !!binary YXBw")).only.code == "UnknownTag"


def test_no_as_a_name_stays_a_name(check: Check) -> None:
    checked = check(
        GOOD.replace("Name: app", "Name: no").replace("TargetGroupArn: app", "TargetGroupArn: no")
    )
    assert checked.loaded is not None
    assert list(checked.loaded.settings.target_groups) == ["no"]
    assert {each.code for each in checked.warnings} == {"AmbiguousBoolean"}
