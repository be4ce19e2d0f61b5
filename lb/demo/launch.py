"""Runs the demonstration: picks ports, starts two targets, then the process as `albacore run` would.

The configuration is `demo.yaml` beside this file; its variables are how ports and folder get in.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from lb.addresses import Addresses
from lb.config import load_settings
from lb.config.arns import build_arns
from lb.config.models import LoadBalancerSection
from lb.demo.identity import Expected
from lb.demo.sample_app import SampleSettings, create_sample_app
from lb.door import Door
from lb.exits import CannotStart
from lb.run_options import RunOptions
from lb.server import Process
from lb.sockets import Binding, CannotBind, bind_all, port_of

CLIENT = "sampleapp0000000000000000"
POOL = "local_Demo00001"
_DEFAULTS = LoadBalancerSection()
SIGNER = build_arns(
    name="demo", region=_DEFAULTS.region, account=_DEFAULTS.account_id, load_balancer_arn=None
).load_balancer
USER, PASSWORD = "demo@example.com", "Demo-user-1"
TARGETS = ("blue", "green")
DEFAULT_PORT, DEFAULT_POOL_PORT, DEFAULT_ADMIN_PORT = 8080, 9000, 9100


@dataclass(frozen=True, slots=True)
class Ports:
    """The demonstration's ports."""

    listener: int
    pool: int
    admin: int

    @property
    def public_url(self) -> str:
        """Where browsers find the app."""
        return f"http://localhost:{self.listener}"

    @property
    def pool_url(self) -> str:
        """Where browsers find the user pool."""
        return f"http://localhost:{self.pool}"


def choose_ports(wanted: int | None) -> Ports:
    """Return the default ports where they are free, and free ones where not; a `wanted` port must be free."""
    if wanted is not None and not _is_free(wanted):
        raise CannotStart(f"port {wanted} is in use; choose another --port, or leave it out")
    return Ports(
        listener=wanted or _free_port(DEFAULT_PORT),
        pool=_free_port(DEFAULT_POOL_PORT, wanted),
        admin=_free_port(DEFAULT_ADMIN_PORT, wanted),
    )


def lost_ports(ports: Ports, wanted: int | None) -> bool:
    """Tell whether somebody took a port of our choice before we did: two demonstrations started together."""
    chosen = {ports.listener, ports.pool, ports.admin} - {wanted}
    return not all(_is_free(port) for port in chosen)


def _free_port(preferred: int, taken: int | None = None) -> int:
    if preferred != taken and _is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return port_of(probe)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def launch(
    ports: Ports, data: Path, announce: Callable[[Addresses], None], *, ready_file: Path | None = None
) -> None:
    """Run the demonstration until a signal ends it; everything it stores is in `data`."""
    with resources.as_file(resources.files("lb.demo")) as folder:
        async with _targets(ports) as targets:
            environ = _environment(ports, data, targets)
            path = folder / "demo.yaml"
            loaded = load_settings(path, environ=environ)
            options = RunOptions(
                path=path,
                announce=announce,
                ready_file=ready_file,
                drain_seconds=5,
                watch=False,
                environ=environ,
            )
            await Process(options, loaded).run()


def _environment(ports: Ports, data: Path, targets: Mapping[str, int]) -> dict[str, str]:
    return {
        "ALBACORE_DEMO_PORT": str(ports.listener),
        "ALBACORE_DEMO_POOL_PORT": str(ports.pool),
        "ALBACORE_DEMO_ADMIN_PORT": str(ports.admin),
        "ALBACORE_DEMO_DATA": str(data.absolute()),
        **{f"ALBACORE_DEMO_{name.upper()}_PORT": str(port) for name, port in targets.items()},
    }


@contextlib.asynccontextmanager
async def _targets(ports: Ports) -> AsyncIterator[dict[str, int]]:
    """Serve the sample app on two free ports, each under a name of its own."""
    try:
        sockets = bind_all([(name, Binding(f"target {name}", "127.0.0.1", 0)) for name in TARGETS])
    except CannotBind as error:
        raise CannotStart(*error.reasons) from error
    doors = [Door(create_sample_app(_sample_settings(name, ports)), bound) for name, bound in sockets.items()]
    for door in doors:
        await door.start()
    try:
        yield {name: port_of(bound) for name, bound in sockets.items()}
    finally:
        deadline = asyncio.get_running_loop().time() + 1
        await asyncio.gather(*(door.stop(deadline=deadline, cut=asyncio.Event()) for door in doors))


def _sample_settings(name: str, ports: Ports) -> SampleSettings:
    expected = Expected(
        keys_url=f"http://127.0.0.1:{ports.listener}/.well-known/albacore/keys",
        signer=SIGNER,
        client=CLIENT,
        issuer=f"{ports.pool_url}/{POOL}",
    )
    return SampleSettings(name, expected, pool_url=ports.pool_url, public_url=ports.public_url)
