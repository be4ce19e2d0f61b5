"""The supervisor's hold on one worker process: starts it, tells it what to do, hears what it says.

A child that cannot become ready raises here; one that ends later sets `ended`. Its last known numbers are
kept, so that what it counted is not lost with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lb.exits import CannotStart
from lb.workers.link import Link, Message
from lb.workers.order import Order
from lb.workers.totals import Snapshot

START_SECONDS = 60.0
ANSWER_SECONDS = 2.0

log = logging.getLogger("albacore.workers")

OnAsk = Callable[["Child", Message], None]


class Child:
    """One worker process."""

    def __init__(self, order: Order, on_ask: OnAsk) -> None:
        self.order = order
        self.name = order.name
        self.state = "starting"
        self.ready_at: float | None = None
        self.ended = asyncio.Event()
        self.leaving = asyncio.Event()
        """It accepts no more, told by the supervisor or not."""
        self.numbers: Snapshot = []
        """What it has counted, as last heard."""
        self._on_ask = on_ask
        self._prepared: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._ready = asyncio.Event()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._ids = itertools.count()
        self._process: asyncio.subprocess.Process | None = None
        self._link: Link | None = None
        self._spawning: asyncio.Task[None] | None = None
        self._life: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process id; 0 before the start."""
        return self._process.pid if self._process is not None else 0

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.returncode if self._process is not None else None

    async def prepare(self) -> Message:
        """Start the process and return what it says when all but its doors is ready; raises CannotStart."""
        self._spawning = asyncio.create_task(self._spawn())
        try:
            # Broken off halfway, a process would be left without an owner.
            await asyncio.shield(self._spawning)
        except OSError as error:
            self._end()
            raise CannotStart(f"{self.name}: cannot start a process: {error.strerror}") from error
        try:
            async with asyncio.timeout(START_SECONDS):
                message = await asyncio.shield(self._prepared)
        except TimeoutError:
            raise CannotStart(f"{self.name} was not ready within {START_SECONDS:.0f} s") from None
        if message["type"] == "failed":
            await self.ended.wait()
            raise CannotStart(*message["reasons"])
        self.state = "ready"
        return message

    async def _spawn(self) -> None:
        mine, its = socket.socketpair()
        with its:
            self._process = await asyncio.create_subprocess_exec(
                *_command(its.fileno(), self.name),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(its.fileno(), self.order.turns, *self.order.sockets.values()),
                # Ctrl+C in a terminal is for the supervisor, who tells the workers.
                process_group=0,
            )
        self._link = await Link.open(mine)
        self._life = asyncio.create_task(self._live(self._link, self._process))
        self._link.send(self.order.message())

    async def open(self) -> None:
        """Let it accept connections; raises CannotStart when it does not come to that."""
        self.state = "opening"
        self.tell("open")
        waits = [asyncio.create_task(event.wait()) for event in (self._ready, self.ended)]
        await asyncio.wait(waits, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
        if not self._ready.is_set() or self.ended.is_set():
            raise CannotStart(f"{self.name} did not open its ports")
        self.ready_at = asyncio.get_running_loop().time()
        self.state = "serving"

    def tell(self, what: str) -> None:
        """Send an instruction: open, retire, stop, cut, reopen."""
        if self._link is not None:
            self._link.send({"type": what})

    def answer(self, number: int, value: Any) -> None:
        """Answer a question that came over `on_ask`."""
        if self._link is not None:
            self._link.send({"type": "answer", "id": number, "value": value})

    async def ask(self, what: str) -> Any:
        """Return the worker's answer, None when it gives none in time."""
        if self._link is None or self.ended.is_set():
            return None
        number = next(self._ids)
        future = self._asked[number] = asyncio.get_running_loop().create_future()
        self._link.send({"type": "ask", "id": number, "what": what})
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                value = await future
        except TimeoutError:
            return None
        finally:
            self._asked.pop(number, None)
        if what == "metrics" and value is not None:
            self.numbers = value
        return value

    async def kill(self) -> None:
        """End it now, and return when it has ended."""
        if self._spawning is None:
            return
        await asyncio.wait({self._spawning})
        if self._process is not None:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
            await self.ended.wait()

    async def _live(self, link: Link, process: asyncio.subprocess.Process) -> None:
        while (message := await link.receive()) is not None:
            self._take(message)
        await process.wait()
        link.close()
        self._end()

    def _end(self) -> None:
        self.state = "ended"
        self.ended.set()
        self.leaving.set()
        for future in self._asked.values():
            if not future.done():
                future.set_result(None)
        if not self._prepared.done():
            reason = f"{self.name} ended with status {self.status} before it was ready"
            self._prepared.set_result({"type": "failed", "reasons": [reason]})

    def _take(self, message: Message) -> None:
        match message.get("type"):
            case "prepared" | "failed" if not self._prepared.done():
                self._prepared.set_result(message)
            case "ready":
                self._ready.set()
            case "leaving":
                self.state = "draining"
                self.leaving.set()
            case "totals":
                self.numbers = message.get("value") or self.numbers
            case "ask" | "settle":
                self._on_ask(self, message)
            case "answer":
                future = self._asked.get(message["id"])
                if future is not None and not future.done():
                    future.set_result(message.get("value"))


def _command(link: int, name: str) -> list[str]:
    # As trusting of the working directory as this process is: `-m` alone would put it before everything.
    trusting = bool(sys.path) and sys.path[0] in ("", str(Path.cwd()))
    safe = [] if trusting else ["-P"]
    return [sys.executable, *safe, "-m", "lb.workers.worker", str(link), name]
