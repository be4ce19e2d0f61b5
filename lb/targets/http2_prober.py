"""Health checks of groups whose ProtocolVersion is HTTP2 or GRPC (alb.md 5.5).

One request on a connection of its own. HTTP2: a GET, whose status counts. GRPC: a call of the path with an
empty message, whose `grpc-status` counts; the default path is no method of anybody's, and the default
matcher, 12, is "unimplemented". The connection and the reading of heads are those of requests: what passes
here works there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lb.grpc import code_in, code_of_status
from lb.settings import ProtocolVersion
from lb.targets.group import Probe, Target
from lb.targets.health import Failure, ProbeOutcome
from lb.upstream.connect import unverified_tls
from lb.upstream.http2.connection import H2, Http2Connection
from lb.upstream.http2.lanes import open_http2
from lb.upstream.response_head import ResponseHead

if TYPE_CHECKING:
    from lb.reasons import Reason

_EMPTY_MESSAGE = bytes(5)
"""Not compressed, of length 0 (gRPC over HTTP2, "Length-Prefixed-Message")."""
_UNVERIFIED = unverified_tls(H2)


async def send_http2_probe(target: Target, probe: Probe, head: bytes) -> ProbeOutcome:
    """Probe `target` once with the request of which `head` is the head in HTTP/1's form."""
    answer = _Answer(grpc=probe.version is ProtocolVersion.GRPC)
    connection = Http2Connection(answer, target.address)
    tls = _UNVERIFIED if probe.tls else None
    try:
        await open_http2(connection, target.host, probe.port or target.port, tls)
        if not connection.has_room:
            return Failure.NO_ANSWER
        pieces = [_EMPTY_MESSAGE] if answer.grpc else []
        connection.take().send(
            answer, head, pieces, head_only=False, chunked=False, complete=True, takes_trailers=answer.grpc
        )
        return await answer.outcome
    except TimeoutError:
        return Failure.TIMED_OUT
    except OSError:
        return Failure.NO_ANSWER
    finally:
        connection.sever()


class _Answer:
    """Takes what a probe came to, as the requester of its one request and the owner of its connection."""

    def __init__(self, *, grpc: bool) -> None:
        self.grpc = grpc
        self.outcome: asyncio.Future[ProbeOutcome] = asyncio.get_running_loop().create_future()

    def _settle(self, outcome: ProbeOutcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def on_response_head(self, head: ResponseHead) -> None:
        if not self.grpc:
            self._settle(head.status)
            return
        code = code_in(head.pairs)
        if code is not None or head.status != 200:
            self._settle(code_of_status(head.status) if code is None else code)

    def on_response_trailers(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        code = code_in(pairs)
        if self.grpc and code is not None:
            self._settle(code)

    def on_response_end(self) -> None:
        self._settle(Failure.NO_ANSWER)

    def on_target_lost(self, reason: Reason) -> None:
        self._settle(Failure.NO_ANSWER)

    def on_response_body(self, data: bytes) -> None:
        """Read past it."""

    def on_response(self, head: ResponseHead, body: bytes) -> None:
        """HTTP/2 hands on part by part."""

    def on_response_flush(self) -> None:
        """Nobody waits for pieces."""

    def on_switch(self, head: ResponseHead, rest: bytes) -> None:
        """HTTP/2 does not switch."""

    def on_target_full(self) -> None:
        """Five bytes fill nobody."""

    def on_target_ready(self) -> None:
        """Nothing waits."""

    def on_room(self, connection: Http2Connection) -> None:
        """One request is all there is."""

    def on_lost(self, connection: Http2Connection) -> None:
        """The request hears of it by itself."""
