"""Targets that live in this process: ASGI applications named by import string (`TargetType: asgi`).

An application is served by uvicorn on one end of a pair of sockets, of which the data plane holds the other.
So everything that holds for a target holds for it (streams, limits, upgrades, health checks), and nobody
else on the machine can reach it. An application that was started runs until the process ends, because its
code cannot be taken up anew; every worker process has its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lb.background import Background
from lb.exits import CannotStart
from lb.imports import import_attribute
from lb.quiet_server import QuietServer
from lb.settings import TargetGroupSettings
from lb.upstream.connect import no_application

log = logging.getLogger("albacore.targets")

KEPT_SECONDS = 3600
"""Longer than the data plane keeps a connection: it is never surprised by the other end's closing."""
LAST_SECONDS = 5.0
"""What an application may take to shut down."""


class Applications:
    """The applications of this process, by import string."""

    def __init__(self) -> None:
        self._hosted: dict[str, _Hosted] = {}

    async def take_up(self, groups: Mapping[str, TargetGroupSettings]) -> None:
        """Import and start what `groups` name and what is not running yet.

        Raises:
            CannotStart: one cannot be imported, is no application, or failed to start.
        """
        for group in groups.values():
            for target in group.targets if group.code_folder is not None else ():
                if target.id not in self._hosted:
                    where = f"TargetGroups `{group.name}`: application `{target.id}`"
                    self._hosted[target.id] = await _start(target.id, cast(Path, group.code_folder), where)

    def dial(self, reference: str) -> socket.socket:
        """Return this end of a new connection to an application; raises ConnectionRefusedError."""
        hosted = self._hosted.get(reference)
        return no_application(reference) if hosted is None or hosted.should_exit else hosted.dial()

    async def aclose(self) -> None:
        """Let applications shut down."""
        hosted, self._hosted = list(self._hosted.values()), {}
        await asyncio.gather(*(each.aclose() for each in hosted))


async def _start(reference: str, folder: Path, where: str) -> _Hosted:
    if str(folder) not in sys.path:
        # Behind everything else: a file beside the configuration must not take the place of a library.
        sys.path.append(str(folder))
    try:
        app = import_attribute(reference)
    except Exception as error:
        log.exception("%s cannot be imported", where)
        raise CannotStart(f"{where} cannot be imported: {type(error).__name__}: {error}") from error
    if not callable(app):
        raise CannotStart(f"{where} is no ASGI application")
    hosted = _Hosted(app, reference)
    try:
        await hosted.begin([], name=f"application {reference}")
    except Exception as error:
        log.exception("%s did not start", where)
        raise CannotStart(f"{where} did not start: {type(error).__name__}: {error}") from error
    if not hosted.started:
        raise CannotStart(f"{where} did not start; its reason is in the log")
    return hosted


class _Hosted(QuietServer):
    """One application and its connections."""

    def __init__(self, app: Callable[..., Awaitable[None]], reference: str) -> None:
        # What comes over these connections was read and bounded by a listener already.
        super().__init__(app, http=HttpToolsProtocol, timeout_keep_alive=KEPT_SECONDS)
        self.reference = reference
        self._joining = Background()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Run the application's own start; uvicorn would end the process where that fails."""
        await self.lifespan.startup()
        self.servers = []
        self.should_exit = self.lifespan.should_exit
        self.started = not self.should_exit
        if self.started:
            self.ready.set()

    def dial(self) -> socket.socket:
        mine, its = socket.socketpair()
        mine.setblocking(False)
        its.setblocking(False)
        self._joining.spawn(self._join(its))
        return mine

    async def _join(self, end: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(self._make_protocol, end)
        except OSError:
            log.exception("application %s: a connection could not be made", self.reference)
            end.close()

    def _make_protocol(self) -> asyncio.Protocol:
        return HttpToolsProtocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def aclose(self) -> None:
        """Let requests end and the application shut down, but not for ever."""
        assert self.task is not None
        self.should_exit = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self.task), LAST_SECONDS)
        if not self.task.done():
            log.warning("application %s did not shut down in time", self.reference)
            for task in list(self.server_state.tasks):
                task.cancel()
            self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self._joining.aclose()
