"""One call of one trigger: find the function, build the event, call, read the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from idp.model import Pool
from idp.signin.flows.triggers import TriggerRefused
from idp.triggers.answers import Unrecognizable, read_response
from idp.triggers.events import Event
from idp.triggers.names import Trigger
from idp.triggers.outcomes import UNRECOGNIZABLE, Answered, refuse
from idp.triggers.runner import Runner

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Calling:
    """Calls the triggers of pools."""

    runner: Runner

    async def call(
        self,
        pool: Pool,
        trigger: Trigger,
        build: Callable[[], Event],
        read: Callable[[Mapping[str, Any]], T],
    ) -> T | TriggerRefused | None:
        """Call a pool's trigger; None where it has none. The event is built only if it has."""
        reference = pool.lambda_config.function(trigger)
        if reference is None:
            return None
        invocation = await self.runner.invoke(trigger, reference, build())
        if not isinstance(invocation, Answered):
            return refuse(trigger, invocation)
        try:
            return read(read_response(invocation.value))
        except Unrecognizable:
            return UNRECOGNIZABLE

    async def tell(self, pool: Pool, trigger: Trigger, build: Callable[[], Event]) -> TriggerRefused | None:
        """Call a trigger whose answer changes nothing; it can only refuse."""
        answer = await self.call(pool, trigger, build, lambda _: None)
        return answer if isinstance(answer, TriggerRefused) else None
