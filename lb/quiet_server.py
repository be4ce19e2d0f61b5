"""A uvicorn server that leaves the process alone: its signals, its log, its end.

Several run in one event loop: one for every listener (`lb.door`), one for every application that is a target
(`lb.targets.applications`).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn


class QuietServer(uvicorn.Server):
    """Runs in a task of its own from `begin` until `should_exit`."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                # The process sets the deadline.
                timeout_graceful_shutdown=None,
                **options,
            )
        )
        self.ready = asyncio.Event()
        """Set by `startup` at its end."""
        self.task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield

    async def begin(self, sockets: list[socket.socket], *, name: str) -> None:
        """Return once `startup` has set `ready`; raises what went wrong."""
        self.task = asyncio.create_task(self.serve(sockets), name=name)
        ready = asyncio.create_task(self.ready.wait())
        await asyncio.wait({self.task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self.task
