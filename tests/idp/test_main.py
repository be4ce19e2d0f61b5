"""The pool as a program of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from idp.__main__ import main

POOLS = """
UserPools:
  - UserPoolName: demo
    UserPoolClients:
      - ClientName: web
        GenerateSecret: true
        CallbackURLs: [http://localhost:3000/cb]
"""


def test_bad_file_is_told_with_every_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pools.yaml"
    file.write_text("UserPools: [{UserPoolNam: x}, {Nonsense: 1}]")
    assert main([str(file), "--data", str(tmp_path / "data")]) == 2
    told = capsys.readouterr().err
    assert "UserPoolNam" in told
    assert "Nonsense" in told


@pytest.mark.parametrize("text", ["UserPools: [", None], ids=["no YAML", "no file"])
def test_unreadable_file_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    file = tmp_path / "pools.yaml"
    if text is not None:
        file.write_text(text)
    assert main([str(file)]) == 2
    assert "pools.yaml" in capsys.readouterr().err


def test_program_serves_pages_until_it_is_told_to_stop(tmp_path: Path) -> None:
    (tmp_path / "pools.yaml").write_text(POOLS)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "idp", str(tmp_path / "pools.yaml"), "--public-url", url]
    command += ["--data", str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            assert "Sign-in service" in first_answer(url, process)
        finally:
            process.terminate()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def first_answer(url: str, process: subprocess.Popen[bytes]) -> str:
    """Ask until the program answers, which takes a moment: it makes two RSA keys first."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the program ended"
        try:
            return httpx.get(url, trust_env=False).text
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("no answer within a minute")
