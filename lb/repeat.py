"""A client's next head is often its last one, or that with another target: then nothing of it is parsed anew.

Browsers and API clients send the same header lines over and over on a kept connection. The lines of a request
that had no body are remembered; a read that holds exactly those lines behind one sound request line *is* that
request again, and what was learnt of it holds. When the request line is the same, too, so does what was
decided, for as long as whoever decided said. Everything else goes to the parser. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lb.admission import MAX_REQUEST_LINE, Incoming, read_target
from lb.field_lines import CRLF, FIXED, changed_places
from lb.headers import Kind
from lb.observe.record import AccessRecord
from rules.request import RequestHead

if TYPE_CHECKING:
    from lb.outcomes import Dispatch
    from lb.snapshot import ListenerSnapshot

MAX_REMEMBERED = 8 * 1024
"""Bytes kept per connection."""

# One request line and nothing else: neither space nor line end fits into the target, and no fragment.
_LINE = re.compile(rb"(GET|HEAD|OPTIONS|DELETE) (/[\x21\x22\x24-\x7e]*)")
_METHODS = {b"GET": "GET", b"HEAD": "HEAD", b"OPTIONS": "OPTIONS", b"DELETE": "DELETE"}
_VERSION = b" HTTP/1.1\r\n"
_END = b"\r\n\r\n"


class RepeatedHead:
    """The header lines of a request that was admitted, and what they came to."""

    __slots__ = ("_incoming", "_lines", "_prefixes", "_tail", "_whole")

    def __init__(self, whole: bytes, tail: bytes, incoming: Incoming) -> None:
        self._whole = whole
        self._tail = tail
        self._incoming = incoming
        self._lines: list[bytes] = []
        """The header lines as sent, once a request came with other ones."""
        self._prefixes: list[bytes] = []

    def read(self, data: bytes) -> Incoming | None:
        """Return the request that `data` is, if it is these lines again behind one request line.

        They may have other values in headers that say nothing to us. All the same bytes give the same object:
        one request of a connection is served at a time.
        """
        if data == self._whole:
            self._incoming.repeated = True
            return self._incoming
        size = len(data) - len(self._tail)
        again = self._read_line(data, size) if data.endswith(self._tail) else self._read_values(data)
        if again is not None:
            self._whole, self._incoming = data, again
        return again

    def _read_line(self, data: bytes, size: int) -> Incoming | None:
        """Read a request line of `size` bytes in front of the very lines that are known."""
        line = _LINE.fullmatch(data, 0, size)
        if line is None or size + 16 > MAX_REQUEST_LINE:
            return None
        known = self._incoming
        return _again(known, line, known.head.headers, known.lines)

    def _read_values(self, data: bytes) -> Incoming | None:
        """Read a head whose lines differ from those that are known in values alone."""
        if len(data) > MAX_REMEMBERED or not data.endswith(_END):
            return None
        first, *lines = data[: -len(_END)].split(CRLF)
        line = _LINE.fullmatch(first, 0, len(first) - len(_VERSION) + 2)
        if line is None or not first.endswith(_VERSION[:-2]):
            return None
        if not self._lines:
            self._learn_lines()
        places = changed_places(lines, self._lines, self._prefixes)
        if places is None:
            return None
        known = self._incoming
        headers, written = list(known.head.headers), list(known.lines)
        for at in places:
            headers[at] = (headers[at][0], lines[at][len(self._prefixes[at]) :])
            written[at] = lines[at]
        again = _again(known, line, headers, written)
        if again is not None:
            self._lines = lines
            self._tail = data[len(first) - len(_VERSION) + 2 :]
        return again

    def _learn_lines(self) -> None:
        known = self._incoming
        self._lines = self._whole[: -len(_END)].split(CRLF)[1:]
        self._prefixes = [
            b"%b: " % name if kind == Kind.PLAIN else FIXED
            for name, kind in zip(known.names, known.kinds, strict=True)
        ]
        known.lines = [
            b"%b: %b" % (name, value)
            for name, (_, value) in zip(known.names, known.head.headers, strict=True)
        ]


def _again(
    known: Incoming, line: re.Match[bytes], headers: Sequence[tuple[bytes, bytes]], lines: Sequence[bytes]
) -> Incoming | None:
    """Return the request of another request line and other values; None when its path has two readings."""
    target = read_target(line[2])
    if target is None:
        return None
    _, path, query = target
    old = known.head
    head = RequestHead(
        _METHODS[line[1]],
        old.scheme,
        old.host,
        old.port,
        path,
        query,
        headers,
        old.peer,
        old.peer_port,
        old.authority,
    )
    again = Incoming(head, known.names, known.kinds, "1.1")
    again.listed = known.listed
    again.invalid_names = known.invalid_names
    again.forwarded_for = known.forwarded_for
    again.trace = known.trace
    again.lines = lines
    if headers is old.headers:
        again.passing, again.passing_for = known.passing, known.passing_for
    return again


def remember(data: bytes, incoming: Incoming) -> RepeatedHead | None:
    """Remember the head that `data` is, if it may be taken for granted when it comes again.

    Only a head that came in one read and alone, of a request without body, Upgrade, Expect or end of the
    connection: then its lines say nothing about where the next request begins.
    """
    if (
        incoming.has_body
        or incoming.content_length >= 0
        or incoming.wants_upgrade
        or incoming.expect_continue
        or not incoming.keep_alive
        or incoming.version != "1.1"
        or incoming.finding is not None
    ):
        return None
    end = data.find(b"\r\n")
    tail = data[end - len(_VERSION) + 2 :]
    whole = data.find(b"\r\n\r\n") + 4 == len(data)
    if not whole or len(tail) > MAX_REMEMBERED or not tail.startswith(_VERSION):
        return None
    # An absolute-form target has overruled the Host line: the line by itself means another host.
    if _LINE.fullmatch(data, 0, len(data) - len(tail)) is None:
        return None
    return RepeatedHead(data, tail, incoming)


class Settled:
    """What a head was decided to, ready for the same head again on the same connection."""

    __slots__ = ("_listener", "_template", "dispatch", "parts")

    def __init__(
        self, listener: ListenerSnapshot, dispatch: Dispatch, record: AccessRecord, parts: tuple[bytes, bytes]
    ) -> None:
        """Keep what `listener` decided; `record` is filled up to the choice of a target."""
        self._listener = listener
        self._template = vars(record).copy()
        self.dispatch = dispatch
        self.parts = parts
        """The head for the target, in front of the trace id and behind it."""

    def record_again(self, listener: ListenerSnapshot, *, wall: float, now: float) -> AccessRecord | None:
        """Begin the record of the same request on `listener`; None when it has to be decided anew."""
        if listener is not self._listener or wall >= self.dispatch.until:
            return None
        record = AccessRecord.__new__(AccessRecord)
        record.__dict__ = self._template.copy()
        record.created_wall = wall
        record.created = now
        return record
