"""Reading requests on an HTTP/1 connection: the parsing half of `lb.wire.ListenerProtocol`.

llhttp (through httptools) refuses what is malformed; here are the limits that it does not have, the
framing behind Upgrade that httptools gets wrong, and the rule that nothing behind a refused request is
read. Limits: ALB quotas (16 K request line, 16 K one header, 64 K all headers).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import httptools

from lb.admission import MAX_HEADER, MAX_HEADER_COUNT, MAX_HEADERS, MAX_REQUEST_LINE, Incoming, Origin, admit
from lb.headers import classify, known_names
from lb.reasons import Reason

if TYPE_CHECKING:
    from lb.exchange import Exchange

log = logging.getLogger("albacore.wire")

MAX_UNDELIVERED = 64 * 1024
"""Bytes of chunk extensions and trailers that may pass without one byte of body."""


class RequestReader:
    """The request side of one client connection. What it reads becomes calls of the four methods at the
    end."""

    parser: httptools.HttpRequestParser
    origin: Origin
    receiving: Exchange | None
    """The exchange whose body is being read."""
    last_request: bool
    """No request is read behind the current ones."""
    silent_since: float
    """When the client last sent something, on the monotonic clock."""

    def init_reader(self) -> None:
        """Set the state of a connection on which nothing is being read."""
        self._undelivered = 0
        self._start_head()

    def _start_head(self) -> None:
        self.url = b""
        self.in_head = False
        self.head_done = True
        self.head_since = 0.0
        self._later_bytes = 0
        self._head_size = 0
        self._names: list[bytes] = []
        self._pairs: list[tuple[bytes, bytes]] = []
        self._kinds: list[int] = []
        self._specials: list[tuple[int, bytes]] = []
        self._priming = False
        self._body_skipped = False

    def head_size(self, method: str) -> int:
        """Return the bytes that the head took."""
        return self._head_size + len(self.url) + len(method) + 14

    def read(self, data: bytes) -> None:
        """Parse what the client sent."""
        if self.in_head:
            self._later_bytes += len(data)
        self._undelivered += len(data)
        self._feed(data)
        if self.in_head or self.receiving is not None:
            self._check_limits()

    def _feed(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                if self._upgrade_wanted(data) or not data or self.last_request:
                    return
                continue
            except httptools.HttpParserError as malformed:
                self._malformed(malformed)
            return

    def _upgrade_wanted(self, rest: bytes) -> bool:
        """The parser stopped behind a request with an Upgrade header; tell whether it may become a tunnel.

        Where it may not (h2c and the like), the request is an ordinary one, and its body has still to be
        read.
        """
        exchange = self.receiving
        if exchange is None or exchange.incoming is None:
            return False
        if exchange.incoming.upgrade:
            self.hold_for_upgrade(rest)
            return True
        if exchange.incoming.has_body:
            self._prime_parser(exchange.incoming)
        else:
            self.complete_request()
        return False

    def _prime_parser(self, incoming: Incoming) -> None:
        """Bring a new parser to where a body of this framing begins: the old one skips bodies after
        Upgrade."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        framing = (
            b"Transfer-Encoding: chunked"
            if incoming.chunked
            else b"Content-Length: %d" % incoming.content_length
        )
        self._priming = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\nHost: h\r\n%b\r\n\r\n" % framing)
        self._priming = False
        self._body_skipped = False

    def _check_limits(self) -> None:
        if self.in_head and not self.last_request:
            if len(self.url) > MAX_REQUEST_LINE:
                self.refuse_request(Reason.URI_TOO_LONG)
            elif self._later_bytes > MAX_REQUEST_LINE + MAX_HEADERS or len(self._names) > MAX_HEADER_COUNT:
                self.refuse_request(Reason.HEADER_TOO_LARGE)
        elif self._undelivered > MAX_UNDELIVERED and self.receiving is not None:
            self.break_request()

    def _malformed(self, error: httptools.HttpParserError) -> None:
        if self.last_request and self.receiving is None:
            return
        if isinstance(error, httptools.HttpParserCallbackError):
            log.error("request could not be handled", exc_info=error.__context__)
        if self.receiving is not None:
            self.break_request()
        else:
            self.refuse_request(Reason.BAD_REQUEST)

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Start a head, unless nothing is read any more."""
        if self._priming or self.last_request:
            return
        self._start_head()
        self.in_head, self.head_done = True, False
        self.head_since = self.silent_since

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request target."""
        if self.in_head:
            self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. Those behind the body (trailers) never get here: nobody may forge headers by
        them."""
        if self.head_done:
            return
        lower, kind = known_names.get(name) or classify(name)
        value = value.rstrip(b" \t")
        self._head_size += len(name) + len(value) + 4
        self._names.append(name)
        self._pairs.append((lower, value))
        self._kinds.append(kind)
        if kind:
            self._specials.append((kind, value))

    def on_headers_complete(self) -> None:
        """Admit the request, or refuse it and read no further."""
        if self.head_done:
            return
        self.in_head, self.head_done = False, True
        parser = self.parser
        method = parser.get_method().decode("ascii")
        version = parser.get_http_version()
        admitted = self._too_large() or admit(
            method,
            self.url,
            version,
            self._names,
            pairs=self._pairs,
            kinds=self._kinds,
            specials=self._specials,
            origin=self.origin,
        )
        if isinstance(admitted, Reason):
            self.refuse_request(admitted, method)
            return
        if admitted.wants_upgrade:
            self._body_skipped = parser.should_upgrade()
            if not self._body_skipped:
                admitted.upgrade = b""
        self.admit_request(method, admitted)

    def _too_large(self) -> Reason | None:
        size = self._head_size
        if size + len(self.url) + 16 <= MAX_HEADER and len(self._names) <= MAX_HEADER_COUNT:
            return None
        if len(self.url) + 16 > MAX_REQUEST_LINE:
            return Reason.URI_TOO_LONG
        if size > MAX_HEADERS or len(self._names) > MAX_HEADER_COUNT:
            return Reason.HEADER_TOO_LARGE
        if any(len(name) + len(value) + 4 > MAX_HEADER for name, value in self._pairs):
            return Reason.HEADER_TOO_LARGE
        return None

    def on_body(self, body: bytes) -> None:
        """Hand a piece of the body to its exchange."""
        receiving = self.receiving
        if receiving is not None:
            self._undelivered = 0
            receiving.on_request_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        if not self._priming and not self._body_skipped:
            self._undelivered = 0
            self.complete_request()

    # What comes of it.

    def admit_request(self, method: str, incoming: Incoming) -> None:
        """Take an admitted request; its body follows."""
        raise NotImplementedError

    def refuse_request(self, reason: Reason, method: str = "") -> None:
        """Take the refusal of a request; nothing follows."""
        raise NotImplementedError

    def complete_request(self) -> None:
        """The request in `receiving` is complete."""
        raise NotImplementedError

    def break_request(self) -> None:
        """The rest of the request in `receiving` is malformed; nothing follows."""
        raise NotImplementedError

    def hold_for_upgrade(self, rest: bytes) -> None:
        """The request in `receiving` wants a tunnel; `rest` was sent on already."""
        raise NotImplementedError
