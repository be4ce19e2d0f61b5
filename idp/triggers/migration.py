"""UserMigration: users whom another directory knows, taken over at their first sign-in or forgotten password.

The function proves the password, so that the pool's policy does not bind it: whoever could sign in yesterday
can sign in today. No invitation goes out to somebody who has just typed the right password.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from idp import texts
from idp.clock import Clock
from idp.model import Client, Pool, User, UserStatus
from idp.outcomes import UserReason, UserRefused
from idp.signin.flows.triggers import TriggerRefused, TriggerTurn
from idp.store.base import AlreadyExists, Store
from idp.triggers import answers, events
from idp.triggers.answers import Migrated
from idp.triggers.calling import Calling
from idp.triggers.events import Occasion
from idp.triggers.names import Trigger
from idp.triggers.origin import origin
from idp.triggers.outcomes import UNRECOGNIZABLE
from idp.users.administration import draft_by_administrator
from idp.users.aliases import check_username, derive_logins
from idp.users.attributes import find_unfit
from idp.users.credentials import Passwords
from idp.users.passwords import HasherBusy

log = logging.getLogger("idp.triggers")
AT_SIGN_IN = "Authentication"
AT_FORGOT = "ForgotPassword"
BUSY = TriggerRefused("TooManyRequestsException", texts.TOO_MANY_REQUESTS.english)


@dataclass(slots=True)
class Migration:
    """Takes users over."""

    calling: Calling
    store: Store
    clock: Clock
    passwords: Passwords

    async def at_sign_in(self, turn: TriggerTurn, password: str) -> User | TriggerRefused | None:
        """Ask the function for a user nobody knows; who is confirmed there keeps the password typed here."""
        occasion = Occasion(Trigger.USER_MIGRATION, AT_SIGN_IN, turn.pool, turn.username, turn.client)
        migrated = await self._ask(occasion, password, turn.validation_data, turn.metadata)
        if not isinstance(migrated, Migrated):
            return migrated
        drafted = draft(turn.pool, turn.username, migrated, now=self.clock.now())
        if isinstance(drafted, UserRefused):
            return _unfit(drafted)
        try:
            credentials = await self.passwords.make(turn.pool, drafted.username, password)
        except HasherBusy:
            return BUSY
        return await self._keep(credentials.given_to(drafted))

    async def at_forgot(self, pool: Pool, client: Client, username: str) -> User | TriggerRefused | None:
        """Ask the function for a user who forgot a password; the user has none until the code is entered."""
        occasion = Occasion(Trigger.USER_MIGRATION, AT_FORGOT, pool, username, client)
        migrated = await self._ask(occasion, None, {}, origin().metadata)
        if not isinstance(migrated, Migrated):
            return migrated
        drafted = draft(pool, username, replace(migrated, confirmed=False), now=self.clock.now())
        return _unfit(drafted) if isinstance(drafted, UserRefused) else await self._keep(drafted)

    async def _ask(
        self,
        occasion: Occasion,
        password: str | None,
        validation_data: Mapping[str, str],
        metadata: Mapping[str, str],
    ) -> Migrated | TriggerRefused | None:
        return await self.calling.call(
            occasion.pool,
            occasion.trigger,
            lambda: events.user_migration(
                occasion, password=password, validation_data=validation_data, metadata=metadata
            ),
            answers.read_migrated,
        )

    async def _keep(self, user: User) -> User | TriggerRefused:
        try:
            async with self.store.writing() as records:
                return await records.users.create(user)
        except AlreadyExists:  # an alias of somebody else, or another node was faster
            return TriggerRefused("UserLambdaValidationException", "User account already exists")


def draft(pool: Pool, username: str, migrated: Migrated, *, now: float) -> User | UserRefused:
    """Lay out a migrated user, or say what is wrong with what the function told. Pure but for the sub."""
    told = {name: value for name, value in migrated.attributes.items() if name not in {"sub", "username"}}
    user = draft_by_administrator(pool, username, told, now=now)
    unfit = check_username(pool, username) or find_unfit(pool, user.attributes, reserved={"sub"})
    if unfit is not None:
        return UserRefused(UserReason.INVALID_PARAMETER, unfit)
    status = UserStatus.CONFIRMED if migrated.confirmed else UserStatus.RESET_REQUIRED
    user = replace(user, status=status, temporary_until=None)
    return replace(user, logins=derive_logins(pool, user))


def _unfit(refused: UserRefused) -> TriggerRefused:
    log.error("trigger UserMigration: the user it told of is not kept: %s", refused.message)
    return UNRECOGNIZABLE
