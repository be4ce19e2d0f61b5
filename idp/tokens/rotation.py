"""When a pool's signing keys begin to sign and when they may go. Pure; times are Unix seconds.

A new key is in the JWKS an hour before it signs: every node reads the keys every ten minutes, and verifiers
keep their copy of a JWKS for a while. An old key stays until the last token that it signed has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

PUBLISH_AHEAD: Final = 3600.0
LONGEST_TOKEN: Final = 86_400.0
"""The longest life of an access or ID token (cognito.md 2.0)."""
MARGIN: Final = 3600.0
"""For nodes that learn of a successor late, and for clocks that differ."""


class Timed(Protocol):
    """A key, as far as time goes."""

    @property
    def signs_from(self) -> float: ...


K = TypeVar("K", bound=Timed)


def choose_signer(keys: Sequence[K], now: float) -> K:
    """Return the key that signs now: the youngest whose time has come, or the oldest where none's has."""
    begun = [key for key in keys if key.signs_from <= now]
    return max(begun, key=_age) if begun else min(keys, key=_age)


def list_needed(keys: Sequence[K], now: float) -> tuple[K, ...]:
    """Return the keys that sign, will sign, or signed a token that may still be alive; oldest first."""
    ordered = sorted(keys, key=_age)
    return tuple(
        key
        for position, key in enumerate(ordered)
        if position + 1 == len(ordered) or now < ordered[position + 1].signs_from + LONGEST_TOKEN + MARGIN
    )


def _age(key: Timed) -> float:
    return key.signs_from
