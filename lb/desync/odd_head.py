"""Reads a head that the strict parser refused, in whatever pieces it comes. Pure.

A line ends with CR LF and with nothing else; the first empty line ends the head. The caller bounds what may
be buffered without an end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lb.desync.header_lines import HeaderLines, read_header_lines
from lb.desync.request_line import TOKEN, RequestLine, read_request_line
from lb.desync.table import ClassificationReason, Finding

_END = b"\r\n\r\n"
_BROKEN = re.compile(rb"\x00|\r(?=[^\n])|(?<!\r)\n")
"""Bytes that end a line for one reader and not for the other."""


@dataclass(frozen=True, slots=True)
class ReadHead:
    """A head that was read to its end, or to where it is beyond reading."""

    line: RequestLine
    headers: HeaderLines = field(default_factory=HeaderLines)
    size: int = 0
    """Bytes that it took."""
    rest: bytes = b""
    """What came behind it."""
    too_large: bool = False
    """Its header lines were not even looked at."""

    @property
    def findings(self) -> list[Finding]:
        """All that is wrong with it."""
        return [*self.line.findings, *self.headers.findings]


class OddHead:
    """The bytes of one head as they come."""

    __slots__ = ("_buffer", "_checked", "_has_method", "_limits")

    def __init__(self, *, max_size: int, max_lines: int) -> None:
        """Begin a head; one with more bytes or header lines is not read."""
        self._limits = (max_size, max_lines)
        self._buffer = bytearray()
        self._checked = 0
        self._has_method = False

    def take(self, data: bytes) -> ReadHead | None:
        """Take the next piece; return the head once it is complete or cannot become a good one."""
        buffer = self._buffer
        buffer += data
        end = buffer.find(_END, max(self._checked - 3, 0))
        # With the line end before the empty line: is that one sound, too?
        checked = len(buffer) if end < 0 else end + 2
        broken = _BROKEN.search(buffer, max(self._checked - 1, 0), checked)
        if broken is not None:
            return self._give_up(broken.start())
        if end < 0:
            self._checked = checked
            return None if self._may_have_method() else self._read(len(buffer))
        return self._read(end)

    def unfinished(self) -> Finding:
        """Return what is wrong with a head that ends here."""
        whole_lines = self._buffer.endswith(b"\r\n")
        return Finding.of(
            ClassificationReason.MISSING_LAST_EMPTY_LINE
            if whole_lines
            else ClassificationReason.PARTIAL_HEADER_LINE
        )

    def _may_have_method(self) -> bool:
        """Tell whether what came so far can begin a request: what cannot is not waited for."""
        if not self._has_method:
            word = TOKEN.match(self._buffer)
            behind = bytes(self._buffer[word.end() if word else 0 :][:1])
            self._has_method = word is not None and behind == b" "
            return word is not None and behind in (b" ", b"\r", b"")
        return True

    def _read(self, end: int) -> ReadHead:
        max_size, max_lines = self._limits
        first, *others = bytes(self._buffer[:end]).split(b"\r\n")
        if end > max_size or len(others) > max_lines:
            return ReadHead(read_request_line(first), size=end, too_large=True)
        rest = bytes(self._buffer[end + len(_END) :])
        return ReadHead(read_request_line(first), read_header_lines(others), end + len(_END), rest)

    def _give_up(self, place: int) -> ReadHead:
        """Name what is wrong with the byte at `place`; how the head goes on no longer matters."""
        before = bytes(self._buffer[:place])
        first, *others = before.split(b"\r\n")
        if self._buffer[place] == 0x0A:
            reason = ClassificationReason.NON_CR_LF_LINE_TERMINATION
        elif others:
            reason = ClassificationReason.BAD_HEADER
        else:
            reason = ClassificationReason.BAD_URI if b" " in first else ClassificationReason.BAD_METHOD
        line = read_request_line(first) if others else _begun_line(first)
        return ReadHead(line, HeaderLines(findings=[Finding.of(reason)]), len(before))


def _begun_line(text: bytes) -> RequestLine:
    """Read as much of a request line as the log can use."""
    method, _, target = text.partition(b" ")
    return RequestLine(
        method.decode("ascii") if TOKEN.fullmatch(method) else "", target.strip(b" ").partition(b" ")[0]
    )
