"""What the administration port shows of several processes: the balancers are asked, the answers joined."""

from __future__ import annotations

import asyncio
from typing import Any

from lb.observe import names
from lb.workers import totals
from lb.workers.child import Child
from lb.workers.generation import Generation
from lb.workers.totals import Snapshot
from lb.workers.views import merge_targets


class Reports:
    """Answers the questions of the services' process."""

    def __init__(self) -> None:
        self.current: Generation | None = None
        self.leaving: set[Child] = set()
        """Workers on their way out: what they count still counts."""
        self._gone: Snapshot = []
        self._deaths = 0

    def bury(self, child: Child) -> None:
        """Keep what a worker that has ended had counted."""
        self.leaving.discard(child)
        if child.status:
            self._deaths += 1
        self._gone = totals.merge([self._gone, totals.lasting(child.numbers)])
        child.numbers = []

    async def answer(self, what: str, *, draining: bool) -> Any:
        """Return what the page `what` shows, as JSON."""
        match what:
            case "ready":
                return not draining and self.current is not None and bool(self.current.balancers)
            case "workers":
                return [_describe(child) for child in self._everyone()]
            case "metrics":
                return await self._metrics()
            case "targets":
                return await self._targets()
        return None

    def _everyone(self) -> list[Child]:
        current = self.current.children if self.current is not None else []
        return [*current, *sorted(self.leaving, key=lambda child: child.pid)]

    def _balancers(self) -> list[Child]:
        return self.current.balancers if self.current is not None else []

    async def _metrics(self) -> Snapshot:
        await asyncio.gather(*(child.ask("metrics") for child in (*self._balancers(), *self.leaving)))
        # A balancer that does not answer in time counts with what it said last: counters must not fall.
        return totals.merge(
            [
                *(child.numbers for child in self._balancers()),
                *(totals.leaving(child.numbers) for child in self.leaving),
                self._gone,
                totals.single(names.WORKERS, "gauge", len(self._balancers())),
                totals.single(names.WORKER_DEATHS, "counter", self._deaths),
            ]
        )

    async def _targets(self) -> list[dict[str, Any]]:
        balancers = self._balancers()
        answers = await asyncio.gather(*(child.ask("targets") for child in balancers))
        views = {child.name: view for child, view in zip(balancers, answers, strict=True) if view is not None}
        return merge_targets(views)


def _describe(child: Child) -> dict[str, Any]:
    return {"Name": child.name, "Pid": child.pid, "State": child.state}
