"""`albacore check` as a user and as a script meets it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lb.cli.main import app, main

ROOT = Path(__file__).parents[3]
EXAMPLES = [
    *sorted((ROOT / "examples").glob("*.yaml")),
    ROOT / "lb/demo/demo.yaml",
]
"""What `init` writes is checked with its key files beside it, in test_init."""
GOOD = """\
Listeners:
  - Port: 8080
    DefaultActions: [{Type: forward, TargetGroupArn: app}]
TargetGroups:
  - Name: app
"""
BAD = GOOD.replace("Port", "Prot").replace("Name: app", "Name: -a")
RUNNER = CliRunner()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "a.yaml"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_configuration_that_is_shipped_passes(path: Path) -> None:
    result = RUNNER.invoke(app, ["check", str(path)])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].startswith("ok: ")


def test_every_problem_is_printed_and_the_status_is_one(config: Path) -> None:
    config.write_text(BAD)
    result = RUNNER.invoke(app, ["check", str(config)])
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert [line.split(": ")[0] for line in lines[:-1]] == [
        f"{config}:2:5",
        f"{config}:2:5",
        f"{config}:3:54",
        f"{config}:5:11",
    ]
    assert lines[-1] == "4 problems, 0 warnings"


def test_warnings_pass_unless_strict(config: Path) -> None:
    config.write_text(GOOD)
    assert RUNNER.invoke(app, ["check", str(config)]).exit_code == 0
    result = RUNNER.invoke(app, ["check", "--strict", str(config)])
    assert result.exit_code == 1
    assert "warning: target group `app` has no targets" in result.output


def test_json_is_for_other_programs(config: Path) -> None:
    config.write_text(BAD)
    result = RUNNER.invoke(app, ["check", "--format", "json", str(config)])
    report = json.loads(result.output)
    assert (result.exit_code, report["ok"]) == (1, False)
    assert report["problems"][-1] == {
        "file": str(config),
        "line": 5,
        "column": 11,
        "severity": "error",
        "code": "BadValue",
        "message": "`Name` must be 1 to 32 letters, digits and hyphens, with no hyphen at either end",
    }


def test_a_missing_file_is_a_problem_like_others(config: Path) -> None:
    result = RUNNER.invoke(app, ["check", str(config)])
    assert result.exit_code == 1
    assert "no such file" in result.output


def test_output_has_no_colours_when_it_is_no_terminal(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(BAD)
    assert main(["check", str(config)]) == 1
    assert "\x1b" not in capsys.readouterr().out
