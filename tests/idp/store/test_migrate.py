"""Migrations are done whole or not at all, wherever the process dies."""

import subprocess
import sys
from pathlib import Path

# One interpreter that forks: for every fourth statement of a migration a child dies right before it, with the
# signal that cannot be caught, and another then opens what was left.
PROGRAM = """
import asyncio, os, signal, sqlite3, sys, tempfile
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from idp import model
from idp.seal import Vault
from idp.store.database import DATABASE_FILE, database_url, open_store

def in_child(work):
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(3)
        os._exit(0)
    return os.waitpid(child, 0)[1]

def open_and_die(folder, last):
    seen = 0
    def count(connection, cursor, statement, *_):
        nonlocal seen
        seen += 1
        if seen > last:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", lambda connection: count(connection, None, "COMMIT"))
    asyncio.run(open_once(folder))

async def open_once(folder):
    store = await open_store(database_url(folder), Vault(b"k" * 32))
    async with store.writing() as records:
        await records.pools.create(model.Pool(id="local_000000001", name="staff"))
    await store.close()

deaths = 0
for last in range(0, 1000, 4):
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
    status = in_child(lambda: open_and_die(folder, last))
    if status == 0:
        break
    assert os.WIFSIGNALED(status), status
    deaths += 1
    connection = sqlite3.connect(folder / DATABASE_FILE)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    rows = connection.execute("SELECT count(*) FROM pools").fetchone()[0] if "pools" in tables else 0
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert not tables or len(tables) >= 13, f"half a migration: {tables}"
    if not rows:
        assert in_child(lambda: asyncio.run(open_once(folder))) == 0, f"does not open after {last}"
print(deaths)
"""


def test_a_kill_at_any_point_of_a_migration_leaves_nothing_half_done(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) > 7
