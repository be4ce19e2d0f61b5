"""From a decoded header block to an admitted request. Pure.

RFC 9113 section 8: pseudo-headers, lower-case names, no connection-specific headers; what breaks these rules
is malformed and ends its stream. What is well formed goes through `lb.admission.admit` like every other
request, in the shape that HTTP/1 gives it: `:authority` is Host, cookie crumbs are one header, a body without
a length is chunked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from lb.admission import (
    MAX_HEADER,
    MAX_HEADER_COUNT,
    MAX_HEADERS,
    MAX_REQUEST_LINE,
    Incoming,
    Origin,
    admit,
    is_method,
)
from lb.grpc import is_grpc
from lb.headers import Kind, classify
from lb.reasons import Reason

_BODIED = frozenset({"POST", "PUT", "PATCH"})
_PSEUDO = frozenset({b":method", b":scheme", b":path", b":authority"})
_FORBIDDEN = frozenset(
    {b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"http2-settings"}
)
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
_VALUE = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
_MEMORY = 4096
_sound: dict[bytes, int] = {}
"""Names that are well formed, and their `Kind`."""


class Malformed(Exception):  # noqa: N818 -- says what happened
    """The header block breaks RFC 9113 section 8: a stream error of type PROTOCOL_ERROR."""


@dataclass(slots=True, eq=False)
class Fields:
    """A well-formed header block, not yet admitted."""

    method: str = ""
    path: bytes = b""
    hosts: list[bytes] = field(default_factory=list)
    names: list[bytes] = field(default_factory=list)
    """As a target of HTTP/1.1 gets them."""
    pairs: list[tuple[bytes, bytes]] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    specials: list[tuple[int, bytes]] = field(default_factory=list)
    content_type: bytes = b""
    takes_trailers: bool = False
    size: int = 0
    """Bytes of the head in HTTP/1's form."""


def read_fields(block: Iterable[tuple[bytes, bytes]]) -> Fields:
    """Read a request's header block; raises `Malformed`."""
    fields = Fields()
    pseudo: dict[bytes, bytes] = {}
    crumbs: list[bytes] = []
    for name, value in block:
        if name[:1] == b":":
            if fields.names or name not in _PSEUDO or name in pseudo or not _VALUE.fullmatch(value):
                raise Malformed(f"pseudo-header {name!r}")
            pseudo[name] = value
            continue
        kind = _sound.get(name)
        if kind is None:
            kind = _check_name(name)
        if not _VALUE.fullmatch(value) or (name == b"te" and value.lower() != b"trailers"):
            raise Malformed(f"value of {name!r}")
        if name == b"te":
            fields.takes_trailers = True
        elif name == b"content-type":
            fields.content_type = value
        elif name == b"cookie":
            crumbs.append(value)
            if len(crumbs) > 1:
                continue
        _add(fields, name, value, kind)
    if len(crumbs) > 1:
        _join_crumbs(fields, crumbs)
    _take_pseudo(fields, pseudo)
    fields.size += sum([len(name) + len(value) + 4 for name, value in fields.pairs])
    return fields


def read_trailers(block: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the trailers that may go to a target: nobody may forge headers by them. Raises `Malformed`."""
    trailers = []
    for name, value in block:
        check_field(name, value)
        if classify(name)[1] == Kind.PLAIN:
            trailers.append((name, value))
    return trailers


def check_field(name: bytes, value: bytes) -> None:
    """Raise `Malformed` for a regular field that no message may have (RFC 9113 sections 8.2.1 and 8.2.2)."""
    if not _NAME.fullmatch(name) or name in _FORBIDDEN or not _VALUE.fullmatch(value):
        raise Malformed(f"header {name!r}")


def _check_name(name: bytes) -> int:
    if not _NAME.fullmatch(name) or name in _FORBIDDEN:
        raise Malformed(f"header {name!r}")
    kind = classify(name)[1]
    # Bounded: names are the client's choice.
    if len(_sound) < _MEMORY and len(name) <= 64:
        _sound[name] = kind
    return kind


def _add(fields: Fields, name: bytes, value: bytes, kind: int) -> None:
    if kind == Kind.HOST:
        fields.hosts.append(value)
    elif kind == Kind.EXPECT:
        # Neither supported in HTTP/2 nor forwarded (ALB user guide, "Listeners").
        return
    elif kind:
        fields.specials.append((kind, value))
    # With these four ALB keeps the spelling of HTTP/1 (alb.md 7.2); the other three never pass.
    fields.names.append(b"X-Forwarded-For" if kind == Kind.FORWARDED_FOR else name)
    fields.pairs.append((name, value))
    fields.kinds.append(kind)


def _join_crumbs(fields: Fields, crumbs: list[bytes]) -> None:
    """RFC 9113 section 8.2.3: before they go to HTTP/1.1, or to a rule, crumbs are one header."""
    place = next(index for index, pair in enumerate(fields.pairs) if pair[0] == b"cookie")
    fields.pairs[place] = (b"cookie", b"; ".join(crumbs))


def _take_pseudo(fields: Fields, pseudo: dict[bytes, bytes]) -> None:
    fields.method = pseudo.get(b":method", b"").decode("latin-1")
    if fields.method == "CONNECT":
        if b":path" in pseudo or b":scheme" in pseudo:
            raise Malformed("CONNECT with a path")
        pseudo[b":path"], pseudo[b":scheme"] = b"/", b"https"
    if not fields.method or not pseudo.get(b":path") or b":scheme" not in pseudo:
        raise Malformed("a pseudo-header is missing")
    # A gateway in front may have known the request as http: what counts is how it came here.
    if pseudo[b":scheme"].lower() not in (b"https", b"http"):
        raise Malformed("foreign scheme")
    fields.path = pseudo[b":path"]
    fields.size = len(fields.method) + len(fields.path) + 14
    authority = pseudo.get(b":authority")
    if authority is not None:
        _take_authority(fields, authority)


def _take_authority(fields: Fields, authority: bytes) -> None:
    if not fields.hosts:
        fields.names.insert(0, b"host")
        fields.pairs.insert(0, (b"host", authority))
        fields.kinds.insert(0, int(Kind.HOST))
        fields.hosts.append(authority)
    elif any(host.lower() != authority.lower() for host in fields.hosts):
        raise Malformed("Host and :authority differ")


def admit_fields(fields: Fields, *, ended: bool, origin: Origin) -> Incoming | Reason:
    """Admit a request, or name the reason to refuse it; `ended`: no body follows."""
    if not is_method(fields.method) or fields.path[:1] != b"/":
        return Reason.BAD_REQUEST
    if len(fields.path) + 16 > MAX_REQUEST_LINE:
        return Reason.URI_TOO_LONG
    if _is_too_large(fields):
        return Reason.HEADER_TOO_LARGE
    specials = [*((int(Kind.HOST), host) for host in fields.hosts), *fields.specials]
    has_length = any(kind == Kind.CONTENT_LENGTH for kind, _ in specials)
    if not ended and not has_length:
        specials.append((int(Kind.TRANSFER_ENCODING), b"chunked"))
    incoming = admit(
        fields.method,
        fields.path,
        "1.1",
        fields.names,
        pairs=fields.pairs,
        kinds=fields.kinds,
        specials=specials,
        origin=origin,
    )
    if isinstance(incoming, Incoming):
        incoming.http2 = True
        incoming.takes_trailers = fields.takes_trailers
        incoming.grpc = is_grpc(fields.content_type)
    if isinstance(incoming, Incoming) and ended:
        if incoming.content_length > 0:
            return Reason.BAD_REQUEST
        if not has_length and fields.method in _BODIED:
            # END_STREAM says it; over HTTP/1.1 silence would leave a target guessing (RFC 9110 section 8.6).
            incoming.content_length = 0
    return incoming


def _is_too_large(fields: Fields) -> bool:
    if fields.size <= MAX_HEADER and len(fields.pairs) <= MAX_HEADER_COUNT:
        return False
    return (
        fields.size > MAX_HEADERS
        or len(fields.pairs) > MAX_HEADER_COUNT
        or any(len(name) + len(value) + 4 > MAX_HEADER for name, value in fields.pairs)
    )
