"""Heads between the form that exchanges know and header blocks of HTTP/2 (RFC 9113 section 8). Pure.

A request's head is made once, by `lb.request_head`, for every kind of target: what passes, what is stripped
and what is added cannot differ between HTTP/1 and HTTP/2, because here it is only spelt anew.
"""

from __future__ import annotations

from collections.abc import Iterable

from lb.http2.head import Malformed, check_field
from lb.http2.outbound import HeaderPairs
from lb.http2.session import MAX_RESPONSE_HEADERS
from lb.upstream.response_head import ResponseHead

_FRAMING = frozenset({b"connection", b"transfer-encoding", b"upgrade", b"host"})
"""Lines that HTTP/2 says otherwise, or not at all."""
_HOP_BY_HOP = frozenset({b"proxy-authenticate", b"te", b"trailer"})


def request_fields(head: bytes, *, scheme: bytes, takes_trailers: bool) -> HeaderPairs:
    """Spell a request's head for HTTP/2; `takes_trailers`: the client said `te: trailers`."""
    line, *lines = head[:-4].split(b"\r\n")
    method, _, rest = line.partition(b" ")
    fields: HeaderPairs = [(b":method", method), (b":scheme", scheme), (b":path", rest.rpartition(b" ")[0])]
    for line in lines:
        name, _, value = line.partition(b": ")
        lower = name.lower()
        if lower == b"host":
            fields.insert(3, (b":authority", value))
        elif lower not in _FRAMING:
            fields.append((lower, value.strip(b" \t")))
    if takes_trailers:
        fields.append((b"te", b"trailers"))
    return fields


def read_response_head(block: Iterable[tuple[bytes, bytes]]) -> ResponseHead:
    """Read a final response's header block; raises `Malformed`."""
    head = ResponseHead()
    for name, value in block:
        if name == b":status" and not head.status and not head.pairs:
            head.status = _read_status(value)
            continue
        check_field(name, value)
        if name == b"content-length":
            _take_length(head, value)
        elif name not in _HOP_BY_HOP:
            head.dated = head.dated or name == b"date"
            head.pairs.append((name, value))
    if not head.status:
        raise Malformed("no :status")
    if head.size() > MAX_RESPONSE_HEADERS:
        raise Malformed("headers beyond 32 KiB")
    return head


def _read_status(value: bytes) -> int:
    if len(value) != 3 or not value.isdigit() or not b"200" <= value <= b"599":
        raise Malformed(f":status {value!r}")
    return int(value)


def _take_length(head: ResponseHead, value: bytes) -> None:
    if not value.isdigit() or len(value) > 18 or head.length not in (-1, int(value)):
        raise Malformed("content-length")
    if head.length < 0:
        head.length = int(value)
        head.pairs.append((b"content-length", value))


def read_trailers(block: Iterable[tuple[bytes, bytes]]) -> HeaderPairs:
    """Read a response's trailers; raises `Malformed`."""
    trailers: HeaderPairs = []
    for name, value in block:
        check_field(name, value)
        if name != b"content-length" and name not in _HOP_BY_HOP:
            trailers.append((name, value))
    if sum(len(name) + len(value) + 4 for name, value in trailers) > MAX_RESPONSE_HEADERS:
        raise Malformed("trailers beyond 32 KiB")
    return trailers
