"""What the operator of a stack does at the command line."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.running import COMMAND


def users(folder: Path, *words: str, typed: str = "") -> str:
    """Run `albacore users WORDS` on the configuration in `folder`, `typed` being its standard input.

    Returns what it printed.
    """
    command: list[str | Path] = [COMMAND, "users", "--config", folder / "albacore.yaml", *words]
    done = subprocess.run(
        command, cwd=folder, input=typed, capture_output=True, encoding="utf-8", timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
