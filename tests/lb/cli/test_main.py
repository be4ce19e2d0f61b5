"""How commands end: statuses, plain errors, help."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lb.cli import main as main_module
from lb.cli.main import main

NOT_HERE = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
COMMAND = Path(sys.executable).parent / "albacore"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments], capture_output=True, text=True, timeout=60, env={**os.environ, **environment}
    )


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for command in ("run", "demo", "check", "explain", "init", "schema", "users", "pool-keys", "version"):
        assert f"  {command} " in text
    assert "\x1b" not in text


@pytest.mark.parametrize("command", ["run", "demo", "check", "explain", "init", "schema", "version"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert "Usage: albacore" in capsys.readouterr().out


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith("albacore ")


def test_the_version_is_an_option_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("albacore ")


def test_the_command_line_loads_nothing_that_only_commands_need() -> None:
    """`albacore --help` takes a fifth of a second; with everything imported it was two."""
    heavy = ("lb.config", "lb.settings", "rules", "httpx", "yaml", "cryptography", "asyncio", "idp")
    code = f"import sys, lb.cli.main; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout == "[]\n"


def test_running_with_few_descriptors_is_told_at_the_start(tmp_path: Path) -> None:
    config = tmp_path / "albacore.yaml"
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        listener = {"Port": occupied.getsockname()[1], "Address": "127.0.0.1", "DefaultActions": [NOT_HERE]}
        config.write_text(json.dumps({"Listeners": [listener], "DataDirectory": str(tmp_path / "data")}))
        done = subprocess.run(
            ["/bin/sh", "-c", 'ulimit -n 1024; exec "$0" run "$1"', COMMAND, config],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 3
    assert "the hard limit of open files is 1024: a worker takes only 469 client connections" in done.stderr


def test_wrong_usage_ends_with_two() -> None:
    assert main(["no-such-command"]) == 2


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "albacore configuration"


def test_a_bug_is_one_line_and_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.delenv("ALBACORE_DEBUG", raising=False)
    monkeypatch.setattr(main_module, "app", fail)
    assert main(["version"]) == 4
    assert capsys.readouterr().err.splitlines() == [
        "error: unexpected ZeroDivisionError: boom",
        "This is a bug. `albacore --debug ...` shows where it happened.",
    ]


def test_a_bug_shows_where_with_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setenv("ALBACORE_DEBUG", "1")
    monkeypatch.setattr(main_module, "app", fail)
    with pytest.raises(ZeroDivisionError):
        main(["version"])


def test_a_reader_that_stops_gets_no_traceback() -> None:
    writer = subprocess.Popen([COMMAND, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.close()
    error = writer.stderr.read()
    writer.stderr.close()
    writer.wait(60)
    assert error == b""


def test_the_installed_command_runs() -> None:
    assert run("version").stdout.startswith("albacore ")


@pytest.mark.parametrize("count", ["0", "65", "-1", "two"])
def test_a_number_of_workers_that_makes_no_sense_is_wrong_usage(
    count: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "albacore.yaml", "--workers", count]) == 2
    assert "a number from 1 to 64, or auto" in " ".join(capsys.readouterr().err.split())
