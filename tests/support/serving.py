"""An ASGI application on a real socket of its own, for as long as a block runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    """A server that leaves the signals of the test run alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(make: Callable[[str], Any], *, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serve what `make(url)` returns, lifespan included; yields the URL."""
    config = uvicorn.Config("made below", host="127.0.0.1", port=0, log_level="error", server_header=False)
    with config.bind_socket() as sock:
        url = f"http://{host}:{sock.getsockname()[1]}"
        config.app = make(url)
        server = _Server(config)
        running = asyncio.create_task(server.serve(sockets=[sock]))
        while not server.started:
            assert not running.done(), "the server did not start"
            await asyncio.sleep(0.02)
        try:
            yield url
        finally:
            server.should_exit = True
            await running
