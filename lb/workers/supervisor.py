"""The supervisor: binds every port once, keeps a generation of workers, rolls to the next one, ends them all.

It serves no request itself and stays small: what it does is start processes, pass messages and wait. Why it
is built so is told in `lb.workers`. Signals: SIGTERM and SIGINT drain, a second one cuts; SIGHUP, or a change
of a file of the configuration, rolls; SIGUSR1 reopens the access log in every worker.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from lb.addresses import addresses_of, write_ready_file
from lb.background import Background
from lb.config import InvalidConfig, Loaded
from lb.exits import CannotStart, explain
from lb.keyfiles import make_private
from lb.reload import ADMIN, POOL, FileWatch, bindings_of, plan_doors, refuse_changes, with_ports
from lb.run_options import RunOptions
from lb.settings import Settings
from lb.sockets import Binding, CannotBind, bind_all, close_all, port_of
from lb.workers.child import Child
from lb.workers.generation import Generation
from lb.workers.order import BALANCER, SERVICES, LogOptions, Order
from lb.workers.reports import Reports
from lb.workers.turns import SETTLE, TURN, RefreshTurns

KEPT_GENERATIONS = 3
"""Retired generations that may finish in peace; an older one has `drain_seconds` left: memory is finite."""
KILL_SECONDS = 5.0
"""How long after its deadline a worker may be late before it is killed."""

log = logging.getLogger("albacore")


class Supervisor:
    """The process that was started; `run` is its whole life."""

    def __init__(self, options: RunOptions, loaded: Loaded, logs: LogOptions) -> None:
        self._options = options
        self._loaded = loaded
        self._logs = logs
        self._sockets: dict[str, socket.socket] = {}
        self._bindings: dict[str, Binding] = {}
        self._current: Generation | None = None
        self._retired: list[list[Child]] = []
        self._reports = Reports()
        self._refresh_turns = RefreshTurns()
        self._turns = tempfile.TemporaryFile()  # noqa: SIM115 -- open for the process's life
        self._stop = asyncio.Event()
        self._cut = asyncio.Event()
        self._reload_wanted = asyncio.Event()
        self._watch = FileWatch(loaded.files, self._reload_wanted.set)
        self._background = Background()

    async def run(self) -> None:
        """Keep the workers serving until a signal says stop; raises `CannotStart`, later too."""
        self._take_signals(asyncio.get_running_loop())
        try:
            await self._begin()
            if self._stop.is_set():
                return
            if self._options.watch:
                self._background.spawn(self._watch.run())
            self._announce()
            await self._serve()
        finally:
            await self._shut_down()

    def _take_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_or_cut)
        loop.add_signal_handler(signal.SIGHUP, self._reload_wanted.set)
        loop.add_signal_handler(signal.SIGUSR1, self._reopen_logs)

    def _stop_or_cut(self) -> None:
        if self._stop.is_set():
            self._cut.set()
        self._stop.set()
        self._reload_wanted.set()  # wakes `_serve`
        self._watch.stop()

    def _reopen_logs(self) -> None:
        for child in self._all_children():
            child.tell("reopen")

    async def _begin(self) -> None:
        """Bind, start, open: everything or nothing."""
        self._bindings = bindings_of(self._loaded.settings)
        try:
            self._sockets = bind_all(self._bindings.items())
            make_private(self._loaded.settings.data_directory)
        except CannotBind as error:
            raise CannotStart(*error.reasons) from error
        except OSError as error:
            raise CannotStart(explain(error)) from error
        generation = self._build_generation(self._loaded, self._sockets)
        self._use(generation)
        await self._unless_stopped(generation.start(at_once=True))

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work`, or break it off when the process is told to stop."""
        task, stop = asyncio.create_task(work), asyncio.create_task(self._stop.wait())
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        else:
            await task

    def _build_generation(self, loaded: Loaded, sockets: dict[str, socket.socket]) -> Generation:
        settings = with_ports(loaded.settings, {key: port_of(each) for key, each in sockets.items()})
        orders = [self._order(BALANCER, number, settings, loaded) for number in range(settings.workers)]
        if {POOL, ADMIN} & sockets.keys():
            orders.insert(0, self._order(SERVICES, 0, settings, loaded))
        orders = [replace(order, sockets=_descriptors(order.role, sockets)) for order in orders]
        return Generation(orders, on_ask=self._on_ask, on_gone=self._on_gone)

    def _order(self, role: str, number: int, settings: Settings, loaded: Loaded) -> Order:
        return Order(
            role=role,
            name=SERVICES if role == SERVICES else f"{BALANCER}-{number + 1}",
            settings=settings,
            pools=loaded.pools if role == SERVICES else None,
            sockets={},
            logs=self._logs,
            drain_seconds=self._options.drain_seconds,
            turns=self._turns.fileno(),
            is_first=number == 0,
        )

    def _use(self, generation: Generation) -> None:
        self._current = generation
        self._reports.current = generation

    def _announce(self) -> None:
        settings = with_ports(
            self._loaded.settings, {key: port_of(each) for key, each in self._sockets.items()}
        )
        addresses = addresses_of(settings)
        self._options.announce(addresses)
        if self._options.ready_file is not None:
            write_ready_file(self._options.ready_file, addresses)

    async def _serve(self) -> None:
        while not self._stop.is_set():
            assert self._current is not None
            await _any(self._reload_wanted, self._current.gave_up)
            if self._current.gave_up.is_set() and not self._stop.is_set():
                reason = "no worker stays alive: giving up; the log says what they died of"
                raise CannotStart(reason, status=self._current.exit_status)
            self._reload_wanted.clear()
            if not self._stop.is_set():
                await self._reload()

    async def _reload(self) -> None:
        """Roll to the configuration on disk; a bad one changes nothing and every problem is said."""
        try:
            loaded = await asyncio.to_thread(self._options.load)
            for warning in loaded.warnings:
                log.warning("%s", warning)
            done = await self._roll(loaded)
        except InvalidConfig as invalid:
            self._refuse(invalid)
        except CannotStart as refusal:
            self._refuse(refusal)
        except Exception:
            # A bug met while reloading must not take down what is serving.
            log.exception("configuration not taken up, the running one stays in force")
        else:
            if done:
                self._loaded = loaded
                self._watch.follow(loaded.files)
                log.info("configuration taken up from %s: %s", self._options.path, done)

    def _refuse(self, why: Exception) -> None:
        log.error("configuration not taken up, the running one stays in force:\n%s", why)

    async def _roll(self, loaded: Loaded) -> str:
        """Start a generation for `loaded` and retire the present one; returns what was done, "" for nothing.

        Raises `CannotStart`, and then nothing has changed.
        """
        refused = refuse_changes(self._loaded.settings, loaded.settings, rolling=True)
        if refused:
            raise CannotStart(*refused)
        wanted = bindings_of(loaded.settings)
        plan = plan_doors(self._bindings, wanted)
        sockets = {key: self._sockets[key] for key in plan.kept}
        # A port that only changes hands, from one listener to another, stays bound.
        places = {(each.address, each.port): key for key, each in self._bindings.items() if each.port}
        heirs = {key: places.get((wanted[key].address, wanted[key].port)) for key in plan.added}
        sockets |= {key: self._sockets[giver] for key, giver in heirs.items() if giver is not None}
        try:
            fresh = bind_all([(key, wanted[key]) for key in plan.added if key not in sockets])
        except CannotBind as error:
            raise CannotStart(*error.reasons) from error
        try:
            generation = self._build_generation(loaded, sockets | fresh)
            await self._unless_stopped(generation.start(at_once=False))
        except BaseException:
            close_all(fresh)
            raise
        if self._stop.is_set() and not generation.balancers:
            close_all(fresh)
            return ""
        await self._change_over(generation, sockets | fresh, wanted)
        return f"{loaded.settings.workers} new workers, {len(sockets)} ports kept, {len(fresh)} opened"

    async def _change_over(
        self, generation: Generation, sockets: dict[str, socket.socket], wanted: dict[str, Binding]
    ) -> None:
        old, old_sockets = self._current, self._sockets
        assert old is not None
        self._use(generation)
        self._sockets, self._bindings = sockets, wanted
        self._retire(await old.retire())
        # Their workers stop accepting; what still waits in the queue of a port that is gone is refused.
        kept = {each.fileno() for each in sockets.values()}
        close_all({key: each for key, each in old_sockets.items() if each.fileno() not in kept})

    def _retire(self, children: list[Child]) -> None:
        self._retired.append(children)
        self._retired = [each for each in self._retired if any(not child.ended.is_set() for child in each)]
        for each in self._retired[:-KEPT_GENERATIONS]:
            for child in each:
                child.tell("stop")
        for child in children:
            self._reports.leaving.add(child)
            self._background.spawn(self._see_off(child))

    async def _see_off(self, child: Child) -> None:
        await child.ended.wait()
        self._bury(child)
        log.info("%s (pid %d) has finished", child.name, child.pid)

    def _on_gone(self, child: Child) -> None:
        """Hear of a worker that has ended, or is on its way out, without having been told to."""
        if child.ended.is_set():
            self._bury(child)
        else:
            self._retire([child])

    def _bury(self, child: Child) -> None:
        self._reports.bury(child)
        self._refresh_turns.forget(child)

    def _on_ask(self, child: Child, message: dict[str, Any]) -> None:
        if message["type"] == SETTLE:
            self._refresh_turns.settle(child, message)
        else:
            self._background.spawn(self._answer(child, message))

    async def _answer(self, child: Child, message: dict[str, Any]) -> None:
        what = str(message["what"])
        if what == TURN:
            value: Any = await self._refresh_turns.take(child, message)
        else:
            value = await self._reports.answer(what, draining=self._stop.is_set())
        child.answer(message["id"], value)

    def _all_children(self) -> list[Child]:
        current = self._current.children if self._current is not None else []
        return [*current, *(child for each in self._retired for child in each)]

    async def _shut_down(self) -> None:
        if self._options.ready_file is not None:
            self._options.ready_file.unlink(missing_ok=True)
        self._stop.set()
        log.info("stopping: requests in flight have %g seconds", self._options.drain_seconds)
        # First: else connections would wait in the queue for workers that never come.
        close_all(self._sockets)
        await self._drain()
        await self._background.aclose()
        self._turns.close()
        log.info("stopped")

    async def _drain(self) -> None:
        children = self._all_children()
        for each in self._retired:
            for child in each:
                child.tell("stop")
        ends: list[asyncio.Task[Any]] = [
            asyncio.create_task(child.ended.wait()) for child in children if child.pid
        ]
        if self._current is not None:
            ends.append(asyncio.create_task(self._current.stop()))
        everything: asyncio.Future[Any] = asyncio.gather(*ends)
        cut: asyncio.Future[Any] = asyncio.create_task(self._cut.wait())
        # The services have their own time after the balancers.
        patience = 2 * self._options.drain_seconds + KILL_SECONDS
        await asyncio.wait({everything, cut}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        cut.cancel()
        if not everything.done():
            await self._end_now(children, everything)

    async def _end_now(self, children: list[Child], everything: asyncio.Future[Any]) -> None:
        for child in children:
            child.tell("cut")
        await asyncio.wait({everything}, timeout=KILL_SECONDS)
        for child in children:
            if not child.ended.is_set():
                log.error("%s (pid %d) does not end: killing it", child.name, child.pid)
                await child.kill()
        await asyncio.wait({everything}, timeout=KILL_SECONDS)


def _descriptors(role: str, sockets: dict[str, socket.socket]) -> dict[str, int]:
    mine = {key for key in sockets if (key in {POOL, ADMIN}) == (role == SERVICES)}
    return {key: sockets[key].fileno() for key in mine}


async def _any(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for each in waits:
        each.cancel()
