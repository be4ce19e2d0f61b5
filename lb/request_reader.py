"""Reading requests on an HTTP/1 connection: the parsing half of `lb.wire.ListenerProtocol`.

llhttp (through httptools) refuses what is malformed; here are the limits that it does not have, the
framing behind Upgrade that httptools gets wrong, and the rule that nothing behind a refused request is
read. What it refuses in a head, `lb.desync` reads once more: the desync mode may let it pass. Limits: ALB
quotas (16 K request line, 16 K one header, 64 K all headers).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import httptools

from lb.admission import MAX_HEADER, MAX_HEADER_COUNT, MAX_HEADERS, MAX_REQUEST_LINE, Incoming, Origin, admit
from lb.desync.framing import classify_framing
from lb.desync.header_lines import classify_values
from lb.desync.locate import ends_of_chunks, is_plain_line, next_message, skip_empty_lines
from lb.desync.mitigation import mitigate, settle
from lb.desync.odd_head import OddHead, ReadHead
from lb.desync.table import Finding, Passing, worst
from lb.headers import classify, known_names
from lb.reasons import Reason
from lb.settings import DesyncMode

if TYPE_CHECKING:
    from lb.exchange import Exchange

log = logging.getLogger("albacore.wire")

_NOTHING: list[bytes] = []

MAX_PIECES = 64
"""Pieces of a head that are kept apart: each costs more than the few bytes it may hold."""
MAX_UNDELIVERED = 64 * 1024
"""Bytes of chunk extensions and trailers that may pass without one byte of body."""


class OddLineError(Exception):
    """The strict parser took a request line that is none of HTTP/1.0 or HTTP/1.1 as they should be."""


class OddHeadParser:
    """Stands in for the strict parser from the beginning of a head that it refused to that head's end."""

    def __init__(self, on_head: Callable[[ReadHead], None]) -> None:
        self.head = OddHead(max_size=MAX_REQUEST_LINE + MAX_HEADERS, max_lines=MAX_HEADER_COUNT)
        self._on_head = on_head

    def feed_data(self, data: bytes) -> None:
        """Take the next piece, as the strict parser does."""
        head = self.head.take(data)
        if head is not None:
            self._on_head(head)


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
        self._seen = _NOTHING
        """What was read since it was known last where in a message the connection stands."""
        self._message_at = self._messages = self._body_size = 0
        """Where in `_seen` the message begins that was looked for last, -1: unknown; how many have begun in
        it; and how long the last one's body is, -1: in chunks."""
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
        self._body_read = 0

    def head_size(self, method: str) -> int:
        """Return the bytes that the head took."""
        return self._head_size + len(self.url) + len(method) + 14

    def read(self, data: bytes) -> None:
        """Parse what the client sent."""
        if self.in_head:
            self._later_bytes += len(data)
            self._seen.append(data)
            if len(self._seen) > MAX_PIECES:
                self._seen = [b"".join(self._seen)]
            self._undelivered += len(data)
            self._feed(data)
        else:
            self._undelivered += len(data)
            self._read_on(data)
        if self.in_head or self.receiving is not None:
            self._check_limits()
        if not self.in_head:
            self._seen = _NOTHING

    def _read_on(self, data: bytes) -> None:
        """Parse what begins with a message or with the rest of a body; note which."""
        self._seen = [data]
        self._message_at = self._messages = 0
        if self.receiving is not None and self.receiving.incoming is not None:
            incoming = self.receiving.incoming
            if incoming.chunked:
                self._message_at = -1
                self._feed_chunks(data)
                return
            self._message_at = incoming.content_length - self._body_read
        self._feed(data)

    def _find_start(self, data: bytes) -> int:
        """Return where in `data` the message begins that began last; -1 where that cannot be told."""
        if self._messages > 1:
            self._message_at, self._messages = next_message(data, self._message_at, self._body_size), 1
        return self._message_at

    def _feed_chunks(self, data: bytes) -> None:
        """Feed what comes while a chunked body stands open, in pieces that end where it may end."""
        fed = 0
        for end in ends_of_chunks(data):
            self._feed(data[fed:end])
            fed = end
            if self.receiving is None:
                break
        rest = data[fed:]
        if rest and self.receiving is not None:
            self._feed(rest)
        elif rest and not self.last_request:
            self._read_on(rest)

    def _feed(self, data: bytes) -> None:
        upgraded, malformed = -1, None
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            upgraded = upgrade.args[0]
        except httptools.HttpParserError as error:
            malformed = error
        # Outside of the handlers: what follows may parse on, and each error is to keep its own context.
        if malformed is not None:
            self._malformed(malformed)
        elif upgraded >= 0:
            rest = data[upgraded:]
            if not self._upgrade_wanted(rest) and rest and not self.last_request:
                self._read_on(rest)

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
        """Bring a new parser to where the body begins, or the next message: the old one skips bodies after
        Upgrade."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._body_skipped = False
        if not incoming.has_body:
            return
        framing = (
            b"Transfer-Encoding: chunked"
            if incoming.chunked
            else b"Content-Length: %d" % incoming.content_length
        )
        self._priming = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\nHost: h\r\n%b\r\n\r\n" % framing)
        self._priming = False

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
        surprise = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else None
        if surprise is not None and not isinstance(surprise, OddLineError):
            log.error("request could not be handled", exc_info=surprise)
        elif self.receiving is None:
            self._read_odd_head()
            return
        if self.receiving is not None:
            self.break_request()
        else:
            self.refuse_request(Reason.BAD_REQUEST)

    # What the strict parser refuses.

    def _read_odd_head(self) -> None:
        """Read the head once more that the parser refused, by rules that the desync mode can judge by."""
        if not self.in_head:
            self.on_message_begin()
        data = b"".join(self._seen)
        start = self._find_start(data)
        if start < 0:
            log.error("a request was refused, and nobody knows where it began")
            self.refuse_request(Reason.BAD_REQUEST)
            return
        since, later = self.head_since, self._later_bytes
        self._start_head()
        self.in_head, self.head_done = True, False
        self.head_since, self._later_bytes = since, later
        # It takes the strict parser's place, and all that is asked of it there is to be fed.
        self.parser = cast(httptools.HttpRequestParser, OddHeadParser(self._on_odd_head))
        self.parser.feed_data(data[skip_empty_lines(data, start) :])

    def _on_odd_head(self, read: ReadHead) -> None:
        line, headers = read.line, read.headers
        self.url = line.target
        for name, value in zip(headers.names, headers.values, strict=True):
            self.on_header(name, value)
        self._head_size = read.size - len(self.url) - len(line.method) - 14
        if read.too_large:
            too_long = len(self.url) + 16 > MAX_REQUEST_LINE
            self.refuse_request(Reason.URI_TOO_LONG if too_long else Reason.HEADER_TOO_LARGE, line.method)
            return
        framing = classify_framing(line.method, line.version, self._specials)
        finding = worst([*read.findings, *([framing] if framing else [])])
        if finding is not None and finding.passing is Passing.NEVER:
            self.refuse_request(line.refusal, line.method, finding)
            return
        version = "1.1" if line.version == "1.1" else "1.0"
        admitted = self._admit(line.method, line.escaped_target, version)
        if isinstance(admitted, Incoming):
            admitted.finding = finding
            admitted.upgrade = b""
            admitted.names_dropped = headers.dropped
        refused = settle(admitted, self.desync_mode)
        if refused is not None or isinstance(admitted, Reason):
            self.refuse_request(refused or Reason.BAD_REQUEST, line.method, finding)
            return
        self._resume_strictly(line.method, admitted, read.rest)

    def _resume_strictly(self, method: str, incoming: Incoming, rest: bytes) -> None:
        """Serve a head that was read leniently; its body, and what comes behind it, is the parser's again."""
        self.in_head, self.head_done = False, True
        self._prime_parser(incoming)
        self.admit_request(method, incoming)
        if not incoming.has_body:
            self.on_message_complete()
        if rest and (self.receiving is not None or not self.last_request):
            self._read_on(rest)

    def unfinished(self) -> Finding | None:
        """Return what is wrong with a head that is not awaited any longer, where it is an odd one."""
        parser: object = self.parser
        return parser.head.unfinished() if isinstance(parser, OddHeadParser) else None

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Start a head, unless nothing is read any more."""
        if self._priming or self.last_request:
            return
        self._messages += 1
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
        parser = self.parser
        method_bytes = parser.get_method()
        data = self._seen[0] if len(self._seen) == 1 else b"".join(self._seen)
        if not is_plain_line(data, self._find_start(data), method=method_bytes, target=self.url):
            raise OddLineError
        self.in_head, self.head_done = False, True
        method = method_bytes.decode("ascii")
        version = parser.get_http_version()
        admitted = self._admit(method, self.url, version)
        if isinstance(admitted, Reason):
            self.refuse_request(admitted, method, classify_framing(method, version, self._specials))
            return
        if not data.isascii():
            found = classify_values(value for _, value in self._pairs)
            admitted.finding = worst([*found, *([admitted.finding] if admitted.finding else [])])
        if admitted.finding is not None:
            blocked = mitigate(admitted, self.desync_mode)
            if blocked is not None:
                self.refuse_request(blocked, method, admitted.finding)
                return
        if admitted.wants_upgrade:
            self._body_skipped = parser.should_upgrade()
            if not self._body_skipped:
                admitted.upgrade = b""
        self._body_size = -1 if admitted.chunked else max(admitted.content_length, 0)
        self.admit_request(method, admitted)

    def _admit(self, method: str, target: bytes, version: str) -> Incoming | Reason:
        return self._too_large() or admit(
            method,
            target,
            version,
            self._names,
            pairs=self._pairs,
            kinds=self._kinds,
            specials=self._specials,
            origin=self.origin,
        )

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
            self._body_read += len(body)
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

    @property
    def desync_mode(self) -> DesyncMode:
        """The mode that a request which begins now is judged by."""
        raise NotImplementedError

    def refuse_request(self, reason: Reason, method: str = "", finding: Finding | None = None) -> None:
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
