"""One connection to a target: an asyncio protocol around httptools' response parser, and a way past it.

It carries one request at a time for a `Requester` (the exchange), tells it what the target sends by calls,
and goes back to its pool when the response has ended as it should. What is malformed ends the connection:
bytes after it could be taken for the answer to somebody else's request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

import httptools

from lb.backlog import Backlog
from lb.reasons import Reason
from lb.upstream.response_head import (
    CODING,
    CONNECTION,
    DATE,
    LENGTH,
    PASS,
    UPGRADE,
    KnownHead,
    ResponseHead,
    classify,
    known_names,
    remember,
)

if TYPE_CHECKING:
    from lb.targets.group import Target
    from lb.upstream.courier import Pairs, Requester
    from lb.upstream.pool import UpstreamPool

log = logging.getLogger("albacore.upstream")

MAX_RESPONSE_HEAD = 32 * 1024
"""ALB quota: all response headers."""
MAX_INTERIM_RESPONSES = 64
"""1xx heads before the real one; each resets the idle clock, so they must not go on for ever."""

_LAST_CHUNK = b"0\r\n\r\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class _BadResponseError(Exception):
    """Parsed, but not to be handed on."""


def _blame(malformed: httptools.HttpParserError) -> Reason:
    """Tell a bad response from a fault of our own inside a parser callback."""
    fault = malformed.__context__
    if isinstance(malformed, httptools.HttpParserCallbackError) and not isinstance(fault, _BadResponseError):
        log.error("response could not be handled", exc_info=fault)
        return Reason.INTERNAL
    return Reason.TARGET_BAD_RESPONSE


class UpstreamConnection(asyncio.Protocol):
    """A connection to a target; made and kept by `UpstreamPool`."""

    __slots__ = (
        "_backlog",
        "_bodiless",
        "_chunked",
        "_complete",
        "_full",
        "_head",
        "_head_bytes",
        "_head_done",
        "_interim",
        "_known",
        "_left",
        "_parser",
        "_reusable",
        "_until_close",
        "idle_since",
        "pool",
        "requester",
        "served",
        "target",
        "transport",
        "tunnel",
    )

    def __init__(self, pool: UpstreamPool, target: Target) -> None:
        self.pool = pool
        self.target = target
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)
        self.requester: Requester | None = None
        self.tunnel: Tunnelled | None = None
        self.served = 0
        """Responses completed on this connection; more than 0 says reused."""
        self.idle_since = 0.0
        self._parser = httptools.HttpResponseParser(self)
        self._known: KnownHead | None = None
        """The last head that may come again."""
        self._backlog: Backlog | None = None
        self._bodiless = False
        self._chunked = False
        self._full = False
        self._reset()

    def _reset(self) -> None:
        self._head = ResponseHead()
        self._head_bytes = 0
        self._head_done = False
        self._complete = False
        self._until_close = False
        self._reusable = True
        self._interim = 0
        self._left = -1
        """Bytes of the body still to come, where the parser does not read it."""

    def __repr__(self) -> str:
        state = "tunnel" if self.tunnel else "busy" if self.requester else "idle"
        return f"UpstreamConnection({self.target.address} {state} served={self.served})"

    unprocessed = False
    """HTTP/1 has no way to say so."""
    replay: Sequence[bytes] | None = None
    reset_code = 0

    # What the exchange does.

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
        """Start a request (see `Courier`) in one write. Trailers are dropped: who reads them could take them
        for headers."""
        self.requester = requester
        self._backlog = None
        self._bodiless = head_only
        self._chunked = chunked
        if chunked:
            pieces = [_chunk(piece) for piece in pieces]
            if complete:
                pieces.append(_LAST_CHUNK)
        self.transport.write(b"".join((head, *pieces)) if pieces else head)

    def write_body(self, data: bytes) -> None:
        """Send a further piece of the request's body."""
        self.transport.write(_chunk(data) if self._chunked else data)

    def end_request(self, trailers: Pairs = ()) -> None:
        """Mark the end of a body that has no length."""
        if self._chunked:
            self.transport.write(_LAST_CHUNK)

    def pause_reading(self) -> None:
        """Read no more of the response."""
        self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self.transport.resume_reading()

    def put_back(self) -> None:
        """Go back to the pool unused."""
        self.pool.put(self)

    @property
    def response_begun(self) -> bool:
        """Tell whether any byte of a response has arrived."""
        return self._head_bytes > 0

    def discard(self) -> None:
        """Close at once; the requester hears no more of it."""
        self.requester = None
        self.tunnel = None
        self.transport.abort()

    def close(self) -> None:
        """Close behind what is still to be written; the pool cuts a target that does not take it."""
        self.requester = None
        self.tunnel = None
        self.transport.close()
        self.pool.await_end(self)

    @property
    def backlog(self) -> Backlog:
        """What the target has yet to take of the current request."""
        if self._backlog is None:
            self._backlog = Backlog(self.transport)
        return self._backlog

    def sever(self) -> None:
        """Close at once because the target is gone; a requester hears that it was lost."""
        self.transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Parse, hand on, and finish or give up."""
        if self.tunnel is not None:
            self.tunnel.on_target_bytes(data)
            return
        requester = self.requester
        if requester is None:
            # Nobody asked: a 408 of a bored target, or an attempt to answer the next client in advance.
            self.discard()
            return
        if self._left >= 0:
            self._count_body(requester, data)
            return
        known = self._known
        if known is not None and not self._head_bytes:
            if not data.startswith(known.data):
                known = known.vary(data)
            if known is not None and self._take_known(requester, known, data):
                self._known = known
                return
        self._parse(requester, data)

    def _parse(self, requester: Requester, data: bytes) -> None:
        first = not self._head_bytes
        if not self._head_done:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as switched:
            self._switch(requester, data[switched.args[0] :])
            return
        except httptools.HttpParserError as malformed:
            if not self._complete:
                self._fail(requester, _blame(malformed))
                return
            self._reusable = False
        if not self._head_done and self._head_bytes > MAX_RESPONSE_HEAD:
            self._fail(requester, Reason.TARGET_BAD_RESPONSE)
            return
        if first and self._head_done and self._reusable:
            self._known = remember(data, self._head)
        if self._complete:
            self._finish(requester)
        elif self.requester is requester:
            requester.on_response_flush()

    def _take_known(self, requester: Requester, known: KnownHead, data: bytes) -> bool:
        """Take a response that begins with the last one's head, without the parser; False: nothing was
        taken.

        The parser sees nothing of it and still stands between two messages.
        """
        head = known.head
        body = data[len(known.data) :]
        bodiless = self._bodiless or head.status == 204 or head.status == 304
        left = (0 if bodiless else head.length) - len(body)
        if left < 0:
            # Bytes that nobody asked for: the parser has the say.
            return False
        try:
            if left:
                self._head_bytes, self._head_done, self._left = len(data), True, left
                requester.on_response_head(head)
                self._hand_on(requester, body)
            else:
                self._give_back()
                requester.on_response(head, body)
        except Exception:
            log.exception("response could not be handled")
            if self.requester is requester:
                self._fail(requester, Reason.INTERNAL)
            else:
                # Given back: somebody else's by now, perhaps.
                requester.on_target_lost(Reason.INTERNAL)
        return True

    def _count_body(self, requester: Requester, data: bytes) -> None:
        """Take a further piece of the body of a response that the parser does not read."""
        left = self._left - len(data)
        if left < 0:
            data, left, self._reusable = data[: self._left], 0, False
        self._left = left
        self._hand_on(requester, data)

    def _hand_on(self, requester: Requester, body: bytes) -> None:
        if body and self.requester is requester:
            requester.on_response_body(body)
        if self.requester is not requester:
            return
        if self._left:
            requester.on_response_flush()
        else:
            self._finish(requester)

    def eof_received(self) -> bool:
        """Let the transport close; a body framed by the end of the connection ends here."""
        requester = self.requester
        if requester is not None and self._until_close and self._head_done and not self._complete:
            self._complete, self._reusable = True, False
            self._finish(requester)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the requester, if it still waits."""
        self.pool.forget(self)
        tunnel, self.tunnel = self.tunnel, None
        if tunnel is not None:
            tunnel.on_target_closed()
        requester, self.requester = self.requester, None
        if requester is not None:
            requester.on_target_lost(Reason.TARGET_CLOSED)

    def pause_writing(self) -> None:
        """Pass on that the target reads slowly."""
        self._full = True
        if self.tunnel is not None:
            self.tunnel.on_target_full()
        elif self.requester is not None:
            self.requester.on_target_full()

    def resume_writing(self) -> None:
        """Pass on that the target has caught up."""
        self._full = False
        if self.tunnel is not None:
            self.tunnel.on_target_ready()
        elif self.requester is not None:
            self.requester.on_target_ready()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Refuse a response behind the complete one."""
        if self._complete:
            self._reusable = False

    def on_status(self, phrase: bytes) -> None:
        """Take the reason phrase."""
        self._head.phrase += phrase

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those of a trailer are dropped."""
        if self._head_done:
            return
        kind = known_names.get(name)
        if kind == PASS:
            self._head.pairs.append((name, value))
        else:
            self._special(classify(name) if kind is None else kind, name, value)

    def _special(self, kind: int, name: bytes, value: bytes) -> None:
        head = self._head
        if kind == DATE:
            head.dated = True
            head.pairs.append((name, value))
        elif kind == LENGTH:
            head.length = int(value)
            head.pairs.append((name, value.rstrip(b" \t")))
        elif kind == PASS:
            head.pairs.append((name, value))
        elif kind == CODING:
            head.chunked = value.strip().lower() == b"chunked"
            if not head.chunked:
                # A foreign coding (gzip as a transfer coding) cannot be handed on without its header.
                raise _BadResponseError
        elif kind == CONNECTION:
            # A list may come in several lines (RFC 9110 section 5.3).
            head.connection = head.connection + b"," + value if head.connection else value
        elif kind == UPGRADE:
            head.upgrade = value

    def on_headers_complete(self) -> None:
        """Hand the final head over; skip interim ones."""
        if self._complete:
            return
        status = self._parser.get_status_code()
        head = self._head
        if status < 200:
            # RFC 9110 section 15.2: no body, or its bytes would come to the client without a head. A switch
            # that is none, too, would leave its headers to the next head.
            ends_here = head.length <= 0 and not head.chunked and status >= 100
            if not ends_here or (status == 101 and not self._parser.should_upgrade()):
                raise _BadResponseError
            return
        head.status = status
        if status > 599:
            raise _BadResponseError
        # What arrived so far holds the head and may hold much of the body.
        if self._head_bytes > MAX_RESPONSE_HEAD and head.size() > MAX_RESPONSE_HEAD:
            raise _BadResponseError
        self._head_done = True
        if not self._parser.should_keep_alive():
            self._reusable = False
        requester = self.requester
        if self._bodiless or status == 204 or status == 304:
            self._complete = True
            if self._bodiless and (head.chunked or head.length != 0):
                # The parser waits for a body that a response to HEAD does not have.
                self._parser = httptools.HttpResponseParser(self)
        else:
            self._until_close = head.length < 0 and not head.chunked
        if requester is not None:
            requester.on_response_head(head)

    def on_body(self, data: bytes) -> None:
        """Hand a piece of the body over."""
        if self._complete:
            self._reusable = False
        elif not self._head_done:
            # The parser reads a body behind something that is no head to us.
            raise _BadResponseError
        elif self.requester is not None:
            self.requester.on_response_body(data)

    def on_message_complete(self) -> None:
        """Note the end; after an interim response, wait for the next head."""
        if self._head_done:
            self._complete = True
            return
        if self._parser.get_status_code() == 101:
            # The parser stops here; `data_received` hears of it.
            return
        self._interim += 1
        if self._interim > MAX_INTERIM_RESPONSES:
            raise _BadResponseError
        self._head = ResponseHead()

    # Ends.

    def _finish(self, requester: Requester) -> None:
        """Give the connection back before the requester is told: it may want it again at once."""
        self._give_back()
        self._reset()
        requester.on_response_end()

    def _give_back(self) -> None:
        self.requester = None
        self.served += 1
        # Not while the target still has to read the request that it has answered: the next one would wait
        # behind its rest, and nobody be told to pause.
        if self._reusable and not self._full and not self.transport.is_closing():
            self.pool.put(self)
        else:
            self.transport.abort()

    def _fail(self, requester: Requester, reason: Reason) -> None:
        self.requester = None
        self.transport.abort()
        requester.on_target_lost(reason)

    def _switch(self, requester: Requester, rest: bytes) -> None:
        head = self._head
        head.status = 101
        self.requester = None
        requester.on_switch(head, rest)


class Tunnelled(Protocol):
    """What a connection feeds after the target switched protocols."""

    def on_target_bytes(self, data: bytes) -> None:
        """Take bytes from the target."""

    def on_target_closed(self) -> None:
        """The target's side has ended."""

    def on_target_full(self) -> None:
        """Stop writing to the target."""

    def on_target_ready(self) -> None:
        """Go on writing to the target."""
