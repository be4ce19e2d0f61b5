"""Calls functions wherever they run, and logs what went wrong (never what was in an event)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from idp.background import Background
from idp.clock import Clock
from idp.triggers.calls import call_webhook, invoke_lambda
from idp.triggers.names import Trigger
from idp.triggers.outcomes import Answered, Failed, Invocation, Unreached
from idp.triggers.processes import HandlerProcesses
from idp.triggers.records import function_name
from idp.triggers.targets import FunctionTable, LambdaFunction, PythonHandler, Target, Webhook

log = logging.getLogger("idp.triggers")


class Runner:
    """Every function of this process."""

    def __init__(self, table: FunctionTable, clock: Clock) -> None:
        self.table = table
        self._clock = clock
        self._processes: dict[PythonHandler, HandlerProcesses] = {}
        self._behind = Background(log)

    async def invoke(self, trigger: Trigger, reference: str, event: dict[str, Any]) -> Invocation:
        """Call a function and wait for its answer."""
        return await self._invoke(trigger, reference, event, waits=True)

    def post(self, trigger: Trigger, reference: str, event: dict[str, Any]) -> None:
        """Call a function behind: nobody waits for what it answers."""
        work = self._invoke(trigger, reference, event, waits=False)
        failure = "trigger %s: function %s could not be called"
        self._behind.start(work, failure, trigger, function_name(reference))

    async def close(self) -> None:
        """Let calls behind end, then stop every process."""
        await self._behind.drain()
        for processes in self._processes.values():
            await processes.close()

    async def _invoke(
        self, trigger: Trigger, reference: str, event: dict[str, Any], *, waits: bool
    ) -> Invocation:
        target = self.table.find(reference)
        if target is None:
            invocation: Invocation = Unreached("no such function is configured (Functions, LambdaEndpoint)")
        else:
            invocation = await self._call(target, event, arn=reference, waits=waits)
        self._log(trigger, reference, invocation)
        return invocation

    async def _call(self, target: Target, event: Mapping[str, Any], *, arn: str, waits: bool) -> Invocation:
        if isinstance(target, LambdaFunction):
            return await invoke_lambda(target, event, waits=waits)
        if isinstance(target, Webhook):
            return await call_webhook(target, event, moment=int(self._clock.now()))
        processes = self._processes.get(target)
        if processes is None:
            processes = self._processes[target] = HandlerProcesses(target)
        return await processes.invoke(dict(event), arn=arn)

    @staticmethod
    def _log(trigger: Trigger, reference: str, invocation: Invocation) -> None:
        name = function_name(reference)
        if isinstance(invocation, Answered):
            log.debug("trigger %s: function %s answered", trigger, name)
        elif isinstance(invocation, Failed):
            log.warning("trigger %s: function %s raised %s", trigger, name, invocation.kind or "an error")
        else:
            log.error("trigger %s: function %s did not answer: %s", trigger, name, invocation.reason)
