"""Functions for the tests of triggers: a file with handlers, and where they run."""

from __future__ import annotations

import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from idp.clock import SystemClock
from idp.triggers.runner import Runner
from idp.triggers.targets import FunctionTable, PythonHandler

HANDLERS = """
import os
import subprocess
import sys
import time

import neighbour


def echo(event, context):
    return event


def answer(event, context):
    print("printed", event.get("word"))
    sys.stdout.write("no line end")
    os.write(1, b"raw bytes in the protocol's place")
    event["response"]["pid"] = os.getpid()
    event["response"]["said"] = neighbour.WORD
    event["response"]["left"] = context.get_remaining_time_in_millis()
    event["response"]["name"] = context.function_name
    return event


async def later(event, context):
    return {**event, "response": {"awaited": True}}


def refuse(event, context):
    raise ValueError("not today")


def forget(event, context):
    pass


def unspeakable(event, context):
    return {"response": object()}


def stick(event, context):
    time.sleep(60)


def crash(event, context):
    os._exit(3)


def flood(event, context):
    return {"response": {"text": "x" * 2_000_000}}


def leave(event, context):
    sys.exit("left")


def orphan(event, context):
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    open(event["file"], "w").write(str(child.pid))
    os._exit(3)


def family(event, context):
    child = subprocess.Popen(["sleep", "60"])
    open(event["file"], "w").write(str(child.pid))
    time.sleep(60)


def is_pipe(fd):
    link = f"/proc/self/fd/{fd}"
    return os.path.exists(link) and os.readlink(link).startswith("pipe:")


def chatter(event, context):
    # The pipe of the answers is the only one that is not standard output or standard error.
    answers = min(fd for fd in range(3, 10) if is_pipe(fd))
    os.write(answers, bytes(3) + b"\\x02{}" + b"\\xff" * 190_000)
    open(event["file"], "w").close()
"""


@pytest.fixture
def handlers(tmp_path: Path) -> Path:
    """A file with handlers, and a module beside it."""
    (tmp_path / "neighbour.py").write_text("WORD = 'first'\n")
    path = tmp_path / "handlers.py"
    path.write_text(textwrap.dedent(HANDLERS))
    return path


@pytest_asyncio.fixture
async def runner(handlers: Path) -> AsyncIterator[Runner]:
    """Every handler of the file, by its own name; one second each."""
    names = [
        line[4:].partition("(")[0]
        for line in HANDLERS.replace("async ", "").splitlines()
        if line.startswith("def ")
    ]
    table = FunctionTable({name: PythonHandler(name, name, file=handlers, seconds=1) for name in names})
    running = Runner(table, SystemClock())
    yield running
    await running.close()
