"""The life of a worker process: takes its order, makes itself ready, serves, drains. `python -m
lb.workers.worker <descriptor of the link> <name>`.

The supervisor says what to do over the link. Signals sent to one worker mean that worker alone: SIGTERM
drains it (the supervisor starts another), SIGUSR1 reopens its log. When the supervisor is gone, however that
came about, the worker drains and ends: nobody could reload or stop it any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import signal
import socket
import sys
from typing import Any

from lb.exits import CannotStart, Exit, explain
from lb.logs import configure_logging
from lb.loop import log_loop_error, run_loop, settle_heap
from lb.observe import turns
from lb.workers.link import Link, Message
from lb.workers.order import BALANCER, Order, read_order
from lb.workers.roles import Role

RETIRE_SECONDS = 3600.0
"""How long a worker that was replaced waits for long downloads and WebSockets."""
LEAVE_SECONDS = 6.0
"""The same for a worker that was sent a SIGTERM: enough for the clients of idle connections to notice."""
ANSWER_SECONDS = 5.0

log = logging.getLogger("albacore")


class Worker:
    """The process."""

    def __init__(self, link: Link, order: Order) -> None:
        self._link = link
        self._order = order
        self._role = _build_role(order, self)
        self._opened = asyncio.Event()
        self._leave = asyncio.Event()
        """Accept no more."""
        self._patience = RETIRE_SECONDS
        self._hurry = asyncio.Event()
        """End connections that do not end by themselves, too."""
        self._cut = asyncio.Event()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count()

    async def prepare(self) -> None:
        """Make everything ready and say so; raises what is in the way."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(log_loop_error)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_or_cut)
        loop.add_signal_handler(signal.SIGUSR1, self._role.reopen_logs)
        self._link.send({"type": "prepared", **await self._role.prepare()})

    async def run(self) -> None:
        """Serve until told to leave."""
        loop = asyncio.get_running_loop()
        listening = asyncio.create_task(self._listen())
        try:
            if await self._told_to_open():
                await self._role.open()
                settle_heap()
                self._link.send({"type": "ready"})
                await self._leave.wait()
                self._link.send({"type": "leaving"})
                await self._role.retire(deadline=loop.time() + self._patience, hurry=self._hurry)
        finally:
            await self._role.stop(deadline=loop.time() + self._order.drain_seconds, cut=self._cut)
            self._link.send({"type": "totals", "value": self._role.tell("metrics")})
            await self._link.drain()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _told_to_open(self) -> bool:
        waits = [asyncio.create_task(event.wait()) for event in (self._opened, self._leave)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
        return not self._leave.is_set()

    async def _listen(self) -> None:
        while (message := await self._link.receive()) is not None:
            self._take(message)
        log.error("the supervisor is gone: finishing what is in flight")
        self._stop()

    def _take(self, message: Message) -> None:
        match message["type"]:
            case "open":
                self._opened.set()
            case "retire":
                self._leave.set()
            case "stop":
                self._stop()
            case "cut":
                self._stop()
                self._cut.set()
            case "reopen":
                self._role.reopen_logs()
            case "ask":
                self._link.send(
                    {"type": "answer", "id": message["id"], "value": self._role.tell(message["what"])}
                )
            case "answer":
                future = self._asked.pop(message["id"], None)
                if future is not None and not future.done():
                    future.set_result(message["value"])

    def _stop(self) -> None:
        self._leave.set()
        self._hurry.set()

    def _stop_or_cut(self) -> None:
        if self._leave.is_set():
            self._stop()
            self._cut.set()
        self._patience = LEAVE_SECONDS
        self._leave.set()

    async def ask(self, what: str, *, seconds: float = ANSWER_SECONDS, **members: Any) -> Any:
        """Ask the supervisor for what only it knows; None when it does not answer in time."""
        number = next(self._numbers)
        future = self._asked[number] = asyncio.get_running_loop().create_future()
        self._link.send({"type": "ask", "id": number, "what": what, **members})
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            log.warning("the supervisor does not answer")
            return None
        finally:
            self._asked.pop(number, None)

    def say(self, what: str, **members: Any) -> None:
        """Tell the supervisor what wants no answer."""
        self._link.send({"type": what, **members})


def _build_role(order: Order, worker: Worker) -> Role:
    # Each role loads only what it runs: starting quickly matters when a worker has died.
    if order.role == BALANCER:
        from lb.workers.balancer import Balancer

        return Balancer(order, worker)
    from lb.workers.services import Services

    return Services(order, worker.ask)


async def serve(end: socket.socket) -> Exit:
    """Live the life of a worker at one end of a link; returns how it ends."""
    link = await Link.open(end)
    try:
        order = read_order(await link.receive())
        configure_logging(level=order.logs.level, form=order.logs.form, process=order.name)
        turns.share(order.turns)
        worker = Worker(link, order)
        await worker.prepare()
    except CannotStart as refusal:
        return await _fail(link, refusal.reasons)
    except (OSError, ValueError) as error:
        return await _fail(link, (explain(error),))
    except Exception:
        log.exception("this is a bug")
        return Exit.FAILED
    await worker.run()
    return Exit.OK


async def _fail(link: Link, reasons: tuple[str, ...]) -> Exit:
    link.send({"type": "failed", "reasons": list(reasons)})
    await link.drain()
    link.close()
    return Exit.START


def main(arguments: list[str]) -> int:
    """Run a worker and return its exit status."""
    # Until the loop handles signals: a reload of the group or an early Ctrl+C is the supervisor's business.
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    status = Exit.FAILED

    async def live() -> None:
        nonlocal status
        status = await serve(socket.socket(fileno=int(arguments[0])))

    with contextlib.suppress(KeyboardInterrupt):
        run_loop(live())
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
