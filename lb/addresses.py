"""Where a running process can be reached: for the banner, the ready file and the demo."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lb.settings import Settings


@dataclass(frozen=True, slots=True)
class Addresses:
    """URLs of everything that listens."""

    listeners: Mapping[str, str]
    """Place in the file, `Listeners[0]`, -> URL."""
    pool: str | None = None
    admin: str | None = None

    def lines(self) -> list[str]:
        """Return the banner's lines, without decoration."""
        named = [("listening", url) for url in self.listeners.values()]
        named += [("user pool", self.pool)] if self.pool else []
        named += [("admin", self.admin)] if self.admin else []
        return [f"{name:10} {url}" for name, url in named]


def addresses_of(settings: Settings) -> Addresses:
    """Return where everything of `settings` listens; ports must be real, not 0."""
    return Addresses(
        listeners={
            f"Listeners[{index}]": build_url(each.protocol.lower(), each.address, each.port)
            for index, each in enumerate(settings.listeners)
        },
        pool=public_url(settings) if settings.pool_server is not None else None,
        admin=build_url("http", settings.admin_address, settings.admin_port) if settings.admin_port else None,
    )


def public_url(settings: Settings) -> str:
    """Return the URL under which browsers reach the pool."""
    pool = settings.pool_server
    assert pool is not None
    return pool.public_url or f"http://localhost:{pool.port}"


def build_url(scheme: str, address: str, port: int) -> str:
    """Return a URL that works on this machine for a socket bound to `address`."""
    host = {"0.0.0.0": "localhost", "::": "localhost"}.get(address, address)  # noqa: S104 -- compared, not bound
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def write_ready_file(path: Path, addresses: Addresses) -> None:
    """Write the addresses as JSON; the file appears whole, because others wait for it to exist."""
    document = {"listeners": dict(addresses.listeners), "pool": addresses.pool, "admin": addresses.admin}
    scratch = path.with_name(f".{path.name}.new")
    scratch.write_text(json.dumps(document) + "\n")
    scratch.replace(path)
