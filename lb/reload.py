"""What changes between two configurations, decided without doing anything; and noticing that a file changed.

A reload keeps every socket whose address, port and listener stay the same. What a running process cannot
change is refused as a whole, so that the configuration on disk and the one in force never differ by half.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from watchfiles import awatch

from lb.settings import ListenerSettings, Settings
from lb.sockets import Binding

POOL = "PoolServer"
ADMIN = "Admin"
_SETTLE_MILLISECONDS = 300
"""Editors and `kubectl` write in several steps; one reload is enough for all of them."""

LOOK_MILLISECONDS = 2000

log = logging.getLogger("albacore.reload")


@dataclass(frozen=True, slots=True)
class Plan:
    """Which doors stay, come and go."""

    kept: frozenset[str]
    added: tuple[str, ...]
    removed: frozenset[str]


def bindings_of(settings: Settings) -> dict[str, Binding]:
    """Return where everything listens, by listener ARN, `PoolServer` and `Admin`."""
    doors = {
        listener.arn: Binding(f"Listeners[{index}]", listener.address, listener.port)
        for index, listener in enumerate(settings.listeners)
    }
    if settings.pool_server is not None:
        doors[POOL] = Binding(POOL, settings.pool_server.address, settings.pool_server.port)
    if settings.admin_port is not None:
        doors[ADMIN] = Binding(ADMIN, settings.admin_address, settings.admin_port)
    return doors


def plan_doors(current: Mapping[str, Binding], wanted: Mapping[str, Binding]) -> Plan:
    """Compare what listens with what should."""
    kept = frozenset(key for key, binding in wanted.items() if same_place(current.get(key), binding))
    return Plan(
        kept=kept,
        added=tuple(key for key in wanted if key not in kept),
        removed=frozenset(current) - kept,
    )


def same_place(one: Binding | None, other: Binding) -> bool:
    """Whether both listen on the same address and port."""
    return one is not None and (one.address, one.port) == (other.address, other.port)


def refuse_changes(old: Settings, new: Settings, *, rolling: bool = False) -> list[str]:
    """Return what a running process cannot take up, one line each; empty when everything can.

    `rolling`: new processes take over from the old ones, which can do more.
    """
    fixed: dict[str, tuple[object, object]] = {
        "DataDirectory": (old.data_directory, new.data_directory),
        "LoadBalancer's ARN": (old.arn, new.arn),
    }
    if not rolling:
        fixed |= {
            "AccessLog": (old.access_log, new.access_log),
            "ConnectionLog": (old.connection_log, new.connection_log),
            "Workers": (old.workers, new.workers),
        }
    return [
        f"{name} cannot change while running (from {before} to {after}): restart, or change it back"
        for name, (before, after) in fixed.items()
        if before != after
    ]


def with_ports(settings: Settings, ports: Mapping[str, int]) -> Settings:
    """Return `settings` with the ports that the sockets really have (0 asks for a free one)."""
    pool = settings.pool_server
    return replace(
        settings,
        listeners=tuple(_with_port(listener, ports[listener.arn]) for listener in settings.listeners),
        pool_server=replace(pool, port=ports[POOL]) if pool is not None else None,
        admin_port=ports.get(ADMIN),
    )


def _with_port(listener: ListenerSettings, port: int) -> ListenerSettings:
    return listener if listener.port == port else replace(listener, port=port)


class FileWatch:
    """Tells when the content of a configuration's files is no longer what was read; `run` is its life."""

    def __init__(self, files: Iterable[Path], on_change: Callable[[], None]) -> None:
        """Take the files as they are now for what was read."""
        self._on_change = on_change
        self._again = asyncio.Event()
        self._stopped = False
        self._files: tuple[Path, ...] = ()
        self.follow(files)

    def follow(self, files: Iterable[Path]) -> None:
        """Watch these files from now on; they have just been taken up."""
        files = tuple(files)
        if files != self._files:
            self._again.set()
        self._files, self._seen = files, fingerprint(files)

    def stop(self) -> None:
        """Let `run` end."""
        self._stopped = True
        self._again.set()

    async def run(self) -> None:
        """Call `on_change` for each change, until stopped or where the system cannot watch."""
        while not self._stopped:
            self._again.clear()
            try:
                async for _ in changes(self._files, self._again, seen=self._seen):
                    self._on_change()
            except OSError as error:
                log.warning("cannot watch files (%s): send SIGHUP to reload", error)
                return


async def changes(files: Iterable[Path], stop: asyncio.Event, *, seen: bytes) -> AsyncIterator[None]:
    """Yield each time the content of one of `files` has changed since `seen`, until `stop` is set.

    Folders are watched, not files: editors and Kubernetes replace a file by renaming another over it. A
    look every few seconds finds what came before the watching began, and what a network file system does
    not report.
    """
    watched = tuple(files)
    folders = {
        folder for path in watched for folder in (path.parent, path.resolve().parent) if folder.is_dir()
    }
    async for _ in awatch(
        *folders,
        stop_event=stop,
        recursive=False,
        step=50,
        debounce=_SETTLE_MILLISECONDS,
        watch_filter=None,
        rust_timeout=LOOK_MILLISECONDS,
        yield_on_timeout=True,
    ):
        now = fingerprint(watched)
        if now != seen:
            seen = now
            yield


def fingerprint(files: Iterable[Path]) -> bytes:
    """Return a digest of the files' contents; a missing file has a content of its own."""
    digest = hashlib.sha256()
    for path in files:
        try:
            content = path.read_bytes()
        except OSError as error:
            content = f"errno {error.errno}".encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.digest()
