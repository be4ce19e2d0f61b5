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


def test_an_export_is_imported_again(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ada", "bob"):
        assert main(["users", "-c", str(config), "add", name, "-a", f"email={name}@example.com"]) == 0
    capsys.readouterr()
    assert main(["users", "-c", str(config), "export"]) == 0
    text = capsys.readouterr().out
    file = tmp_path / "users.csv"
    file.write_text(text)
    assert main(["users", "-c", str(config), "import", str(file)]) == 0
    assert capsys.readouterr().out == "0 imported, 2 skipped, 0 failed\n"
    file.write_text(text.replace("ada", "eve") + "broken\n")
    assert main(["users", "-c", str(config), "import", str(file)]) == 1
    captured = capsys.readouterr()
    assert captured.out == "1 imported, 1 skipped, 1 failed\n"
    assert "row 3 was not imported" in captured.err


def test_users_of_a_firebase_project_are_imported(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, export = tmp_path / "key.json", tmp_path / "users.json"
    key.write_text(
        '{"base64_signer_key": "c2lnbmVy", "base64_salt_separator": "Bw==", "rounds": 8, "mem_cost": 14}'
    )
    export.write_text(
        '{"users": [{"localId": "id1", "email": "ada@example.com", "emailVerified": true,'
        ' "passwordHash": "aGFzaA==", "salt": "c2FsdA=="}, {"email": "x@example.com"}]}'
    )
    arguments = ["users", "-c", str(config), "import", str(export), "--firebase-key", str(key)]
    assert main(arguments) == 1
    assert capsys.readouterr().out == "1 imported, 0 skipped, 1 failed\n"
    assert main(["users", "-c", str(config), "show", "id1"]) == 0
    assert '"UserStatus": "CONFIRMED"' in capsys.readouterr().out
