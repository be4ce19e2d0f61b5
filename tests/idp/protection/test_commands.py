"""`albacore breached`, as it is called."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from idp.protection.commands import build
from lb.cli.main import main

WORDS = ["hunter2", "swordfish", "open sesame"]


def hash_list(folder: Path, *, ordered: bool = True) -> Path:
    lines = sorted(
        (
            f"{hashlib.sha1(word.encode()).hexdigest().upper()}:{number + 1}"
            for number, word in enumerate(WORDS)
        ),
        reverse=not ordered,
    )
    path = folder / "hashes.txt"
    path.write_text("\r\n".join(lines) + "\r\n")
    return path


def look_up(file: Path, password: str) -> tuple[int, str]:
    result = CliRunner().invoke(build(), ["look-up", str(file)], input=f"{password}\n")
    return result.exit_code, result.stdout.strip()


@pytest.mark.parametrize("kind", ["hashes", "words"])
def test_a_list_is_built_and_asked(tmp_path: Path, kind: str) -> None:
    words = tmp_path / "words.txt"
    words.write_text("\n".join(WORDS))
    target = tmp_path / "breached"
    source = words if kind == "words" else hash_list(tmp_path)
    result = CliRunner().invoke(build(), ["build", str(source), str(target)])
    assert (result.exit_code, result.stdout) == (0, f"{target}: 3 passwords\n")
    assert look_up(target, "swordfish") == (1, "breached")
    assert look_up(target, "swordfishes") == (0, "not in the list")


def test_rare_ones_can_be_left_out_of_hashes_only(tmp_path: Path) -> None:
    target = tmp_path / "breached"
    CliRunner().invoke(build(), ["build", str(hash_list(tmp_path)), str(target), "--at-least", "3"])
    assert look_up(target, WORDS[2])[0] == 1
    assert look_up(target, WORDS[0])[0] == 0
    words = tmp_path / "words.txt"
    words.write_text("one\n")
    refused = CliRunner().invoke(build(), ["build", str(words), str(target), "--at-least", "3"])
    assert refused.exit_code == 1
    assert "no counts" in refused.stderr


def test_what_cannot_be_read_is_told_and_writes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "breached"
    unsorted = CliRunner().invoke(build(), ["build", str(hash_list(tmp_path, ordered=False)), str(target)])
    assert unsorted.exit_code == 1
    assert "line 2: the list must be sorted" in unsorted.stderr
    missing = CliRunner().invoke(build(), ["build", str(tmp_path / "nothing"), str(target)])
    assert missing.exit_code == 1
    assert not target.exists()
    assert look_up(hash_list(tmp_path), "x")[0] == 2


def test_albacore_has_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "breached"
    assert main(["breached", "build", str(hash_list(tmp_path)), str(target)]) == 0
    assert "3 passwords" in capsys.readouterr().out
    main(["breached"])
    assert "look-up" in capsys.readouterr().out


def test_standard_input_is_read(tmp_path: Path) -> None:
    result = CliRunner().invoke(build(), ["build", "-", str(tmp_path / "breached")], input="a word\n")
    assert result.exit_code == 0
    assert look_up(tmp_path / "breached", "a word")[0] == 1
