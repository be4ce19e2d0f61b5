"""The head of a target's response: what is kept of it, and the memory of the last one.

A target's next head is often its last one again, byte for byte for as long as its Date stands, or with other
values in the same lines. The parser calls Python for every header; comparing bytes costs next to nothing.
Everything else goes to the parser.
"""

from __future__ import annotations

import re

from lb.field_lines import CRLF, FIXED, changed_places

PASS, DROP, LENGTH, CODING, CONNECTION, UPGRADE, DATE = range(7)
_KINDS = {
    b"content-length": LENGTH,
    b"transfer-encoding": CODING,
    b"connection": CONNECTION,
    b"upgrade": UPGRADE,
    b"date": DATE,
    b"keep-alive": DROP,
    b"proxy-authenticate": DROP,
    b"proxy-connection": DROP,
    b"te": DROP,
    b"trailer": DROP,
}
_MEMORY = 4096
known_names: dict[bytes, int] = {}
"""Spelling to kind: what `classify` remembers, for those who cannot afford the call."""

_MAX_REMEMBERED = 4 * 1024
_MAX_DIGITS = 15
_END = b"\r\n\r\n"
_FINAL = re.compile(rb"HTTP/1\.1 [2-5][0-9][0-9][ \r]")


class ResponseHead:
    """A response's head without hop-by-hop headers, and how its body is framed."""

    __slots__ = (
        "chunked",
        "connection",
        "dated",
        "length",
        "lines",
        "pairs",
        "phrase",
        "status",
        "upgrade",
        "written",
    )

    def __init__(self) -> None:
        self.status = 0
        self.phrase = b""
        self.pairs: list[tuple[bytes, bytes]] = []
        """Names as sent; Content-Length is among them."""
        self.length = -1
        self.chunked = False
        self.dated = False
        self.connection = b""
        self.upgrade = b""
        self.lines = b""
        """Status line and headers as the client gets them, once somebody has written them."""
        self.written: list[bytes] = []
        """`name: value` of each pair, where somebody has them already."""

    def size(self) -> int:
        """Bytes of the headers that are handed on."""
        return sum(len(name) + len(value) + 4 for name, value in self.pairs)


def classify(name: bytes) -> int:
    """Return the kind of a header by its name, in any case."""
    kind = known_names.get(name)
    if kind is None:
        kind = _KINDS.get(name.lower(), PASS)
        if len(known_names) < _MEMORY and len(name) <= 64:
            known_names[name] = kind
    return kind


class KnownHead:
    """A head that the parser has read, and what it came to: the same bytes again need no parser."""

    __slots__ = ("_lines", "_places", "_prefixes", "data", "head")

    def __init__(self, data: bytes, head: ResponseHead) -> None:
        self.data = data
        """With the blank line."""
        self.head = head
        self._lines: list[bytes] = []
        """Status line and headers as sent, once a head came that is another."""
        self._prefixes: list[bytes] = []
        self._places: list[int] = []
        """By line: which of the head's pairs it is; -1: none."""

    def vary(self, data: bytes) -> KnownHead | None:
        """Return the head that `data` begins with, if it differs from this one in values alone."""
        end = data.find(_END)
        if not 0 < end <= _MAX_REMEMBERED:
            return None
        if not self._lines:
            self._learn_lines()
        lines = data[:end].split(CRLF)
        changed = changed_places(lines, self._lines, self._prefixes)
        if changed is None:
            return None
        known, head = self.head, ResponseHead()
        head.status, head.phrase, head.length, head.dated = known.status, known.phrase, known.length, True
        head.pairs, head.written = known.pairs.copy(), known.written.copy()
        for at in changed:
            place, value = self._places[at], lines[at][len(self._prefixes[at]) :]
            name = head.pairs[place][0]
            if classify(name) == LENGTH:
                if not value.isdigit() or len(value) > _MAX_DIGITS:
                    return None
                head.length = int(value)
            head.pairs[place], head.written[place] = (name, value), lines[at]
        again = KnownHead(data[: end + len(_END)], head)
        again._lines, again._prefixes, again._places = lines, self._prefixes, self._places
        return again

    def _learn_lines(self) -> None:
        head = self.head
        self._lines = self.data[: -len(_END)].split(CRLF)
        self._prefixes, self._places = [FIXED], [-1]
        head.written = [b"%b: %b" % pair for pair in head.pairs]
        place = -1
        for line in self._lines[1:]:
            name = line.partition(b":")[0]
            handed_on = classify(name) in (PASS, DATE, LENGTH)
            place += handed_on
            self._prefixes.append(name + b": " if handed_on else FIXED)
            self._places.append(place if handed_on else -1)


def remember(data: bytes, head: ResponseHead) -> KnownHead | None:
    """Remember the head that `data` begins with, if it may be taken for granted when it comes again.

    Only a final head that says how long the body is and nothing else about the connection: then where the
    response ends is plain from the same bytes. `head` is shared from now on: nobody may change it.
    """
    end = data.find(_END) + len(_END)
    if not len(_END) <= end <= _MAX_REMEMBERED or head.length < 0 or not head.dated:
        return None
    if head.chunked or head.upgrade or head.connection.lower() not in (b"", b"keep-alive"):
        return None
    if not _FINAL.match(data):
        # An interim head in front of this one ends at the same bytes.
        return None
    head.connection = b""
    return KnownHead(data[:end], head)
