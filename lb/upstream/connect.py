"""Opening a connection to a target: 10 s to connect and 10 s for TLS, as ALB, and what a failure is called.

Certificates of targets are not verified. A target that is configured by host name is told that name (SNI): a
server of several sites chooses by it. One configured by address is told none: so does ALB, whose targets are
all addresses, and RFC 6066 3 knows no addresses.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

from lb.reasons import Reason

CONNECT_TIMEOUT = 10.0
TLS_TIMEOUT = 10.0

P = TypeVar("P", bound=asyncio.BaseProtocol)


def unverified_tls(*protocols: str) -> ssl.SSLContext:
    """Return the TLS context towards targets: ALB does not validate their certificates. `protocols` are
    offered by ALPN."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


def server_name(host: str) -> str:
    """Return what a target configured as `host` is sent by SNI (RFC 6066 3): its name, "" for an address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.rstrip(".")
    return ""


Dial = Callable[[str], socket.socket]
"""Gives this end of a connection to an application of this process; raises OSError."""


def no_application(reference: str) -> socket.socket:
    """Refuse: this process has no applications."""
    raise ConnectionRefusedError(f"application {reference} is not running")


async def connect_within(end: socket.socket, make: Callable[[], P]) -> P:
    """Return the protocol that `make` gives, on a connection that stands already."""
    try:
        _, protocol = await asyncio.get_running_loop().create_connection(make, sock=end)
    except BaseException:
        end.close()
        raise
    return protocol


async def connect(host: str, port: int, *, tls: ssl.SSLContext | None, make: Callable[[], P]) -> P:
    """Return the protocol that `make` gives, connected; its `connection_made` is called again for TLS.

    Raises OSError, TimeoutError and whatever a strange host name raises: see `reason_of`.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_TIMEOUT):
        transport, protocol = await loop.create_connection(make, host, port)
    if tls is None:
        return protocol
    try:
        encrypted = await loop.start_tls(
            transport, protocol, tls, server_hostname=server_name(host), ssl_handshake_timeout=TLS_TIMEOUT
        )
    except BaseException:
        transport.abort()
        raise
    if encrypted is None:
        raise ConnectionResetError(errno.ECONNRESET, "closed during the TLS handshake")
    protocol.connection_made(encrypted)
    return protocol


def reason_of(error: Exception) -> Reason:
    """Name the reason for which a connection could not be opened."""
    if isinstance(error, ssl.SSLError):
        return Reason.TARGET_TLS_ERROR
    if isinstance(error, TimeoutError | ConnectionAbortedError):
        # asyncio reports a TLS handshake that takes too long as an aborted connection.
        return Reason.TARGET_CONNECT_TIMEOUT
    return Reason.TARGET_CONNECTION_REFUSED
