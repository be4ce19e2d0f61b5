"""What a worker does, whatever its role; the roles are `lb.workers.balancer` and `lb.workers.services`.

`prepare` does all that can fail, `open` accepts, `retire` lets connections end by themselves, `stop` ends
them.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from lb.door import Door
from lb.workers.order import Order

Ask = Callable[[str], Awaitable[Any]]
"""Asks the supervisor for what only it knows."""


class Role(Protocol):
    """What a worker does."""

    async def prepare(self) -> dict[str, Any]:
        """Make everything ready but the doors; returns what others need to know of it."""
        ...

    async def open(self) -> None:
        """Accept connections."""
        ...

    async def retire(self, *, deadline: float, hurry: asyncio.Event) -> None:
        """Accept no more; return when all connections have ended by themselves."""
        ...

    async def stop(self, *, deadline: float, cut: asyncio.Event) -> None:
        """Accept no more, finish what is in flight, let go of everything."""
        ...

    def reopen_logs(self) -> None:
        """Open the log files anew."""
        ...

    def tell(self, what: str) -> Any:
        """Return `metrics` or `targets` of this process as JSON, None for what it does not know."""
        ...


class Doors:
    """A worker's doors, on the sockets that it inherited."""

    def __init__(self, order: Order) -> None:
        self.sockets = {key: socket.socket(fileno=number) for key, number in order.sockets.items()}
        self.open: list[Door] = []

    async def add(self, door: Door) -> None:
        """Open another one."""
        self.open.append(door)
        await door.start()

    async def retire(self, deadline: float, hurry: asyncio.Event) -> None:
        """As `Door.retire`, for all."""
        await asyncio.gather(*(door.retire(deadline=deadline, hurry=hurry) for door in self.open))

    async def stop(self, deadline: float, cut: asyncio.Event) -> None:
        """As `Door.stop`, for all."""
        if not self.open:
            for each in self.sockets.values():
                each.close()
        await asyncio.gather(*(door.stop(deadline=deadline, cut=cut) for door in self.open))
