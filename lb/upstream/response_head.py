"""The head of a target's response: what is kept of it, and the memory of the last one.

A target's next head is often its last one again, byte for byte: for as long as its Date stands. The parser
calls Python for every header; comparing bytes costs nothing. Everything that differs goes to the parser.
"""

from __future__ import annotations

import re

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
_FINAL = re.compile(rb"HTTP/1\.1 [2-5][0-9][0-9][ \r]")


class ResponseHead:
    """A response's head without hop-by-hop headers, and how its body is framed."""

    __slots__ = ("chunked", "connection", "dated", "length", "lines", "pairs", "phrase", "status", "upgrade")

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

    __slots__ = ("data", "head")

    def __init__(self, data: bytes, head: ResponseHead) -> None:
        self.data = data
        """With the blank line."""
        self.head = head


def remember(data: bytes, head: ResponseHead) -> KnownHead | None:
    """Remember the head that `data` begins with, if it may be taken for granted when it comes again.

    Only a final head that says how long the body is and nothing else about the connection: then where the
    response ends is plain from the same bytes. `head` is shared from now on: nobody may change it.
    """
    end = data.find(b"\r\n\r\n") + 4
    if not 4 <= end <= _MAX_REMEMBERED or head.length < 0 or not head.dated:
        return None
    if head.chunked or head.upgrade or head.connection.lower() not in (b"", b"keep-alive"):
        return None
    if not _FINAL.match(data):
        # An interim head in front of this one ends at the same bytes.
        return None
    head.connection = b""
    return KnownHead(data[:end], head)
