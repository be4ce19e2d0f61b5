"""The pool's bench, run for a moment: every flow, wait and list is measured, and an end is an end of all."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench.pool.__main__ import QUICK, parse_arguments
from bench.pool.caller import Caller, Pace, RefusedError, repeat
from bench.pool.flows import flow_table
from bench.pool.lists import list_table
from bench.pool.mixed import LOADS, mixed_table
from bench.pool.served import running_pool
from bench.processes import tree

pytestmark = pytest.mark.timeout(300)
ROOT = Path(__file__).parents[2]
MOMENT = replace(QUICK.effort, seconds=0.1, callers=1, spare=3)


def test_every_flow_is_measured(tmp_path: Path) -> None:
    table = flow_table(tmp_path, MOMENT)
    assert "argon2id 19456 KiB, 2 passes, 1 lane" in table
    for flow in (
        "USER_PASSWORD_AUTH",
        "the same, then TOTP",
        "USER_SRP_AUTH",
        "REFRESH_TOKEN_AUTH",
        "hosted page, then code",
        "/oauth2/token: authorization_code",
        "/oauth2/token: refresh_token",
        "/oauth2/token: client_credentials",
    ):
        assert f"| {flow} " in table


def test_short_requests_are_measured_beside_each_load(tmp_path: Path) -> None:
    lines = mixed_table(tmp_path, seconds=0.1, loaders=1).splitlines()
    assert len(lines) == 4 + 4 * len(LOADS)
    assert sum("| sign-ins by SRP " in line for line in lines) == 4


def test_lists_of_people_written_in_bulk_are_measured_in_both_databases(tmp_path: Path) -> None:
    table = list_table(tmp_path, users=300, repeats=1)
    assert table.startswith("lists: 300 users; the process was ")
    for database in ("SQLite", "PostgreSQL"):
        assert sum(f"| {database} " in line for line in table.splitlines()) == 11


def test_a_failure_ends_the_run(tmp_path: Path) -> None:
    def ask(caller: Caller) -> object:
        return caller.initiate_auth(ClientId="nobody", AuthFlow="USER_PASSWORD_AUTH", AuthParameters={})

    with running_pool(tmp_path) as server:
        with pytest.raises(RefusedError, match="POST /: 400"):
            repeat(ask, server.url, seconds=60, callers=2)
        left = list(tree(server.program.pid))
    assert not any(map(is_alive, left))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_what_was_started(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.pool", "--quick", "--seconds", "60", "--only", "mixed"]
    with (tmp_path / "output").open("wb") as output:
        bench = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=output, env={**os.environ, "TMPDIR": str(tmp_path)}
        )
        started = []
        try:
            deadline = time.monotonic() + 60
            while len(started := list(tree(bench.pid))) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            bench.send_signal(number)
            assert bench.wait(30) != 0
        finally:
            for pid in (*started, bench.pid) if bench.poll() is None else ():
                os.kill(pid, signal.SIGKILL)
            bench.wait()
    assert len(started) >= 2
    assert not any(map(is_alive, started))
    assert not list(tmp_path.glob("bench-*"))


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_percentiles() -> None:
    pace = Pace([0.004, 0.001, 0.003, 0.002], seconds=2.0)
    assert (pace.rate, pace.percentile(0.5), pace.percentile(1.0)) == (2.0, 3.0, 4.0)


def test_only_some_tables() -> None:
    choice = parse_arguments(["--quick", "--only", "lists", "--database", "SQLite", "--users", "500"])
    assert (choice.blocks, choice.databases, choice.users) == (["lists"], ("SQLite",), 500)
    assert parse_arguments([]).users == 1_000_000
