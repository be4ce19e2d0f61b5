"""The X-Amzn-Trace-Id header and the id of a connection (alb.md 9.4). Pure: time and randomness come in."""

from __future__ import annotations

MAX_HEADERS = 7 * 1024
"""When the headers of a request are larger than this, the trace header is reduced to a fresh Root."""


def trace_header(existing: bytes | None, now: float, random_hex: str, *, headers_size: int = 0) -> bytes:
    """Return the X-Amzn-Trace-Id for the target.

    No header: a Root is made. With a Root: it is kept, and Self tells our own id; a Self of an earlier hop is
    replaced; all other fields pass unchanged and in order. Without Root: it is added before the other fields.

    Args:
        existing: what the client sent, if anything. Anything but printable ASCII is not kept.
        now: wall clock, seconds.
        random_hex: 24 fresh hex digits.
        headers_size: size of all request headers, bytes.
    """
    own = b"1-%08x-%s" % (int(now) & 0xFFFFFFFF, random_hex.encode())
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
