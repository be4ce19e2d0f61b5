"""HTTP/1.1 or HTTP/2, by what TLS negotiated: the protocol class of HTTPS listeners."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from lb.http2.protocol import Http2Protocol
from lb.wire import ListenerProtocol

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

H2 = "h2"
"""HTTP/2's name in ALPN (RFC 9113 section 3.1)."""


class AlpnProtocol(asyncio.Protocol):
    """Looks at a new connection once and hands it to the protocol that was negotiated."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._arguments: dict[str, Any] = {
            "config": config,
            "server_state": server_state,
            "app_state": app_state,
            "_loop": _loop,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Replace this protocol: no byte of the client is ever read here."""
        encrypted = transport.get_extra_info("ssl_object")
        # Without TLS there is no HTTP/2: neither h2c nor prior knowledge, as ALB.
        chosen = encrypted.selected_alpn_protocol() if encrypted is not None else None
        protocol = (Http2Protocol if chosen == H2 else ListenerProtocol)(**self._arguments)
        cast(asyncio.Transport, transport).set_protocol(protocol)
        protocol.connection_made(transport)
