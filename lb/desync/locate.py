"""Finds where the head begins that the strict parser did not take. Pure.

The parser does not tell. What came before the head in the same read are whole messages that it took: fed to
another one, cut at the ends of heads, they come out the same.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import httptools

_END = b"\r\n\r\n"
_EMPTY_LINES = re.compile(rb"[\r\n]+")


def is_plain_line(data: bytes, left: int, *, method: bytes, target: bytes) -> bool:
    """Tell whether the request line in `data` is `method target HTTP/1.x`, one space between each.

    The strict parser takes more spaces, no version and other protocols' names for the same. `left` as in
    `locate_head`. A body before it may hold the same line, which costs nothing but the remark.
    """
    line = b"%b %b HTTP/1." % (method, target)
    if data.startswith(line) or b"\n" + line in data:
        return True
    starts = [*_message_starts(data, left)]
    return any(data.startswith(line, start) for start in starts) if starts else line in data


def locate_head(data: bytes, left: int) -> bytes | None:
    """Return `data` from where the refused head begins, or None where that cannot be told.

    `left` is how many bytes of a body stood open where `data` begins; -1: it was in chunks.
    """
    starts = [*_message_starts(data, left)]
    return data[starts[-1] :] if starts else None


def _message_starts(data: bytes, left: int) -> Iterator[int]:
    """Yield where messages begin, up to the first that is not complete or that the parser did not take."""
    start: int | None = left if 0 <= left <= len(data) else None
    while start is not None:
        # An empty line before a request is passed over (RFC 9112 section 2.2).
        found = _EMPTY_LINES.match(data, start)
        start = found.end() if found else start
        yield start
        start = _end_of_message(data, start)


class _Probe:
    """What a parser says of one message."""

    def __init__(self) -> None:
        self.url = b""
        self.length = 0
        self.complete = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-length":
            self.length = int(value)

    def on_message_complete(self) -> None:
        self.complete = True


def _end_of_message(data: bytes, start: int) -> int | None:
    """Return where the message ends that begins at `start`; None: it does not, or it is the refused one."""
    probe = _Probe()
    parser = httptools.HttpRequestParser(probe)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    with contextlib.suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
        position = start
        while (found := data.find(_END, position)) >= 0:
            # Heads and chunked bodies alike end with an empty line.
            end = found + len(_END)
            parser.feed_data(data[position:end])
            if not data.startswith(b"%b %b HTTP/1." % (parser.get_method(), probe.url), start):
                return None
            if probe.complete:
                return end
            if probe.length:
                return end + probe.length if end + probe.length <= len(data) else None
            position = end
    return None
