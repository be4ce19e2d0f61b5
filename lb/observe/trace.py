"""The X-Amzn-Trace-Id header and the id of a connection (alb.md 9.4). Pure: time and randomness come in."""

from __future__ import annotations

from collections.abc import Callable

MAX_HEADERS = 7 * 1024
"""When the headers of a request are larger than this, the trace header is reduced to a fresh Root."""


_ID_DIGITS = 24
_IDS_AT_ONCE = 256


class TraceIds:
    """Fresh Roots. Random digits are made for many at once: asking for each costs more than all the rest."""

    __slots__ = ("_digits", "_next", "_prefix", "_random", "_second")

    def __init__(self, random: Callable[[int], bytes]) -> None:
        """`random` gives that many random bytes."""
        self._random = random
        self._digits = b""
        self._next = 0
        self._second = -1
        self._prefix = b""

    def fresh(self, now: float) -> bytes:
        """Return an id that nobody has had: `1-`, the time in hex, `-` and 24 digits; `now` on the wall
        clock.
        """
        second = int(now)
        if second != self._second:
            self._second, self._prefix = second, b"1-%08x-" % (second & 0xFFFFFFFF)
        start = self._next
        digits = self._digits[start : start + _ID_DIGITS]
        if not digits:
            self._digits = self._random(_IDS_AT_ONCE * _ID_DIGITS // 2).hex().encode()
            start, digits = 0, self._digits[:_ID_DIGITS]
        self._next = start + _ID_DIGITS
        return self._prefix + digits


def trace_header(existing: bytes | None, own: bytes, *, headers_size: int = 0) -> bytes:
    """Return the X-Amzn-Trace-Id for the target.

    No header: a Root is made. With a Root: it is kept, and Self tells our own id; a Self of an earlier hop is
    replaced; all other fields pass unchanged and in order. Without Root: it is added before the other fields.

    Args:
        existing: what the client sent, if anything. Anything but printable ASCII is not kept.
        own: our id, of `TraceIds`.
        headers_size: size of all request headers, bytes.
    """
    if not existing or headers_size > MAX_HEADERS or not _is_printable(existing):
        return b"Root=" + own
    fields = [
        field for part in existing.split(b";") if (field := part.strip()) and not field.startswith(b"Self=")
    ]
    label = b"Self=" if any(field.startswith(b"Root=") for field in fields) else b"Root="
    return b";".join([label + own, *fields])


def connection_id(random_hex: str) -> str:
    """Build the `conn_trace_id` of a client connection from 32 fresh hex digits."""
    return f"TID_{random_hex}"


def _is_printable(value: bytes) -> bool:
    return value.isascii() and value.decode("ascii").isprintable()
