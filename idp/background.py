"""Work that nobody waits for: started at once, seen when it fails, finished before the process ends.

The event loop keeps only a weak reference to a task, so whoever starts one has to hold it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any


class Background:
    """Tasks behind the requests that started them."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many are not done yet."""
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, object], failure: str, *values: object) -> None:
        """Run `work` behind; when it raises, `failure` is logged with `values` put into it."""
        task = asyncio.create_task(self._run(work, failure, values))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def drain(self) -> None:
        """Wait until nothing runs, what was started meanwhile included."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _run(self, work: Coroutine[Any, Any, object], failure: str, values: tuple[object, ...]) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001 - it has no caller: what nobody foresaw must at least be seen
            self._log.exception(failure, *values)
