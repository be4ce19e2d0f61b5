"""Tells users of risky sign-ins by mail, behind the answer, and not too often."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp.clock import Clock
from idp.model import Pool, User
from idp.outbox.base import Outbox
from idp.protection.buckets import Buckets
from idp.protection.feedback import seal_feedback
from idp.protection.notices import PAGE, Notice, build_notice
from idp.protection.origins import Origin
from idp.protection.settings import Rate
from idp.seal import Vault

log = logging.getLogger("idp.protection")
MOST_NOTICES: Final = Rate(10, 3600)
"""To one user: whoever has the password could fill the mailbox otherwise."""


@dataclass(slots=True)
class Notifier:
    """Sends the mails."""

    vault: Vault
    clock: Clock
    outbox: Outbox
    public_url: str = ""
    _told: Buckets = field(default_factory=lambda: Buckets(MOST_NOTICES))

    def tell(
        self,
        pool: Pool,
        user: User,
        configuration: Mapping[str, Any],
        *,
        kind: str,
        event_id: str,
        origin: Origin,
    ) -> None:
        """Mail a user whose address is verified (`can_be_told`); `configuration`: NotifyConfiguration."""
        now = self.clock.now()
        if self._told.take(f"{pool.id}:{user.sub}", now):
            log.warning("pool=%s sub=%s is told no more of risks for now: too many", pool.id, user.sub)
            return
        token = seal_feedback(self.vault, pool.id, user.sub, event_id, now=now)
        url = self.public_url + PAGE
        notice = Notice(pool, user, event_id, now, origin, token, feedback_url=url)
        self.outbox.post(build_notice(notice, configuration, kind=kind))


def can_be_told(user: User) -> bool:
    """Whether a mail reaches its user: the links in it are for nobody else."""
    return user.has_verified("email")
