"""The processes of one configuration: started together, kept alive, retired together.

`start` makes all of them ready, then opens all; when one cannot, all end and nothing has happened. From then
on each place is kept filled: a worker that dies or leaves is replaced, ever later when that does not help.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

from lb.exits import CannotStart, Exit
from lb.workers.child import Child, OnAsk
from lb.workers.order import BALANCER, SERVICES, Endpoints, Order
from lb.workers.restarts import Restarts

log = logging.getLogger("albacore.workers")


class Place:
    """One worker that should be there, and who fills the place now."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.child: Child | None = None
        self.restarts = Restarts()
        self.keeper: asyncio.Task[None] | None = None


class Generation:
    """All processes of one configuration."""

    def __init__(self, orders: Iterable[Order], *, on_ask: OnAsk, on_gone: Callable[[Child], None]) -> None:
        """Prepare to start `orders`; `on_gone` is told of every child that has ended or is on its way out."""
        self.places = [Place(order) for order in orders]
        self.gave_up = asyncio.Event()
        """No balancer serves, and starting them was tried often enough."""
        self._last_status: int | None = None
        self._on_ask = on_ask
        self._on_gone = on_gone
        self._endpoints: Endpoints = []

    @property
    def children(self) -> list[Child]:
        """Whoever runs now."""
        return [place.child for place in self.places if place.child is not None]

    @property
    def balancers(self) -> list[Child]:
        """The balancers that serve."""
        return [child for child in self.children if child.order.role == BALANCER and child.state == "serving"]

    async def start(self, *, at_once: bool) -> None:
        """Start every process and open all when all are ready; raises CannotStart, and then none is left.

        `at_once`: side by side, which is quick; else one after the other, which leaves CPU to those who
        serve.
        """
        try:
            for place in self.places:
                if place.order.role == SERVICES:
                    await self._prepare(place)
            balancers = [place for place in self.places if place.order.role == BALANCER]
            if at_once:
                await _all(self._prepare(place) for place in balancers)
            else:
                for place in balancers:
                    await self._prepare(place)
            await _all(child.open() for child in self.children)
        except BaseException:
            await self.kill()
            raise
        for place in self.places:
            place.keeper = asyncio.create_task(self._keep(place), name=f"keeper of {place.order.name}")

    async def _prepare(self, place: Place) -> None:
        child = place.child = Child(replace(place.order, endpoints=self._endpoints), self._on_ask)
        message = await child.prepare()
        if place.order.role == SERVICES:
            self._endpoints = message["endpoints"]

    async def _keep(self, place: Place) -> None:
        while True:
            child = place.child
            if child is not None:
                await child.leaving.wait()
                self._note_loss(place, child)
            place.child = None
            self._give_up_if_hopeless()
            await asyncio.sleep(place.restarts.delay)
            await self._refill(place)

    def _note_loss(self, place: Place, child: Child) -> None:
        self._on_gone(child)
        if not child.ended.is_set():
            log.info("%s (pid %d) leaves: starting another", child.name, child.pid)
            return
        served = child.ready_at is not None
        lived = asyncio.get_running_loop().time() - (child.ready_at or 0.0) if served else 0.0
        place.restarts = place.restarts.after(lived)
        self._last_status = child.status
        log.error(
            "%s (pid %d) died (%s) after serving %.1f s: starting another in %.2f s",
            child.name, child.pid, describe_status(child.status), lived, place.restarts.delay,
        )  # fmt: skip

    async def _refill(self, place: Place) -> None:
        try:
            await self._prepare(place)
            child = place.child
            assert child is not None
            await child.open()
        except CannotStart as refusal:
            for reason in refusal.reasons:
                log.error("%s: %s", place.order.name, reason)  # noqa: TRY400 -- the reasons say it all
            if place.child is not None:
                await place.child.kill()
        except asyncio.CancelledError:
            # One that may have accepted connections already leaves like the others.
            if place.child is not None and place.child.state in ("starting", "ready"):
                await place.child.kill()
            raise
        else:
            log.info("%s (pid %d) serves", child.name, child.pid)

    def _give_up_if_hopeless(self) -> None:
        balancers = [place for place in self.places if place.order.role == BALANCER]
        if not self.balancers and all(place.restarts.hopeless for place in balancers):
            self.gave_up.set()

    @property
    def exit_status(self) -> Exit:
        """What giving up means: something was in the way, or a bug ended the workers."""
        return Exit.START if self._last_status == Exit.START else Exit.FAILED

    async def retire(self) -> list[Child]:
        """Let all of them finish by themselves, and replace none any more; returns them."""
        await self._stop_keeping()
        children = self.children
        for child in children:
            child.tell("retire")
        return children

    async def stop(self) -> None:
        """Drain the balancers, then the services: a login under way needs the pool to its end."""
        await self._stop_keeping()
        for role in (BALANCER, SERVICES):
            mine = [child for child in self.children if child.pid and child.order.role == role]
            for child in mine:
                child.tell("stop")
            await asyncio.gather(*(child.ended.wait() for child in mine))

    async def kill(self) -> None:
        """End all of them now."""
        await asyncio.gather(*(child.kill() for child in self.children))

    async def _stop_keeping(self) -> None:
        keepers = [place.keeper for place in self.places if place.keeper is not None]
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)


async def _all(works: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Run all; when one fails, the others are cancelled first."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


def describe_status(status: int | None) -> str:
    """Return an exit status in an operator's words."""
    if status is not None and status < 0:
        return f"signal {signal.Signals(-status).name}"
    name = f", {Exit(status).name.lower()}" if status in set(Exit) else ""
    return f"status {status}{name}"
