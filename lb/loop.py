"""The event loop of a process: which one, what becomes of stray errors, and of what the start has built."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("albacore")


def run_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` on uvloop where there is one."""
    try:
        from uvloop import new_event_loop
    except ImportError:  # not on Windows
        asyncio.run(main)
        return
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)


def settle_heap() -> None:
    """Keep what the start has built out of later garbage collections; called once, when all is ready.

    Modules, routes and schemas live as long as the process. Walking them again stopped every request for
    60 ms each time the oldest generation was collected.
    """
    gc.collect()
    gc.freeze()


def log_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what a callback raised; a client that went away, or could not agree on TLS, is no error of ours."""
    error = context.get("exception")
    level = logging.DEBUG if isinstance(error, OSError) else logging.ERROR
    log.log(level, "%s", context.get("message", "error in the event loop"), exc_info=error)
