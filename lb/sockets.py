"""Listening sockets: all of them bound before anything is announced, failures told with the way out."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Binding:
    """Where one door of the process listens; `place` names it as the configuration does."""

    place: str
    address: str
    port: int


class CannotBind(OSError):  # noqa: N818 -- says what happened
    """Some sockets could not be bound; `reasons` has one line for each."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("\n".join(reasons))


def bind_all(bindings: Iterable[tuple[str, Binding]]) -> dict[str, socket.socket]:
    """Bind every door or none, by key; raises `CannotBind` with every reason."""
    sockets: dict[str, socket.socket] = {}
    reasons = []
    for key, binding in bindings:
        try:
            sockets[key] = _bind(binding)
        except OSError as error:
            reasons.append(_explain(binding, error))
    if reasons:
        close_all(sockets)
        raise CannotBind(reasons)
    return sockets


def close_all(sockets: Mapping[str, socket.socket]) -> None:
    """Close every socket."""
    for each in sockets.values():
        each.close()


def port_of(bound: socket.socket) -> int:
    """Return the port that a socket got."""
    return int(bound.getsockname()[1])


def _bind(binding: Binding) -> socket.socket:
    address = "127.0.0.1" if binding.address == "localhost" else binding.address
    is_v6 = ipaddress.ip_address(address).version == 6
    bound = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_v6:
            # `::` takes IPv4 too, as operators expect of "every address".
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        bound.bind((address, binding.port))
        bound.listen(BACKLOG)  # another program on the port shows only here
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def _explain(binding: Binding, error: OSError) -> str:
    place = f"{binding.place}: cannot listen on {binding.address} port {binding.port}"
    if error.errno == errno.EADDRINUSE:
        return f"{place}: it is in use; stop the other program (`ss -ltnp` names it) or choose another Port"
    if error.errno == errno.EACCES:
        return f"{place}: not permitted; choose a Port from 1024, or grant CAP_NET_BIND_SERVICE"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{place}: this machine does not have that address"
    return f"{place}: {error.strerror}"
