"""The client's side of an exchange: what every adapter that takes requests must be able to do.

Implemented by connections of HTTP/1 (`lb.wire`), streams of HTTP/2 (`lb.http2.stream`) and the application
of ASGI (`lb.asgi`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lb.exchange import Exchange
    from lb.upstream.connection import UpstreamConnection
    from lb.upstream.response_head import ResponseHead

Pairs = Sequence[tuple[bytes, bytes]]


class Downstream(Protocol):
    """The client's side of an exchange."""

    def begin_response(
        self, status: int, phrase: bytes, pairs: list[tuple[bytes, bytes]], *, framing: int, close: bool
    ) -> None:
        """Take the head; `close`: end the connection after this response."""

    def write_response(
        self,
        head: ResponseHead,
        pairs: list[tuple[bytes, bytes]],
        body: bytes,
        *,
        framing: int,
        close: bool,
    ) -> None:
        """Write a whole response that has a length or no body; `pairs` stand for those of `head`."""

    def write_body(self, data: bytes) -> None:
        """Take a piece of the body."""

    def write_trailers(self, pairs: Pairs) -> None:
        """Take the trailers, right before `end_response`; dropped where they cannot be sent."""

    def flush(self) -> None:
        """Write what was taken."""

    def end_response(self) -> None:
        """Write what was taken; the response is complete."""

    def abort_response(self, code: int = 0) -> None:
        """End the connection so that the response cannot be taken for complete.

        `code`: what a target of HTTP/2 said, where clients are to hear it; 0: nothing.
        """

    def take_back(self) -> bool:
        """Forget the response, if nothing of it was sent yet; False when it was."""

    def exchange_done(self, exchange: Exchange) -> None:
        """The exchange wants nothing more: call its `hand_over` when everything is written."""

    def pause_request(self) -> None:
        """Stop reading the request's body."""

    def resume_request(self) -> None:
        """Go on reading the request's body."""

    def send_continue(self) -> None:
        """Tell the client to send the body (100 Continue)."""

    def open_tunnel(
        self, exchange: Exchange, connection: UpstreamConnection, head: ResponseHead, rest: bytes
    ) -> bool:
        """Join client and target for good; False when this adapter cannot."""

    def client_stalled(self, now: float) -> float:
        """Return for how many seconds the client, who reads slowly, has taken nothing at all."""

    @property
    def tls_lines(self) -> bytes:
        """Header lines with the TLS facts of the client's connection; empty on plain ones."""


class InPieces:
    """The whole response of an adapter that writes one no quicker than its pieces."""

    __slots__ = ()

    def write_response(
        self: Downstream,
        head: ResponseHead,
        pairs: list[tuple[bytes, bytes]],
        body: bytes,
        *,
        framing: int,
        close: bool,
    ) -> None:
        """Take head, body and end."""
        self.begin_response(head.status, head.phrase, pairs, framing=framing, close=close)
        if body:
            self.write_body(body)
        self.end_response()
