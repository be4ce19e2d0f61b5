"""Header rules between client and target. Pure.

Which client headers pass, which belong to the load balancer and are replaced, which are identity and never
pass; X-Forwarded-* in the three modes; Host towards the target; edits of response headers (ALB user guide,
"HTTP headers" and "Header modification"). A name is classified once per spelling and remembered, so that a
request pays one dictionary look-up per header.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from lb.settings import LoadBalancerAttributes, MutualMode, XffMode
from lb.tls_facts import Told, told_headers
from rules.request import RequestHead

Pairs = Sequence[tuple[bytes, bytes]]


class Kind(IntEnum):
    """What a header is to the load balancer. 0 passes untouched."""

    PLAIN = 0
    INVALID = 1
    """Outside `[-A-Za-z0-9]+`: passes unless `drop_invalid_header_fields`."""
    TLS_FACT = 2
    """x-amzn-tls-*: replaced when the feature is on, passes when it is off."""
    TLS_GROUP = 3
    """x-amzn-tls-kx: as `TLS_FACT`, by a feature of its own."""
    DROPPED = 4
    """Identity, hop-by-hop, or another spelling of a header that the load balancer owns."""
    HOST = 5
    FORWARDED_FOR = 6
    FORWARDED_FACT = 7
    """X-Forwarded-Proto and -Port: always ours."""
    TRACE = 8
    CONNECTION = 9
    CONTENT_LENGTH = 10
    TRANSFER_ENCODING = 11
    EXPECT = 12
    UPGRADE = 13
    SUSPICIOUS = 14
    """Another spelling of Content-Length or Transfer-Encoding: dropped, and the request classified."""


_IDENTITY = (b"x-amzn-oidc-", b"x-amzn-mtls-")
_OWNED = {
    b"host": Kind.HOST,
    b"x-forwarded-for": Kind.FORWARDED_FOR,
    b"x-forwarded-proto": Kind.FORWARDED_FACT,
    b"x-forwarded-port": Kind.FORWARDED_FACT,
    b"x-amzn-trace-id": Kind.TRACE,
    b"x-amzn-tls-version": Kind.TLS_FACT,
    b"x-amzn-tls-cipher-suite": Kind.TLS_FACT,
    b"x-amzn-tls-kx": Kind.TLS_GROUP,
    b"connection": Kind.CONNECTION,
    b"content-length": Kind.CONTENT_LENGTH,
    b"transfer-encoding": Kind.TRANSFER_ENCODING,
    b"expect": Kind.EXPECT,
    b"upgrade": Kind.UPGRADE,
    b"keep-alive": Kind.DROPPED,
    b"te": Kind.DROPPED,
    b"trailer": Kind.DROPPED,
    b"http2-settings": Kind.DROPPED,
    b"proxy-connection": Kind.DROPPED,
    b"proxy-authorization": Kind.DROPPED,
    b"proxy-authenticate": Kind.DROPPED,
}
# CGI, WSGI and their like make one variable of `X-Amzn-Oidc-Data` and `x_amzn.oidc-data`: every byte that is
# no letter or digit is folded before a name is compared with one that we own.
_FOLD = bytes(c if chr(c).isascii() and chr(c).isalnum() else 0x2D for c in range(256)).lower()
_FRAMING = frozenset({b"contentlength", b"transferencoding"})
_NO_LETTERS = re.compile(rb"[^a-z0-9]+")
_VALID = frozenset(b"-abcdefghijklmnopqrstuvwxyz0123456789")
_MEMORY = 4096
known_names: dict[bytes, tuple[bytes, int]] = {}
"""Spelling to (lower case, kind): what `classify` remembers, for those who cannot afford the call."""


def is_identity_header(name: bytes) -> bool:
    """Tell whether a target could read `name`, in any case and spelling, as one of the identity headers:
    a user's, or those of a client certificate.
    """
    return name.translate(_FOLD).startswith(_IDENTITY)


def fold(name: bytes) -> bytes:
    """Return what all spellings that a target could take for the same header have in common."""
    return name.translate(_FOLD)


def resembles_framing(name: bytes) -> bool:
    """Tell whether somebody could read `name`, which is neither, as Content-Length or Transfer-Encoding.

    Only letters and digits count, and what stands before white space; the two letters beyond ASCII that
    become `s` and `i` in the other case count as these.
    """
    lower = name.lower().replace(b"\xc5\xbf", b"s").replace(b"\xc4\xb1", b"i")
    first = lower.split(None, 1)[:1]
    return any(_NO_LETTERS.sub(b"", each) in _FRAMING for each in (lower, *first))


def classify(name: bytes) -> tuple[bytes, int]:
    """Return the lower-case name and its `Kind` (as a plain int) for a header name as sent by a client."""
    found = known_names.get(name)
    if found is None:
        lower = name.lower()
        found = (lower, int(_kind(lower)))
        # Bounded: names are the client's choice. A full memory only costs speed.
        if len(known_names) < _MEMORY and len(name) <= 64:
            known_names[name] = found
    return found


def _kind(lower: bytes) -> Kind:
    if is_identity_header(lower):
        return Kind.DROPPED
    kind = _OWNED.get(lower)
    if kind is not None:
        return kind
    if resembles_framing(lower):
        return Kind.SUSPICIOUS
    if lower.translate(_FOLD) in _OWNED:
        return Kind.DROPPED
    return Kind.PLAIN if _VALID.issuperset(lower) else Kind.INVALID


_NO_NAMES = {b"close", b"keep-alive", b"upgrade", b""}
_NOTHING: frozenset[bytes] = frozenset()


def listed_in_connection(value: bytes) -> frozenset[bytes]:
    """Return the lower-case header names that a Connection value declares hop-by-hop.

    Names that the load balancer owns do not count: a client must not delete forwarding or framing headers
    this way (the class of Traefik CVE-2024-45410).
    """
    lower = value.lower()
    if lower in _NO_NAMES:
        return _NOTHING
    names = {token.strip() for token in lower.split(b",")} - _NO_NAMES
    return frozenset(name for name in names if classify(name)[1] <= Kind.INVALID)


def count_forwarded_addresses(values: Iterable[bytes]) -> int:
    """Count the addresses in X-Forwarded-For values (more than 30 are refused with 463)."""
    return sum(1 for value in values for part in value.split(b",") if part.strip())


@dataclass(frozen=True, slots=True)
class ForwardPolicy:
    """The attributes that shape the request head, and the lines that never change on a listener."""

    xff_mode: XffMode
    xff_client_port: bool
    tls_facts: Told
    """Headers about the TLS connection that the load balancer adds; empty for none."""
    renamed: frozenset[bytes]
    """Other names, folded, that listener attributes gave to such headers: a client's own never pass."""
    preserve_host: bool
    passes: tuple[bool, ...]
    """By `Kind`: does a client's header of this kind go to the target as it is?"""
    constant: bytes
    """X-Forwarded-Proto and X-Forwarded-Port lines."""

    @classmethod
    def compile(
        cls,
        attributes: LoadBalancerAttributes,
        *,
        scheme: str,
        port: int,
        mutual: MutualMode = MutualMode.OFF,
        names: Sequence[tuple[str, str]] = (),
    ) -> ForwardPolicy:
        """Compile the attributes for a listener of `scheme` on `port`.

        `mutual` is what it does with client certificates, `names` are (usual name, other name) of headers.
        """
        passing = {Kind.PLAIN}
        if not attributes.drop_invalid_header_fields:
            passing.add(Kind.INVALID)
        if not attributes.tls_version_and_cipher_headers:
            passing.add(Kind.TLS_FACT)
        if not attributes.tls_key_exchange_header:
            passing.add(Kind.TLS_GROUP)
        if attributes.xff_mode is XffMode.PRESERVE:
            passing.add(Kind.FORWARDED_FOR)
        return cls(
            xff_mode=attributes.xff_mode,
            xff_client_port=attributes.xff_client_port,
            tls_facts=told_headers(attributes, mutual, names),
            renamed=frozenset(fold(other.encode()) for _, other in names),
            preserve_host=attributes.preserve_host_header,
            passes=tuple(kind in passing for kind in Kind),
            constant=f"X-Forwarded-Proto: {scheme}\r\nX-Forwarded-Port: {port}\r\n".encode(),
        )


def forwarded_for(policy: ForwardPolicy, values: Sequence[bytes], *, peer: str, peer_port: int) -> bytes:
    """Return the X-Forwarded-For line that the load balancer adds; `values` are the client's own.

    Empty in the modes `preserve` (the client's lines pass as they are) and `remove`.
    """
    if policy.xff_mode is not XffMode.APPEND:
        return b""
    address = peer
    if policy.xff_client_port:
        address = f"[{peer}]:{peer_port}" if ":" in peer else f"{peer}:{peer_port}"
    return b"X-Forwarded-For: %b\r\n" % b", ".join([*filter(None, values), address.encode()])


def sent_as_ours(pairs: Pairs, renamed: frozenset[bytes]) -> frozenset[bytes]:
    """Return the client's lower-case names that a target could take for one of `renamed`."""
    return frozenset(lower for lower, _ in pairs if fold(lower) in renamed)


def passing_lines(
    passes: Sequence[bool],
    names: Sequence[bytes],
    pairs: Pairs,
    *,
    kinds: Sequence[int],
    listed: frozenset[bytes],
) -> list[bytes]:
    """Return, as pieces to be joined, the client's headers that go to the target as they are.

    `names` are the spellings as sent and `kinds` their classes, parallel to `pairs`; `listed` are the
    names that Connection declared hop-by-hop.
    """
    pieces: list[bytes] = []
    for name, (lower, value), kind in zip(names, pairs, kinds, strict=True):
        if passes[kind] and not (listed and lower in listed):
            pieces += (name, b": ", value, b"\r\n")
    return pieces


def target_authority(head: RequestHead, *, preserve_host: bool) -> str:
    """Return the Host value for the target, transforms aside (ALB user guide, "Host header preservation")."""
    if preserve_host:
        sent = head.header(b"host")
        return sent.decode("latin-1") if sent else head.authority
    return head.host if head.port in (80, 443) else f"{head.host}:{head.port}"


_RESPONSE_HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
_SETTABLE = {
    "strict-transport-security": "Strict-Transport-Security",
    "access-control-allow-origin": "Access-Control-Allow-Origin",
    "access-control-allow-methods": "Access-Control-Allow-Methods",
    "access-control-allow-headers": "Access-Control-Allow-Headers",
    "access-control-allow-credentials": "Access-Control-Allow-Credentials",
    "access-control-expose-headers": "Access-Control-Expose-Headers",
    "access-control-max-age": "Access-Control-Max-Age",
    "content-security-policy": "Content-Security-Policy",
    "x-content-type-options": "X-Content-Type-Options",
    "x-frame-options": "X-Frame-Options",
}


@dataclass(frozen=True, slots=True)
class ResponseEdits:
    """What a listener does to every response: headers to set (overriding), and whether `Server` is shown."""

    active: bool
    """False: nothing to do but to drop hop-by-hop headers."""
    setting: tuple[tuple[bytes, bytes], ...]
    dropping: frozenset[bytes]
    """Lower-case names taken off the target's headers: hop-by-hop, those set here, a hidden `Server`."""

    @classmethod
    def compile(cls, response_headers: Sequence[tuple[str, str]], *, server_header: bool) -> ResponseEdits:
        """Compile listener attributes; an empty value leaves the target's header as it is."""
        setting = tuple(
            (_SETTABLE.get(name.lower(), name).encode(), value.encode("latin-1"))
            for name, value in response_headers
            if value
        )
        dropping = {*_RESPONSE_HOP_BY_HOP, *(name.lower() for name, _ in setting)}
        if not server_header:
            dropping.add(b"server")
        active = bool(setting) or not server_header
        return cls(active=active, setting=setting, dropping=frozenset(dropping))

    def apply(
        self, pairs: Pairs, *, also: Pairs = (), hop_by_hop: frozenset[bytes] = frozenset()
    ) -> list[tuple[bytes, bytes]]:
        """Return a target's response headers as the client gets them; `also` are the pre-action's cookies."""
        dropping = self.dropping | hop_by_hop if hop_by_hop else self.dropping
        kept = [pair for pair in pairs if pair[0].lower() not in dropping]
        if self.setting:
            kept += self.setting
        if also:
            kept += also
        return kept
