"""References in values: variables, defaults, secret files, and what they must not do."""

from pathlib import Path

import pytest

from lb.config.environment import MAX_BINARY_FILE, MAX_SECRET_FILE, Expander
from tests.lb.config.conftest import GOOD, Check


def expand(text: str, folder: Path = Path("/nowhere"), **environ: str) -> tuple[str, list[str]]:
    codes: list[str] = []
    value = Expander(environ, folder).expand(text, lambda code, _: codes.append(code))
    return value, codes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("${A}", "one", id="variable"),
        pytest.param("x${A}y${A}", "xoneyone", id="inside text"),
        pytest.param("${NONE:-two}", "two", id="default"),
        pytest.param("${EMPTY:-two}", "two", id="default of an empty variable"),
        pytest.param("${EMPTY}", "", id="empty variable"),
        pytest.param("${NONE:-}", "", id="empty default"),
        pytest.param("$${A}", "${A}", id="escaped"),
        pytest.param("$A $1 #{host}", "$A $1 #{host}", id="other dollars"),
        pytest.param("${TRICK}", "${A}", id="not looked into again"),
    ],
)
def test_references_give_text(text: str, value: str) -> None:
    assert expand(text, A="one", EMPTY="", TRICK="${A}") == (value, [])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("${NONE}", "VariableNotSet"),
        ("${not a name}", "BadReference"),
        ("${}", "BadReference"),
        ("${A", "BadReference"),
        ("${file:none}", "FileNotReadable"),
    ],
)
def test_a_reference_that_gives_nothing_is_a_problem(text: str, code: str) -> None:
    assert expand(text)[1] == [code]


def test_a_secret_file_is_read_without_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    assert expand("${file:secret}", tmp_path) == ("hush", [])


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"x" * (MAX_SECRET_FILE + 1), "FileTooLarge"), (b"\xff", "FileNotText")],
    ids=["too large", "binary"],
)
def test_a_file_that_is_no_secret_is_a_problem(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "secret").write_bytes(content)
    assert expand("${file:secret}", tmp_path)[1] == [code]


def test_a_port_may_come_from_the_environment(check: Check) -> None:
    checked = check(GOOD.replace("8080", "${PORT:-9090}"))
    assert checked.loaded is not None
    assert checked.loaded.settings.listeners[0].port == 9090


def test_a_secret_is_never_part_of_a_message(check: Check) -> None:
    checked = check(GOOD.replace("8080", "${SECRET}"), environ={"SECRET": "hunter2"})
    assert "hunter2" not in str(checked.only)


def test_secret_files_are_among_the_files_to_watch(check: Check, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("9091\n")
    checked = check(GOOD.replace("8080", "${file:port}"))
    assert checked.loaded is not None
    assert tmp_path / "port" in checked.loaded.files


def test_base64_reference_is_the_content_of_any_file(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert expand("${base64:logo.png}", tmp_path) == ("iVBORw0KGgo=", [])
    (tmp_path / "large").write_bytes(b"x" * (MAX_BINARY_FILE + 1))
    assert expand("${base64:large}", tmp_path) == ("", ["FileTooLarge"])
    assert expand("${base64:none}", tmp_path)[1] == ["FileNotReadable"]
