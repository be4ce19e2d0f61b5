"""`albacore keys`: what there is, and a new one."""

from pathlib import Path

import pytest

from lb.cli.main import main
from lb.sealed import KeyRing

CONFIG = """\
LoadBalancer: {Name: web}
DataDirectory: data
Listeners:
  - Port: 8080
    DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "200"}}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "albacore.yaml"
    path.write_text(CONFIG)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["keys", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_without_keys_only_the_signer_is_listed(config, capsys) -> None:
    (line,) = run(capsys, "list", str(config))
    assert line.startswith("signer arn:aws:elasticloadbalancing:")
    assert not (config.parent / "data").exists(), "looking makes nothing"


@pytest.mark.parametrize(("kind", "file"), [("session", "session-keys"), ("signing", "signing-keys.json")])
def test_a_rotated_key_is_listed_last(config, capsys, kind: str, file: str) -> None:
    first = run(capsys, "rotate", kind, str(config))[0]
    second = run(capsys, "rotate", kind, str(config))[0]
    listed = [line for line in run(capsys, "list", str(config)) if line.startswith(kind)]
    assert listed[-2:] == [first, second]
    assert (config.parent / "data" / file).stat().st_mode & 0o777 == 0o600


def test_nothing_secret_is_printed(config, capsys) -> None:
    printed = run(capsys, "rotate", "session", str(config)) + run(capsys, "list", str(config))
    path = config.parent / "data" / "session-keys"
    secrets = [line.split()[-1] for line in path.read_text().splitlines() if not line.startswith("#")]
    assert len(secrets) == len(KeyRing.load(path).describe())
    assert not any(secret in line for secret in secrets for line in printed)


def test_a_broken_key_file_is_told_in_one_line(config, capsys) -> None:
    (config.parent / "data").mkdir()
    (config.parent / "data" / "session-keys").write_text("broken\n")
    assert main(["keys", "list", str(config)]) == 3
    assert "session-keys:1" in capsys.readouterr().err
