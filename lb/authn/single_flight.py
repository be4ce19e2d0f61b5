"""One run of a piece of I/O for all who ask at the same time.

The work runs in a task of its own: a client that hangs up cancels its own wait, never the refresh that others
share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any


class SingleFlight:
    """Work in progress by key. Keys must tell apart everything that changes the result."""

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[Any]]) -> Any:
        """Start `work` unless it runs already under `key`, and wait for its result."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.create_task(_as_coroutine(work))
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._finished(key, done))
        return await asyncio.shield(task)

    def _finished(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        if not task.cancelled():
            # Read it, so that a failure whose waiters have all gone is not reported as forgotten.
            task.exception()

    async def aclose(self) -> None:
        """Cancel what still runs."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _as_coroutine(work: Callable[[], Awaitable[Any]]) -> Any:
    return await work()
