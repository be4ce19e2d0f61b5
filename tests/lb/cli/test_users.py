"""`albacore users`: the pool's commands on the store of a configuration."""

from pathlib import Path

import pytest

from lb.cli.main import main

POOLS = """\
UserPools:
  - UserPoolName: people
    UserPoolClients: [{ClientName: web, CallbackURLs: [http://localhost/oauth2/idpresponse]}]
"""
LISTENER = """\
Listeners:
  - Port: 8080
    DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "200"}}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "albacore.yaml"
    path.write_text(LISTENER + POOLS)
    return path


def test_a_user_that_is_added_is_listed(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["users", "--config", str(config), "add", "ada"]) == 0
    capsys.readouterr()
    assert main(["users", "-c", str(config), "list"]) == 0
    assert "ada" in capsys.readouterr().out


def test_without_a_command_there_is_help(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["users", "--config", str(config)]) == 0
    text = capsys.readouterr().out
    assert "Usage: albacore users" in text
    assert "--config CONFIG" in text


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], ["add", "-h"], ["add", "--help"]], ids=" ".join)
def test_help_is_asked_for_and_looks_as_everywhere(
    config: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["users", "-c", str(config), *arguments]) == 0
    text = capsys.readouterr().out
    assert "-h, --help" in text
    assert text.isascii(), "no boxes"


def test_a_configuration_without_pools_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(LISTENER)
    assert main(["users", "--config", str(config), "list"]) == 2
    assert "has no UserPools" in capsys.readouterr().err


def test_problems_of_the_configuration_are_told_as_everywhere(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(LISTENER + POOLS.replace("UserPoolName", "UserPoolNam"))
    assert main(["users", "--config", str(config), "list"]) == 1
    assert f"{config}:5:5: " in capsys.readouterr().err


def test_the_pools_token_keys_have_commands_too(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pool-keys", "-c", str(config), "rotate"]) == 0
    capsys.readouterr()
    assert main(["pool-keys", "-c", str(config), "list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
