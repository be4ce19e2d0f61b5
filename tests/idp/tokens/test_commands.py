"""The commands for a pool's token keys, run as a terminal runs them."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from idp.tokens.commands import build
from tests.support.pools import PUBLIC_URL, pool_document


@pytest.fixture
def data(tmp_path: Path, prepared_directory: Path) -> Path:
    shutil.copytree(prepared_directory, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(data: Path, *arguments: str) -> list[list[str]]:
    result = CliRunner().invoke(build(lambda: ([pool_document()], data, PUBLIC_URL)), list(arguments))
    assert result.exit_code == 0, result.output
    return [line.split("\t") for line in result.stdout.splitlines()]


def test_a_rotation_adds_keys_that_sign_later(data: Path) -> None:
    before = run(data, "list")
    assert [(row[0], row[-1]) for row in before] == [("id", "signs"), ("access", "signs")]
    fresh = [row[1] for row in run(data, "rotate")]
    after = run(data, "list")
    assert [row[1] for row in after if row[-1] == "signs"] == [row[1] for row in before]
    assert {row[1] for row in after} == {row[1] for row in before} | set(fresh)


def test_a_leaked_key_is_gone_at_once(data: Path) -> None:
    before = run(data, "list")
    *fresh, told = run(data, "rotate", "--leaked")
    assert told[0].startswith("restart every process")
    after = run(data, "list")
    assert [row[1] for row in after] == [row[1] for row in fresh]
    assert not {row[1] for row in before} & {row[1] for row in after}
