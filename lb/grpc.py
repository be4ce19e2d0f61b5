"""gRPC: which requests are gRPC, which groups take them, and errors of ours in its form. Pure.

ALB user guide, "Target groups", protocol version, and "Troubleshoot", HTTP 464; gRPC's own documents "gRPC
over HTTP2" and "HTTP to gRPC Status Code Mapping". Bodies and grpc-timeout pass untouched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from lb.reasons import Reason
from lb.settings import ProtocolVersion

if TYPE_CHECKING:
    from lb.admission import Incoming
    from lb.outcomes import Answer

CONTENT_TYPE = b"application/grpc"

UNKNOWN, PERMISSION_DENIED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, UNAUTHENTICATED = 2, 7, 12, 13, 14, 16
_STATUSES = {
    400: INTERNAL,
    401: UNAUTHENTICATED,
    403: PERMISSION_DENIED,
    404: UNIMPLEMENTED,
    429: UNAVAILABLE,
    502: UNAVAILABLE,
    503: UNAVAILABLE,
    504: UNAVAILABLE,
}
_MESSAGES = {
    UNKNOWN: b"unknown",
    PERMISSION_DENIED: b"permission denied",
    UNIMPLEMENTED: b"unimplemented",
    INTERNAL: b"internal",
    UNAVAILABLE: b"unavailable",
    UNAUTHENTICATED: b"unauthenticated",
}


def is_grpc(content_type: bytes) -> bool:
    """Tell whether a request of this content type is gRPC; gRPC-Web is another protocol, and plain HTTP."""
    kind = content_type.lower()
    return kind.startswith(CONTENT_TYPE) and kind[len(CONTENT_TYPE) :][:1] in (b"", b"+", b";")


def fits(version: ProtocolVersion, incoming: Incoming) -> bool:
    """Tell whether a group of this version takes a request; 464 where it does not (alb.md 5.1)."""
    if version is ProtocolVersion.HTTP1:
        return not incoming.grpc
    if version is ProtocolVersion.HTTP2:
        return incoming.http2
    return incoming.http2 and incoming.head.method == "POST"


def code_of_status(status: int) -> int:
    """Return the gRPC status code that an HTTP status stands for, where there is no `grpc-status`."""
    return _STATUSES.get(status, UNKNOWN)


def code_in(pairs: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Return the `grpc-status` among trailers or headers, None where there is none that can be read."""
    value = next((value for name, value in pairs if name == b"grpc-status"), b"")
    return int(value) if value.isdigit() and len(value) <= 9 else None


def in_grpc(answer: Answer) -> Answer:
    """Return an error of ours as gRPC clients know it: status 200, and everything in one header block.

    Observed of ALB for 502: `grpc-status: 14`, `grpc-message: unavailable`; the other codes are those that
    gRPC's mapping gives the status. 464 stays what it is: it says that the way, not the call, is wrong.
    """
    if answer.reason is None or answer.reason is Reason.PROTOCOL_MISMATCH:
        return answer
    code = code_of_status(answer.status)
    headers = (
        (b"Content-Type", CONTENT_TYPE),
        (b"grpc-status", b"%d" % code),
        (b"grpc-message", _MESSAGES[code]),
    )
    return replace(answer, status=200, headers=headers, body=b"")
