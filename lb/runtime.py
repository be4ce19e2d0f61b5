"""The process-long mutable owners: registry, pools, auth runtime, metrics, access log, and the current snapshot."""

from __future__ import annotations

from collections.abc import Mapping

from lb.settings import IdentityProvider, Settings
from lb.snapshot import Snapshot
from rules.actions import PreAction


class Runtime:
    """What every request needs and no request owns."""

    snapshot: Snapshot

    def __init__(self, settings: Settings, *, providers: Mapping[PreAction, IdentityProvider] | None = None) -> None:
        """Own what `settings` describe; `providers` gives each authenticate action its resolved provider."""

    def apply(self, settings: Settings, *, providers: Mapping[PreAction, IdentityProvider] | None = None) -> None:
        """Swap to `settings` whole; requests in flight keep the snapshot that they started with."""

    async def start(self) -> None:
        """Start health checks and the periodic sweep."""

    async def aclose(self) -> None:
        """Stop what `start` started, close pools, flush the access log."""
