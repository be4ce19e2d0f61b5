"""Finds where a message begins in what was read: the strict parser does not tell. Pure.

Called for messages behind others in one read, and for heads that the parser refused.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import httptools

_END = b"\r\n\r\n"
_ENDS = re.compile(_END)
_EMPTY_LINES = re.compile(rb"[\r\n]*")


def skip_empty_lines(data: bytes, start: int) -> int:
    """Return where the request line begins: a server passes over empty ones (RFC 9112 section 2.2)."""
    found = _EMPTY_LINES.match(data, start)
    return found.end() if found else start


def is_plain_line(data: bytes, start: int, *, method: bytes, target: bytes) -> bool:
    """Tell whether the message at `start` begins with `method target HTTP/1.x`, one space between each.

    The strict parser takes more spaces, no version and other protocols' names for the same.
    """
    line = b"%b %b HTTP/1." % (method, target)
    return data.startswith(line, start) or data.startswith(line, skip_empty_lines(data, start))


def next_message(data: bytes, start: int, body: int) -> int:
    """Return where the message ends that begins at `start`, complete and taken by the parser; -1: unknown.

    `body` are the bytes of its body; -1: it came in chunks.
    """
    if start < 0:
        return -1
    start = skip_empty_lines(data, start)
    if body < 0:
        return _end_of_chunks(data, start)
    end = data.find(_END, start)
    return end + len(_END) + body if end >= 0 else -1


def ends_of_chunks(data: bytes) -> Iterator[int]:
    """Yield where in `data` a chunked body that stands open may end: behind an empty line, wherever that
    began."""
    yield from range(1, min(len(_END), len(data)))
    for found in _ENDS.finditer(data):
        yield found.end()


class _Probe:
    """Notes that a message is complete."""

    complete = False

    def on_message_complete(self) -> None:
        self.complete = True


def _end_of_chunks(data: bytes, start: int) -> int:
    """Feed the message to another parser, cut where heads and chunked bodies alike can end."""
    probe = _Probe()
    parser = httptools.HttpRequestParser(probe)
    position = start
    with contextlib.suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
        while (found := data.find(_END, position)) >= 0:
            parser.feed_data(data[position : found + len(_END)])
            position = found + len(_END)
            if probe.complete:
                return position
    return -1
