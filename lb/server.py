"""The process: binds every port, starts the parts in order, reloads, drains and stops.

One event loop holds a uvicorn server per listener, one for the user pool and one for administration.
Ports are bound before anything is announced. SIGTERM and SIGINT drain; a second one cuts. SIGHUP, or a
change of a configuration or certificate file, reloads; SIGUSR1 reopens the access log (logrotate).
"""

from __future__ import annotations

import asyncio
import logging
import signal

from lb.addresses import write_ready_file
from lb.authn.sender import HttpxSender
from lb.background import Background
from lb.config import InvalidConfig, Loaded
from lb.exits import CannotStart
from lb.loop import log_loop_error, settle_heap
from lb.parts import Parts
from lb.providers import look_for_providers
from lb.reload import FileWatch
from lb.run_options import RunOptions

log = logging.getLogger("albacore")


class Process:
    """The running process; `run` is its whole life."""

    def __init__(self, options: RunOptions, loaded: Loaded) -> None:
        self._options = options
        self._loaded = loaded
        self._parts = Parts()
        self._sender = HttpxSender()
        self._stop = asyncio.Event()
        self._cut = asyncio.Event()
        self._reload_wanted = asyncio.Event()
        self._watch = FileWatch(loaded.files, self._reload_wanted.set)
        self._background = Background()

    async def run(self) -> None:
        """Serve until a signal says stop; raises `CannotStart` when it cannot begin."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(log_loop_error)
        self._take_signals(loop)
        try:
            await self._parts.start(self._loaded)
            self._background.spawn(look_for_providers(self._loaded.settings, self._sender))
            if self._options.watch:
                self._background.spawn(self._watch.run())
            self._announce()
            await self._serve()
        finally:
            await self._shut_down(loop)

    def _take_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_or_cut)
        loop.add_signal_handler(signal.SIGHUP, self._reload_wanted.set)
        loop.add_signal_handler(signal.SIGUSR1, self._parts.reopen_logs)

    def _stop_or_cut(self) -> None:
        if self._stop.is_set():
            self._cut.set()
        self._stop.set()
        self._reload_wanted.set()  # wakes `_serve`
        self._watch.stop()

    def _announce(self) -> None:
        settle_heap()
        addresses = self._parts.addresses()
        self._options.announce(addresses)
        if self._options.ready_file is not None:
            write_ready_file(self._options.ready_file, addresses)

    async def _serve(self) -> None:
        while not self._stop.is_set():
            await self._reload_wanted.wait()
            self._reload_wanted.clear()
            if not self._stop.is_set():
                await self._reload()

    async def _reload(self) -> None:
        """Take up the configuration on disk; a bad one changes nothing and every problem is said."""
        path = self._options.path
        try:
            loaded = await asyncio.to_thread(self._options.load)
            for warning in loaded.warnings:
                log.warning("%s", warning)
            done = await self._parts.change(self._loaded, loaded, drain_seconds=self._options.drain_seconds)
        except InvalidConfig as invalid:
            self._refuse(invalid)
        except CannotStart as refusal:
            self._refuse(refusal)
        except Exception:
            # A bug met while reloading must not take down what is serving.
            log.exception("configuration not taken up, the running one stays in force")
        else:
            self._loaded = loaded
            self._watch.follow(loaded.files)
            self._background.spawn(look_for_providers(loaded.settings, self._sender))
            log.info("configuration taken up from %s: %s", path, done)

    def _refuse(self, why: Exception) -> None:
        log.error("configuration not taken up, the running one stays in force:\n%s", why)

    async def _shut_down(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._options.ready_file is not None:
            self._options.ready_file.unlink(missing_ok=True)
        log.info("stopping: requests in flight have %g seconds", self._options.drain_seconds)
        await self._parts.stop(deadline=loop.time() + self._options.drain_seconds, cut=self._cut)
        await self._background.aclose()
        await self._sender.aclose()
        log.info("stopped")
