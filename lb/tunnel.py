"""Bytes both ways after a target switched protocols (101): WebSocket and whatever else was asked for.

Authentication and rules were applied to the request that opened the tunnel and play no part any more. One
access-log row is written when it closes; it is cut after `idle_timeout` without a byte in either
direction, neither sent nor taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from lb.backlog import Backlog

if TYPE_CHECKING:
    from lb.exchange import Exchange
    from lb.upstream.connection import UpstreamConnection


class Tunnel:
    """A client's transport and a target's connection, joined."""

    __slots__ = (
        "_client",
        "_client_backlog",
        "_client_full",
        "_closed",
        "_connection",
        "_exchange",
        "_on_closed",
        "_target_full",
        "_touched",
    )

    def __init__(
        self,
        exchange: Exchange,
        client: asyncio.Transport,
        connection: UpstreamConnection,
        *,
        client_full: bool,
        on_closed: Callable[[], None],
    ) -> None:
        """`client_full`: the client's transport has called for a pause already."""
        self._exchange = exchange
        self._client = client
        self._client_backlog = Backlog(client)
        self._client_full = self._target_full = False
        self._connection = connection
        self._on_closed = on_closed
        self._touched = monotonic()
        self._closed = False
        connection.tunnel = self
        if client_full:
            self.on_client_full()

    def on_client_bytes(self, data: bytes) -> None:
        """Hand bytes of the client to the target."""
        self._touched = monotonic()
        self._exchange.record.received_bytes += len(data)
        self._connection.transport.write(data)

    def on_target_bytes(self, data: bytes) -> None:
        """Hand bytes of the target to the client."""
        self._touched = monotonic()
        self._exchange.record.sent_bytes += len(data)
        self._client.write(data)

    def on_client_full(self) -> None:
        """The client reads slowly."""
        self._client_full = True
        self._connection.transport.pause_reading()

    def on_client_ready(self) -> None:
        """The client has caught up."""
        self._client_full = False
        self._connection.transport.resume_reading()

    def on_target_full(self) -> None:
        """The target reads slowly."""
        self._target_full = True
        self._client.pause_reading()

    def on_target_ready(self) -> None:
        """The target has caught up."""
        self._target_full = False
        self._client.resume_reading()

    def on_client_closed(self) -> None:
        """The client's side ended: the target gets what is still to be written, then the end."""
        self._close()

    def on_target_closed(self) -> None:
        """The target's side ended."""
        self._close()

    def close(self) -> None:
        """End both sides."""
        self._close()

    def sweep(self, now: float, idle_timeout: float) -> None:
        """End the tunnel when neither side has sent or taken anything for `idle_timeout` seconds."""
        client_takes = self._client_full and self._client_backlog.taking()
        target_takes = self._target_full and self._connection.backlog.taking()
        if client_takes or target_takes:
            self._touched = now
        elif now - self._touched >= idle_timeout:
            self._close()

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._connection.close()
        self._client.close()
        self._exchange.settle()
        self._exchange.hand_over()
        self._on_closed()
