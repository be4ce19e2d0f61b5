"""Token buckets by key, in bounded memory.

A key starts with a full bucket; what it takes comes back evenly. Only so many keys are remembered: the one
that was not seen for longest is forgotten first, and starts full again. Whoever has that many addresses at
hand is not held by a limit per address anyway; the limits per account hold.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from idp.protection.settings import Rate

MOST_KEYS: Final = 100_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """The buckets of one limit."""

    def __init__(self, rate: Rate, *, most_keys: int = MOST_KEYS) -> None:
        self._rate = rate
        self._most = most_keys
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str, now: float) -> float:
        """Take a token; returns 0, or in how many seconds there will be one."""
        bucket = self._refill(key, now)
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return (1 - bucket.tokens) * self._rate.seconds / self._rate.count

    def give_back(self, key: str, now: float) -> None:
        """Put a token back that was taken for what turned out not to count."""
        bucket = self._refill(key, now)
        bucket.tokens = min(float(self._rate.count), bucket.tokens + 1)

    def __len__(self) -> int:
        return len(self._buckets)

    def _refill(self, key: str, now: float) -> _Bucket:
        full = float(self._rate.count)
        bucket = self._buckets.setdefault(key, _Bucket(full, now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        # A clock that was put back gives nothing, and does not stop the bucket from filling.
        bucket.tokens = min(full, bucket.tokens + max(0.0, now - bucket.at) * full / self._rate.seconds)
        bucket.at = now
        return bucket
