"""What a process is made of, and how it changes as one: sockets, user pool, runtime, doors.

`start` opens everything or nothing. `change` prepares the new (sockets bound, certificates loaded, pool
opened), and only then lets go of the old.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lb.addresses import Addresses, addresses_of, public_url
from lb.admin import build_admin_app
from lb.asgi import LoadBalancer
from lb.door import Door
from lb.exits import CannotStart, explain
from lb.guarded import GuardedProtocol
from lb.http2.choice import AlpnProtocol
from lb.keyfiles import make_private
from lb.outcomes import Answer
from lb.pool_server import PoolServer
from lb.providers import pool_providers
from lb.reload import ADMIN, POOL, Plan, bindings_of, plan_doors, refuse_changes, same_place, with_ports
from lb.runtime import Runtime
from lb.settings import IdentityProvider, ListenerSettings, Settings
from lb.sockets import Binding, CannotBind, bind_all, close_all, port_of
from lb.tls import ListenerTls
from rules.actions import PreAction

if TYPE_CHECKING:
    from lb.config import Loaded

log = logging.getLogger("albacore")


@dataclass(slots=True)
class _Open:
    """A door that is open, and where the configuration put it (port 0 stays 0 here)."""

    binding: Binding
    door: Door
    tls: ListenerTls | None = None


class Parts:
    """Owns everything that is open."""

    def __init__(self) -> None:
        self._pool = PoolServer()
        self._doors: dict[str, _Open] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._runtime: Runtime | None = None
        self._settings: Settings | None = None

    @property
    def runtime(self) -> Runtime:
        """The load balancer's runtime; only after `start`."""
        assert self._runtime is not None
        return self._runtime

    @property
    def settings(self) -> Settings:
        """The settings in force, with the ports that the sockets really have."""
        assert self._settings is not None
        return self._settings

    def addresses(self) -> Addresses:
        """Return where everything listens now."""
        return addresses_of(self.settings)

    async def start(self, loaded: Loaded) -> None:
        """Open everything; raises `CannotStart`, and then nothing is left open."""
        bindings = bindings_of(loaded.settings)
        sockets = _bind(list(bindings.items()))
        try:
            settings = with_ports(loaded.settings, {key: port_of(each) for key, each in sockets.items()})
            make_private(settings.data_directory)
            tls = build_tls(settings.listeners)
            await self._replace_pool(loaded, settings)
            self._runtime = Runtime(settings, providers=self._providers(settings))
            await self._runtime.start()
        except (OSError, ValueError) as error:
            close_all(sockets)
            raise CannotStart(explain(error)) from error
        except BaseException:
            close_all(sockets)
            raise
        self._settings = settings
        for key, bound in sockets.items():
            await self._open(key, bindings[key], bound=bound, tls=tls.get(key))

    async def change(self, old: Loaded, new: Loaded, *, drain_seconds: float) -> str:
        """Go over from `old` to `new`; raises `CannotStart` and changes nothing, or returns what was done."""
        refused = refuse_changes(old.settings, new.settings)
        if refused:
            raise CannotStart(*refused)
        wanted = bindings_of(new.settings)
        plan = plan_doors({key: each.binding for key, each in self._doors.items()}, wanted)
        sockets = self._bind_added(plan, wanted)
        try:
            ports = {key: port_of(self._doors[key].door.socket) for key in plan.kept}
            ports |= {key: port_of(bound) for key, bound in sockets.items()}
            settings = with_ports(new.settings, ports)
            tls = build_tls(settings.listeners)
            await self.runtime.applications.take_up(settings.target_groups)
            if self._pool_changed(old, new, settings):
                await self._replace_pool(new, settings)
            self.runtime.apply(settings, providers=self._providers(settings))
        except (OSError, ValueError) as error:
            close_all(sockets)
            raise CannotStart(explain(error)) from error
        except BaseException:
            close_all(sockets)
            raise
        await self._commit(settings, plan, wanted, sockets=sockets, tls=tls)
        self._let_go(plan.removed, drain_seconds)
        return f"{len(plan.kept)} ports kept, {len(sockets)} opened, {len(plan.removed)} closed"

    async def _commit(
        self,
        settings: Settings,
        plan: Plan,
        wanted: Mapping[str, Binding],
        *,
        sockets: Mapping[str, socket.socket],
        tls: Mapping[str, ListenerTls],
    ) -> None:
        self._settings = settings
        for listener in settings.listeners:
            if listener.arn in plan.kept and (current := self._doors[listener.arn].tls) is not None:
                # What was read and found good, not the files again: they may have changed since.
                current.take_over(tls[listener.arn])
        for key, bound in sockets.items():
            await self._open(key, wanted[key], bound=bound, tls=tls.get(key))

    def _let_go(self, keys: Iterable[str], drain_seconds: float) -> None:
        """Close doors that the configuration no longer has; their requests in flight finish."""
        deadline = asyncio.get_running_loop().time() + drain_seconds
        for key in keys:
            stop = self._doors.pop(key).door.stop(deadline=deadline, cut=asyncio.Event())
            task = asyncio.create_task(stop)
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    def reopen_logs(self) -> None:
        """Close and open the logs of requests and connections again: their files were renamed."""
        if self._runtime is not None:
            self._runtime.reopen_logs()
            log.info("access log reopened")

    async def stop(self, *, deadline: float, cut: asyncio.Event) -> None:
        """Drain the listeners, then close what they needed."""
        if self._runtime is not None:
            self._runtime.ready = False
        first = [each.door for key, each in self._doors.items() if key not in {POOL, ADMIN}]
        last = [self._doors[key].door for key in (POOL, ADMIN) if key in self._doors]
        await asyncio.gather(*(door.stop(deadline=deadline, cut=cut) for door in first), *self._leaving)
        # The pool answers until the last login in flight is through, administration until the very end.
        for door in last:
            await door.stop(deadline=max(deadline, asyncio.get_running_loop().time() + 1), cut=cut)
        if self._runtime is not None:
            await self._runtime.aclose()
        await self._pool.aclose()

    async def _open(
        self, key: str, binding: Binding, *, bound: socket.socket, tls: ListenerTls | None
    ) -> None:
        door = self._build_door(key, bound, tls)
        self._doors[key] = _Open(binding, door, tls)
        await door.start()

    def _build_door(self, key: str, bound: socket.socket, tls: ListenerTls | None) -> Door:
        if key == POOL:
            return Door(self._pool, bound, http=GuardedProtocol)
        if key == ADMIN:
            return Door(build_admin_app(self.runtime, serve_key=self._serve_key), bound, http=GuardedProtocol)
        return listener_door(self.runtime, key, bound, tls)

    def _serve_key(self, path: str) -> Answer | None:
        """Public keys are the same on every listener: ask any."""
        serve = next(iter(self.runtime.snapshot.listeners.values())).serve_key
        return serve(path) if serve is not None else None

    def _bind_added(self, plan: Plan, wanted: Mapping[str, Binding]) -> dict[str, socket.socket]:
        """Bind what is new; a port that only changes hands is shared until its old door has closed."""
        passed_on: dict[str, socket.socket] = {}
        for key in plan.added:
            givers = (self._doors[each] for each in plan.removed)
            giver = next((each for each in givers if same_place(each.binding, wanted[key])), None)
            if giver is not None:
                passed_on[key] = giver.door.socket.dup()
        fresh = [(key, wanted[key]) for key in plan.added if key not in passed_on]
        try:
            return passed_on | _bind(fresh)
        except CannotStart:
            close_all(passed_on)
            raise

    def _pool_changed(self, old: Loaded, new: Loaded, settings: Settings) -> bool:
        return (old.pools, self.settings.pool_server) != (new.pools, settings.pool_server)

    async def _replace_pool(self, loaded: Loaded, settings: Settings) -> None:
        if settings.pool_server is None:
            return
        await self._pool.replace(
            loaded.pools,
            settings=settings.pool_server,
            public_url=public_url(settings),
            data=settings.data_directory,
        )

    def _providers(self, settings: Settings) -> dict[PreAction, IdentityProvider]:
        providers, failures = pool_providers(settings, self._pool)
        for failure in failures:
            log.error("%s: logins there answer an error", failure)
        return providers


def listener_door(runtime: Runtime, arn: str, bound: socket.socket, tls: ListenerTls | None) -> Door:
    """Return the door of one listener, still closed."""
    balancer = LoadBalancer(runtime, arn)
    report = partial(runtime.note_connection, arn)
    return Door(balancer, bound, http=AlpnProtocol, tls=tls, report=report, date_header=False)


def _bind(bindings: list[tuple[str, Binding]]) -> dict[str, socket.socket]:
    try:
        return bind_all(bindings)
    except CannotBind as error:
        raise CannotStart(*error.reasons) from error


def build_tls(listeners: tuple[ListenerSettings, ...]) -> dict[str, ListenerTls]:
    """Return the TLS side of every HTTPS listener, by ARN; raises OSError or ssl.SSLError."""
    return {each.arn: ListenerTls(each) for each in listeners if each.protocol == "HTTPS"}
