"""Lines of a head that differ from a known head's in nothing but values. Pure.

Heads of one connection mostly have the same lines in the same order, and a few values change: a path, a
length, an id. Reading those few costs a tenth of parsing all lines anew. Strict: a line may differ only where
the known one allows it, and only in a value of printable ASCII behind `Name: `, which every reader of HTTP/1
takes alike (RFC 9112 section 5). Everything else is for the parser to judge.
"""

from __future__ import annotations

from collections.abc import Sequence

CRLF = b"\r\n"
FIXED = b""
"""Prefix of a line that may not change."""


def changed_places(
    lines: Sequence[bytes], known: Sequence[bytes], prefixes: Sequence[bytes]
) -> list[int] | None:
    """Return where `lines` differ from `known`, if they do so in sound values alone; else None.

    `prefixes` are `Name: ` of each known line, or `FIXED`. Line ends are taken off already; a CR or LF that
    is left in a line is not sound.
    """
    if len(lines) != len(known):
        return None
    places = [at for at, line in enumerate(lines) if line != known[at]]
    for at in places:
        prefix, line = prefixes[at], lines[at]
        if not prefix or not line.startswith(prefix) or not _is_sound(line[len(prefix) :]):
            return None
    return places


def _is_sound(value: bytes) -> bool:
    """Tell whether nobody could read another value, or the end of a line, into this one."""
    return value.isascii() and value.decode("ascii").isprintable() and value.strip() == value != b""
