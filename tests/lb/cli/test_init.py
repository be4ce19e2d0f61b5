"""`albacore init`: a start that works, and that never destroys anything."""

import stat
from pathlib import Path

from typer.testing import CliRunner

from lb.cli.main import app
from lb.config import load_settings

RUNNER = CliRunner()


def test_what_init_writes_passes_the_check(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["init", str(tmp_path / "site")])
    assert result.exit_code == 0, result.output
    loaded = load_settings(tmp_path / "site" / "albacore.yaml")
    assert not loaded.warnings
    assert loaded.settings.data_directory == tmp_path / "site" / "albacore-data"


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    RUNNER.invoke(app, ["init", str(tmp_path)])
    data = tmp_path / "albacore-data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    keys = [path for path in data.iterdir() if path.name != ".gitignore"]
    assert {path.name for path in keys} == {"session-keys", "signing-keys.json", "access-key"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}


def test_keys_are_kept_out_of_git(tmp_path: Path) -> None:
    RUNNER.invoke(app, ["init", str(tmp_path)])
    assert (tmp_path / "albacore-data" / ".gitignore").read_text().splitlines()[-1] == "*"


def test_nothing_that_exists_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "albacore.yaml").write_text("mine")
    RUNNER.invoke(app, ["init", str(tmp_path)])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    result = RUNNER.invoke(app, ["init", str(tmp_path)])
    assert result.exit_code == 0
    assert "kept" in result.output
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert (tmp_path / "albacore.yaml").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    from lb.cli.main import main

    (tmp_path / "file").write_text("")
    assert main(["init", str(tmp_path / "file")]) == 3
