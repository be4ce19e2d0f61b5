"""The triggers of every pool in one object, as the core holds them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from idp.clock import Clock
from idp.store.base import Store
from idp.triggers.calling import Calling
from idp.triggers.lifecycle import LifecycleTriggers
from idp.triggers.messages import MessageTriggers
from idp.triggers.migration import Migration
from idp.triggers.runner import Runner
from idp.triggers.sign_in import SignInTriggers
from idp.triggers.targets import FunctionTable
from idp.triggers.tokens import TokenTriggers
from idp.users.credentials import Passwords

log = logging.getLogger("idp.triggers")


@dataclass(frozen=True, slots=True)
class TriggerService:
    """Calls the functions of pools."""

    runner: Runner
    sign_in: SignInTriggers
    lifecycle: LifecycleTriggers
    messages: MessageTriggers
    tokens: TokenTriggers
    migration: Migration

    @classmethod
    def open(cls, table: FunctionTable, store: Store, clock: Clock, passwords: Passwords) -> TriggerService:
        """Put the triggers together; nothing is started before a pool calls something."""
        runner = Runner(table, clock)
        calling = Calling(runner)
        migration = Migration(calling, store, clock, passwords)
        return cls(
            runner,
            SignInTriggers(calling, migration),
            LifecycleTriggers(calling),
            MessageTriggers(calling),
            TokenTriggers(calling),
            migration,
        )

    async def close(self) -> None:
        """Let calls end and stop every process."""
        await self.runner.close()
