"""Who asks a target and who carries: what an exchange and the connections of either HTTP version say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lb.reasons import Reason
    from lb.upstream.response_head import ResponseHead

Pairs = Sequence[tuple[bytes, bytes]]


class Requester(Protocol):
    """Whose request a connection carries."""

    def on_response_head(self, head: ResponseHead) -> None:
        """Take the final response's head."""

    def on_response(self, head: ResponseHead, body: bytes) -> None:
        """Take a whole response; the connection is no longer the requester's."""

    def on_response_body(self, data: bytes) -> None:
        """Take a piece of the response's body."""

    def on_response_end(self) -> None:
        """The response is complete; the connection is no longer the requester's."""

    def on_response_trailers(self, pairs: Pairs) -> None:
        """Take the trailers that end the response; only HTTP/2 has them."""

    def on_response_flush(self) -> None:
        """Everything that arrived together was handed over: time to write it on."""

    def on_switch(self, head: ResponseHead, rest: bytes) -> None:
        """The target switched protocols (101); `rest` came right behind its head."""

    def on_target_lost(self, reason: Reason) -> None:
        """The connection ended before the response did; it is no longer the requester's."""

    def on_target_full(self) -> None:
        """Stop writing: the target reads slowly."""

    def on_target_ready(self) -> None:
        """Go on writing."""


class Courier(Protocol):
    """What carries a request to a target: a connection of HTTP/1, or a stream of one of HTTP/2."""

    @property
    def served(self) -> int:
        """Responses completed on the connection; more than 0: the target may have been closing it."""

    @property
    def response_begun(self) -> bool:
        """Tell whether any byte of a response has arrived."""

    @property
    def unprocessed(self) -> bool:
        """Tell whether the target said that it has not looked at the request (RFC 9113 section 8.7)."""

    @property
    def reset_code(self) -> int:
        """Error code with which the target reset the stream; 0: it did not."""

    @property
    def replay(self) -> Sequence[bytes] | None:
        """The pieces of the body that were sent, to send them again; None when they were not kept."""

    @property
    def backlog(self) -> Taking:
        """What the target has yet to take of the request."""

    def send(
        self,
        requester: Requester,
        head: bytes,
        pieces: Sequence[bytes],
        *,
        head_only: bool,
        chunked: bool,
        complete: bool,
        takes_trailers: bool = False,
        trailers: Pairs = (),
    ) -> None:
        """Start a request: its head in HTTP/1's form, and what there is of its body.

        `head_only`: the method is HEAD. `chunked`: the head gives the body no length. `complete`: that was
        all of it. `takes_trailers`: so said the client. `trailers`: those of the request, if it is complete.
        """

    def write_body(self, data: bytes) -> None:
        """Send a further piece of the request's body."""

    def end_request(self, trailers: Pairs = ()) -> None:
        """The request's body is complete; called once, unless `send` was told."""

    def pause_reading(self) -> None:
        """Let no more of the response come."""

    def resume_reading(self) -> None:
        """Let it come again."""

    def put_back(self) -> None:
        """Not wanted after all: nothing was sent."""

    def discard(self) -> None:
        """Break off; the requester hears no more of it."""


class Taking(Protocol):
    """Tells whether a target takes what it is sent; see `lb.backlog`."""

    def taking(self) -> bool:
        """Tell whether anything was taken since the last call; at the first, whether anything is left."""
