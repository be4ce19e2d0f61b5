"""One TLS handshake: which certificate answers, what the client presents, and what of it must be known later.

Python's `ssl` verifies a client's certificate or does not ask for it; `passthrough` (alb.md 1.5) asks without
verifying. Here the certificate that the client presents becomes the only trust anchor of a context that
serves no other connection: then OpenSSL has little to object to (docs/tls.md says what), and still checks
that the client holds the key. Messages are seen through `SSLContext._msg_callback`, which `ssl` has since
Python 3.8 without documenting it; listeners that need it are refused where it is missing.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

from lb.certificate_choice import Choices, load_into
from lb.handshake_messages import (
    CERTIFICATE,
    SERVER_HELLO,
    SERVER_KEY_EXCHANGE,
    read_chain,
    read_group,
)
from lb.settings import MutualMode
from lb.trust import TrustStore

MAX_MESSAGE = 64 * 1024
"""ALB's quota for handshake messages with client certificates."""
ATTRIBUTE = "albacore_handshake"
"""Where a connection's SSL object carries its `Handshake`."""

_HANDSHAKE = 22  # content type, RFC 8446 section 5.1
_Watcher = Callable[[ssl.SSLObject, str, int, int, int, bytes], None]

can_watch = hasattr(ssl.SSLContext, "_msg_callback")


class Handshake:
    """What one handshake told. Filled by OpenSSL's callbacks, read when it is over, failed or not."""

    __slots__ = (
        "_fresh_context",
        "certificate",
        "chain",
        "connection_id",
        "group",
        "mode",
        "oversized",
        "sni",
        "trust",
    )

    def __init__(
        self, mode: MutualMode, fresh_context: Callable[[], ssl.SSLContext], trust: TrustStore | None = None
    ) -> None:
        self.mode = mode
        self.trust = trust
        """Who judges the client's certificate; None: nobody."""
        self._fresh_context = fresh_context
        self.connection_id = ""
        """`conn_trace_id`, once the connection is accepted."""
        self.sni = ""
        self.certificate = ""
        """File of the certificate that answered."""
        self.group = ""
        """IANA name of the key exchange group, where messages are watched."""
        self.chain: tuple[bytes, ...] = ()
        """What the client presented, DER, leaf first."""
        self.oversized = False

    def choose(self, connection: ssl.SSLObject, name: str | None, choices: Choices) -> None:
        """Take the certificate for a server name (OpenSSL's server name callback)."""
        choice = choices.find(name)
        # alb.md 9.1: no name is logged when the default certificate stands in for one that is missing.
        self.sni = name if name and choice.covers(name) else ""
        self.certificate = choice.certificate
        setattr(connection, ATTRIBUTE, self)
        if self.mode is MutualMode.PASSTHROUGH:
            connection.context = load_into(self._fresh_context(), choice.certificates)
        else:
            connection.context = choice.context

    def take_chain(self, connection: ssl.SSLObject, message: bytes, version: int) -> None:
        """Note the client's certificates before OpenSSL judges them; trust them where nobody verifies."""
        self.chain = read_chain(message, version=version)
        self.oversized = len(message) > MAX_MESSAGE
        if self.mode is MutualMode.PASSTHROUGH and self.chain:
            try:
                connection.context.load_verify_locations(cadata=self.chain[0])
            except ssl.SSLError:
                return  # no certificate: OpenSSL, which reads it next, ends the handshake


def told_by(connection: ssl.SSLObject | None) -> Handshake | None:
    """Return what the handshake of a connection told; None where nobody listened."""
    found = getattr(connection, ATTRIBUTE, None)
    return found if isinstance(found, Handshake) else None


def watch(context: ssl.SSLContext) -> None:
    """Have the handshakes of `context` tell the client's chain and the key exchange group."""
    # The property of `ssl.SSLContext` would make enums of every number first, for every record ever sent.
    raw: Any = super(ssl.SSLContext, ssl.SSLContext)
    raw._msg_callback.__set__(context, _see)


def _see(
    connection: ssl.SSLObject, direction: str, version: int, content: int, kind: int, message: bytes
) -> None:
    if content != _HANDSHAKE:
        return
    handshake = told_by(connection)
    if handshake is None:
        return
    if direction == "read":
        if kind == CERTIFICATE:
            handshake.take_chain(connection, message, version)
    elif kind in (SERVER_HELLO, SERVER_KEY_EXCHANGE):
        handshake.group = read_group(kind, message) or handshake.group
