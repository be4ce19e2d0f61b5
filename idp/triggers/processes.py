"""Worker processes of Python handlers: started when needed, kept while they are used, killed when too slow.

One process serves one call at a time; a handful may run side by side, as Lambda runs several instances. A
changed file is taken up by new processes. A call that outlives its seconds loses its process, and the next
one gets a new one: nothing of a stuck handler stays behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import uuid
from asyncio.subprocess import PIPE, Process, SubprocessStreamProtocol
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from idp.triggers import worker
from idp.triggers.outcomes import Answered, Failed, Invocation, Unreached, read_failure
from idp.triggers.targets import PythonHandler

log = logging.getLogger("idp.triggers")
LARGEST_ANSWER: Final = 1024 * 1024
IMPORT_SECONDS: Final = 10
"""Lambda gives a function's start ten seconds of its own."""
MOST_AT_ONCE: Final = 4
LONGEST_LINE: Final = 8192
LARGEST_UNREAD: Final = 64 * 1024
LAST_WORDS_SECONDS: Final = 1
"""How long the output of a process that was ended may still be read: its last traceback, say."""


@dataclass(slots=True)
class _Worker:
    """A running process."""

    process: Process
    transport: asyncio.SubprocessTransport
    version: float
    """When the file was changed last, as it was started."""
    logger: asyncio.Task[None]

    async def ask(self, call: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        body = json.dumps(call).encode()
        self.process.stdin.write(len(body).to_bytes(4, "big") + body)
        await self.process.stdin.drain()
        return await self.read()

    async def read(self) -> dict[str, Any]:
        """Read one answer; raises ValueError for one that is too long, EOFError where the process ended."""
        assert self.process.stdout is not None
        size = int.from_bytes(await self.process.stdout.readexactly(4), "big")
        if size > LARGEST_ANSWER:
            raise ValueError(f"it answered {size} bytes")
        answer = json.loads(await self.process.stdout.readexactly(size))
        if not isinstance(answer, dict):
            raise TypeError("it spoke out of turn")
        return answer

    async def stop(self) -> None:
        """Kill the process, with all that it started in its group, and wait until it is gone.

        asyncio takes a process for ended only once its pipes are: one that wrote more than anybody reads, or
        that left a grandchild behind with its output, would be waited for without end. So they are closed.
        """
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        await asyncio.wait({self.logger}, timeout=LAST_WORDS_SECONDS)
        for number in range(3):
            pipe = self.transport.get_pipe_transport(number)
            assert pipe is not None, "every stream is a pipe"
            pipe.close()
        await self.process.wait()
        await self.logger


@dataclass(slots=True)
class HandlerProcesses:
    """The processes of one handler."""

    target: PythonHandler
    _idle: list[_Worker] = field(default_factory=list)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))

    async def invoke(self, event: dict[str, Any], *, arn: str) -> Invocation:
        """Call the handler with an event."""
        async with self._slots:
            taken = await self._take()
            if not isinstance(taken, _Worker):
                return taken
            return await self._ask(taken, event, arn)

    async def close(self) -> None:
        """Stop every process that is waiting."""
        while self._idle:
            await self._idle.pop().stop()

    async def _ask(self, taken: _Worker, event: dict[str, Any], arn: str) -> Invocation:
        seconds = self.target.seconds
        call = {"event": event, "id": str(uuid.uuid4()), "arn": arn, "seconds": seconds}
        try:
            answer = await asyncio.wait_for(taken.ask(call), seconds)
        except TimeoutError:
            await taken.stop()
            return Unreached(f"it took longer than {seconds} s")
        except (OSError, EOFError, ValueError, TypeError) as error:
            await taken.stop()
            return Unreached(f"its process is broken: {_name(error)}")
        except asyncio.CancelledError:
            await taken.stop()
            raise
        self._idle.append(taken)
        if "error" in answer:
            return read_failure(answer["error"])
        return Answered(answer.get("event"))

    async def _take(self) -> _Worker | Failed | Unreached:
        """Return a process that waits, or start one."""
        version = _version(self.target.file)
        while self._idle:
            idle = self._idle.pop()
            if idle.process.returncode is None and idle.version == version:
                return idle
            await idle.stop()
        return await self._start(version)

    async def _start(self, version: float) -> _Worker | Failed | Unreached:
        target = self.target
        command = [
            sys.executable,
            "-u",
            str(Path(worker.__file__)),
            target.place,
            target.handler,
            target.name,
        ]
        try:
            process, transport = await _spawn(command)
        except OSError as error:
            return Unreached(f"no process could be started: {_name(error)}")
        logger = asyncio.create_task(_log_output(process, target.name))
        started = _Worker(process, transport, version, logger)
        try:
            answer = await asyncio.wait_for(started.read(), IMPORT_SECONDS)
        except (TimeoutError, OSError, EOFError, ValueError, TypeError) as error:
            await started.stop()
            return Unreached(f"its process did not start: {_name(error)}")
        except asyncio.CancelledError:
            await started.stop()
            raise
        if "broken" in answer:
            await started.stop()
            return read_failure(answer["broken"])
        return started


async def _spawn(command: list[str]) -> tuple[Process, asyncio.SubprocessTransport]:
    """Start a process in a session of its own; what asyncio.create_subprocess_exec keeps is returned, too."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(
        lambda: SubprocessStreamProtocol(limit=LARGEST_UNREAD, loop=loop),
        *command,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
    )
    return Process(transport, protocol, loop), transport


def _version(file: Path | None) -> float:
    """Return when a file was changed last; a module's code is read once per process."""
    if file is None:
        return 0.0
    try:
        return os.stat(file).st_mtime  # noqa: PTH116 - one call, on every invocation
    except OSError:
        return -1.0


def _name(error: BaseException) -> str:
    return f"{type(error).__name__} {error}".strip()


async def _log_output(process: Process, name: str) -> None:
    """Hand what a handler prints to the log, line by line, until its process ends."""
    assert process.stderr is not None
    while True:
        try:
            line = await process.stderr.readline()
        except ValueError:  # longer than the reader takes; the rest of the line follows
            continue
        if not line:
            return
        log.info("function %s: %s", name, line.decode("utf-8", "replace").rstrip()[:LONGEST_LINE])
