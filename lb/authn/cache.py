"""Small bounded memories with short lives: opened sessions, verified tokens, spent logins.

Two generations instead of a linked list: a look-up costs one dictionary access, and when the young generation
is full the old one is dropped whole. Bounded by entries and by bytes, because keys come from clients.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ShortLived(Generic[K, V]):
    """Values by key until a time; the half written longest ago goes when it is full."""

    __slots__ = ("_max_entries", "_max_weight", "_old", "_weight", "_young")

    def __init__(self, max_entries: int, max_weight: int | None = None) -> None:
        """Hold at most `2 * max_entries` entries and twice `max_weight` (bytes, as told to `put`)."""
        self._max_entries = max_entries
        self._max_weight = max_weight
        self._young: dict[K, tuple[V, float]] = {}
        self._old: dict[K, tuple[V, float]] = {}
        self._weight = 0

    def get(self, key: K, now: float) -> V | None:
        """Return the value of `key` unless it has expired."""
        entry = self._young.get(key)
        if entry is None:
            entry = self._old.get(key)
        return entry[0] if entry is not None and now < entry[1] else None

    def put(self, key: K, value: V, *, expires: float, weight: int = 0) -> None:
        """Remember `value` until `expires`, in epoch seconds."""
        full = self._max_weight is not None and self._weight + weight > self._max_weight
        if len(self._young) >= self._max_entries or full:
            self._old, self._young, self._weight = self._young, {}, 0
        self._young[key] = (value, expires)
        self._weight += weight

    def discard(self, key: K) -> None:
        """Forget `key`."""
        self._young.pop(key, None)
        self._old.pop(key, None)

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
