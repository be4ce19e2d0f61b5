"""Counts by address and by account, and says when it is too much; tells the log, without flooding it.

What a limit counts is often known only at the end (was the password wrong?). A token is taken before the
work and given back after it: guesses sent all at once are counted like guesses one after the other. Counts
are this process's own; nodes that share a database count each for itself.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from idp.clock import Clock, SystemClock
from idp.protection.addresses import counting_key, is_within
from idp.protection.buckets import Buckets
from idp.protection.settings import GuardSettings, Limit, Rate

log = logging.getLogger("idp.protection")
LOG_EVERY: Final = Rate(1, 60)


class Limiter:
    """Every limit of a pool server."""

    def __init__(self, settings: GuardSettings | None = None, clock: Clock | None = None) -> None:
        self.settings = settings or GuardSettings()
        self._clock = clock or SystemClock()
        self._buckets: Mapping[Limit, Buckets] = {
            limit: Buckets(rate) for limit, rate in self.settings.rates.items() if rate.count
        }
        self._told = Buckets(LOG_EVERY)

    def take(self, limit: Limit, address: str) -> float:
        """Count something by address; returns 0, or after how many seconds to come again."""
        if self._is_uncounted(address):
            return 0.0
        return self._take(limit, counting_key(address), address)

    def give_back(self, limit: Limit, address: str) -> None:
        """Take back what was counted."""
        if not self._is_uncounted(address) and (buckets := self._buckets.get(limit)):
            buckets.give_back(counting_key(address), self._clock.now())

    def take_for_account(self, pool_id: str, subject: str) -> float:
        """Count a step of a sign-in; returns 0, or after how many seconds to come again."""
        return self._take(Limit.ATTEMPTS, f"{pool_id}:{subject}", f"subject {subject}")

    def _take(self, limit: Limit, key: str, whose: str) -> float:
        buckets = self._buckets.get(limit)
        if buckets is None:
            return 0.0
        now = self._clock.now()
        wait = buckets.take(key, now)
        if wait and not self._told.take(f"{limit}:{key}", now):
            log.warning("rate limit %s reached by %s: refused for now", limit.value, whose)
        return wait

    def _is_uncounted(self, address: str) -> bool:
        return not address or is_within(address, self.settings.exempt)
