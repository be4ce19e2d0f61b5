"""How to run, beside the configuration: what the command line says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lb.addresses import Addresses
from lb.config import Loaded, load_settings

DRAIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run, beside the configuration."""

    path: Path
    announce: Callable[[Addresses], None]
    """Called once, when every port accepts connections."""
    ready_file: Path | None = None
    drain_seconds: float = DRAIN_SECONDS
    watch: bool = True
    """Reload when a file changes, not only on SIGHUP."""
    workers: int | None = None
    """How many processes serve, whatever the file says."""
    environ: Mapping[str, str] | None = None
    """Where references in the file are looked up; None: the process's environment."""

    def load(self) -> Loaded:
        """Read the configuration; raises `InvalidConfig`."""
        loaded = load_settings(self.path, environ=self.environ)
        if self.workers is None:
            return loaded
        return replace(loaded, settings=replace(loaded.settings, workers=self.workers))
