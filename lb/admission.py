"""May this request be served at all? Pure: a parsed head in, an `Incoming` or a `Reason` out.

The parser under `lb.wire` refuses what is malformed byte by byte; here is what it accepts and a load
balancer must not: a missing or second Host, a fragment, foreign transfer codings, old and future versions,
TRACE, too many forwarded addresses (ALB user guide, "Desync mitigation mode" and "Troubleshoot your
Application Load Balancers"). Both adapters call `admit`, so nothing is let in by one that the other
refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lb.desync.framing import MAX_LENGTH_DIGITS, classify_framing
from lb.desync.table import Finding
from lb.headers import Kind, count_forwarded_addresses, listed_in_connection
from lb.reasons import Reason
from rules.request import RequestHead

if TYPE_CHECKING:
    from lb.repeat import Pattern, Settled
    from lb.whole_request import WholeRequest

MAX_REQUEST_LINE = 16 * 1024
MAX_HEADER = 16 * 1024
MAX_HEADERS = 64 * 1024
MAX_HEADER_COUNT = 256
"""ALB documents no count; 64 K of two-byte headers would otherwise be thousands of objects."""
MAX_FORWARDED_ADDRESSES = 30

_TARGET = re.compile(rb"[\x21\x22\x24-\x7e]+")
"""Printable ASCII without `#`: a fragment read by one side only is a rule bypass (the class of
CVE-2023-47106)."""
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?@]+)(/[^?]*)?(?:\?(.*))?", re.DOTALL)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED_ESCAPE = re.compile(r"%(?:2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])")
_DOT_SEGMENT = re.compile(r"(?:[/\\]|%2[Ff]|%5[Cc])\.\.?(?:[/\\;]|%2[Ff]|%5[Cc]|$)")
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{0,5})?")
_MEMORY = 4096
_hosts: dict[bytes, tuple[str, str]] = {}

_NEVER = frozenset({"TRACE", "CONNECT"})
"""In any case: a target that does not care about case must not do what we refuse."""
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_NO_NAMES: frozenset[bytes] = frozenset()
_TUNNEL_NEVER = (b"h2", b"h3", b"http/", b"tls")
"""A tunnel of another HTTP version would carry requests past the rules (h2c smuggling)."""


@dataclass(slots=True, eq=False)
class Incoming:
    """A request that may be served: its head and what the exchange must know about its framing."""

    head: RequestHead
    names: Sequence[bytes]
    """Header names as sent, parallel to `head.headers`."""
    kinds: Sequence[int]
    """`lb.headers.Kind` of each header, parallel to `head.headers`."""
    version: str
    content_length: int = -1
    """-1: none was sent."""
    chunked: bool = False
    expect_continue: bool = False
    keep_alive: bool = True
    upgrade: bytes = b""
    """The Upgrade value when the client asks for a tunnel that we may open."""
    wants_upgrade: bool = False
    """An Upgrade header was sent, of whatever kind."""
    listed: frozenset[bytes] = _NO_NAMES
    """Names that Connection declared hop-by-hop."""
    forwarded_for: Sequence[bytes] = ()
    trace: bytes | None = None
    http2: bool = False
    """Came over HTTP/2."""
    grpc: bool = False
    """It is a gRPC call: only ever over HTTP/2."""
    takes_trailers: bool = False
    """The client said `te: trailers`."""
    invalid_names: bool = False
    """Some header's name is outside `[-A-Za-z0-9]+`."""
    names_dropped: bool = False
    """Some header was left out because its name is none."""
    odd: bool = False
    """Something about its framing is to be classified."""
    finding: Finding | None = None
    """The worst departure from RFC 9112; None: compliant."""
    closes: bool = False
    """Both connections end with this request."""
    whole: WholeRequest | None = None
    """What it was read from, where that was not the parser: then it has the names and kinds."""
    passing: bytes = b""
    """The lines for the target that every request with these headers shares, once they were built."""
    passing_for: object = None
    """The `lb.headers.ForwardPolicy` that they were built by."""
    repeated: bool = False
    """This very head has come more than once: what it is decided to is worth keeping."""
    settled: Settled | None = None
    """What it was decided to the last time."""
    patterns: dict[int, Pattern] | None = None
    """Where to keep how requests like this one go, by the priority of their rule."""

    @property
    def classification(self) -> str:
        """The desync class as logged; empty for a compliant request."""
        return self.finding.reason.desync_class.word if self.finding is not None else ""

    @property
    def classification_reason(self) -> str:
        """The reason of the class as logged."""
        return self.finding.reason.word if self.finding is not None else ""

    @property
    def has_body(self) -> bool:
        """Tell whether body bytes can follow the head."""
        return self.chunked or self.content_length > 0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came in: constant for one client connection."""

    scheme: str
    port: int
    """The listener's port."""
    peer: str
    peer_port: int
    default_host: str
    """Host for HTTP/1.0 requests that name none: the load balancer's own name."""


def admit(
    method: str,
    target: bytes,
    version: str,
    names: Sequence[bytes],
    *,
    pairs: Sequence[tuple[bytes, bytes]],
    kinds: Sequence[int],
    specials: Sequence[tuple[int, bytes]],
    origin: Origin,
) -> Incoming | Reason:
    """Admit a parsed head, or name the reason to refuse it.

    `pairs`, `names` and `kinds` are parallel; `specials` repeats (kind, value) of the headers whose kind
    is not plain.
    """
    if version != "1.1" and version != "1.0":
        return Reason.VERSION_NOT_SUPPORTED
    if method.upper() in _NEVER:
        return Reason.METHOD_NOT_ALLOWED
    found = read_target(target)
    if found is None:
        return Reason.BAD_REQUEST
    authority, path, query = found
    head = RequestHead(
        method, origin.scheme, "", origin.port, path, query, pairs, origin.peer, origin.peer_port
    )
    incoming = Incoming(head, names, kinds, version, keep_alive=version == "1.1")
    hosts: list[bytes] = []
    for kind, value in specials:
        if kind == Kind.HOST:
            hosts.append(value)
        elif kind > Kind.DROPPED:
            refused = _SPECIAL[kind](incoming, value)
            if refused is not None:
                return refused
        elif kind == Kind.INVALID:
            incoming.invalid_names = True
    refused = _set_host(incoming, hosts, authority, origin)
    refused = refused or _check_framing(incoming)
    if refused is not None:
        return refused
    if incoming.odd:
        incoming.finding = classify_framing(method, version, specials)
    return incoming


def is_method(text: str) -> bool:
    """Tell whether `text` is a method, known or not (RFC 9110 section 9.1: any token)."""
    return _TOKEN.fullmatch(text) is not None


def read_target(target: bytes) -> tuple[bytes | None, str, str] | None:
    """Split a target into authority (None for origin form), settled path and query; None to refuse it.

    The one reading of targets: whoever skips the rest of `admit` must not skip this.
    """
    authority: bytes | None = None
    if target[:1] == b"/" and _TARGET.fullmatch(target):
        path, _, query = target.decode("ascii").partition("?")
    else:
        absolute = _parse_absolute(target)
        if absolute is None:
            return None
        authority, path, query = absolute
    if "%" in path or "/." in path or "\\" in path:
        settled = settle_path(path)
        return None if settled is None else (authority, settled, query)
    return authority, path, query


def settle_path(path: str) -> str | None:
    """Give the one spelling of a path that rules and target both read; None where they could read two.

    Escaped letters, digits and `-._~` are plain ones (RFC 3986 6.2.2.2; ALB matches paths after URI
    normalisation), so `/%61dmin` meets the rule for `/admin` and is sent on as `/admin`. Dot segments,
    however spelled, and broken escapes are refused: browsers resolve the former themselves, and a target that
    resolves them would serve `/open/../admin` under the rule for `/open/*`.
    """
    if "%" in path:
        if _BROKEN_ESCAPE.search(path):
            return None
        path = _UNRESERVED_ESCAPE.sub(lambda escape: chr(int(escape[0][1:], 16)), path)
    return None if _DOT_SEGMENT.search(path) else path


def _parse_absolute(target: bytes) -> tuple[bytes, str, str] | None:
    found = _ABSOLUTE.fullmatch(target) if _TARGET.fullmatch(target) else None
    if found is None:
        return None
    return found[1], (found[2] or b"/").decode("ascii"), (found[3] or b"").decode("ascii")


def parse_host(value: bytes) -> tuple[str, str] | None:
    """Split a Host value into (host without port, whole authority), lower case; None when it is malformed."""
    known = _hosts.get(value)
    if known is None:
        found = _HOST.fullmatch(value)
        if found is None:
            return None
        known = (found[1].decode("ascii").lower(), value.decode("ascii").lower())
        if len(_hosts) < _MEMORY and len(value) <= 255:
            _hosts[value] = known
    return known


def _set_host(
    incoming: Incoming, hosts: list[bytes], authority: bytes | None, origin: Origin
) -> Reason | None:
    if len(hosts) > 1 or (not hosts and incoming.version == "1.1"):
        return Reason.BAD_REQUEST
    sent = parse_host(hosts[0] if hosts else origin.default_host.encode("latin-1"))
    # The host of an absolute-form target wins over the header, which must be sound all the same.
    wins = sent if authority is None else parse_host(authority)
    if sent is None or wins is None:
        return Reason.BAD_REQUEST
    incoming.head.host, incoming.head.authority = wins
    return None


def _check_framing(incoming: Incoming) -> Reason | None:
    if incoming.chunked and (incoming.version == "1.0" or incoming.content_length >= 0):
        return Reason.BAD_REQUEST
    if incoming.has_body:
        # A body and then a tunnel: nobody does that, and two parsers would disagree on where it begins.
        incoming.upgrade = b""
    if incoming.forwarded_for and count_forwarded_addresses(incoming.forwarded_for) > MAX_FORWARDED_ADDRESSES:
        return Reason.TOO_MANY_FORWARDED_ADDRESSES
    if incoming.head.method in ("GET", "HEAD") and (incoming.chunked or incoming.content_length >= 0):
        incoming.odd = True
    return None


def _on_forwarded_for(incoming: Incoming, value: bytes) -> None:
    incoming.forwarded_for = [*incoming.forwarded_for, value]


def _on_trace(incoming: Incoming, value: bytes) -> None:
    if incoming.trace is None:
        incoming.trace = value


def _on_connection(incoming: Incoming, value: bytes) -> None:
    lower = value.lower()
    if lower == b"keep-alive":
        return
    if lower == b"close":
        incoming.keep_alive = False
        return
    tokens = {token.strip() for token in lower.split(b",")}
    if b"close" in tokens:
        incoming.keep_alive = False
    incoming.listed |= listed_in_connection(value)


def _on_content_length(incoming: Incoming, value: bytes) -> Reason | None:
    if not value.isdigit() or len(value) > MAX_LENGTH_DIGITS:
        return Reason.BAD_REQUEST
    length = int(value)
    if incoming.content_length >= 0:
        incoming.odd = True
        if incoming.content_length != length:
            return Reason.BAD_REQUEST
    incoming.content_length = length
    return None


def _on_transfer_encoding(incoming: Incoming, value: bytes) -> Reason | None:
    if value.lower() != b"chunked":
        return Reason.UNSUPPORTED_TRANSFER_ENCODING
    if incoming.chunked:
        return Reason.BAD_REQUEST
    incoming.chunked = True
    return None


def _on_expect(incoming: Incoming, value: bytes) -> None:
    incoming.expect_continue = value.lower() == b"100-continue" and incoming.version == "1.1"


def _on_upgrade(incoming: Incoming, value: bytes) -> None:
    # Whether the client lists it in Connection is the parser's to know: it flags an upgrade only then.
    incoming.wants_upgrade = True
    lower = value.lower()
    if incoming.version == "1.1" and not any(
        token.strip().startswith(_TUNNEL_NEVER) for token in lower.split(b",")
    ):
        incoming.upgrade = value


def _on_suspicious(incoming: Incoming, value: bytes) -> None:
    incoming.odd = True


def _ignored(incoming: Incoming, value: bytes) -> None:
    return None


_SPECIAL: dict[int, Callable[[Incoming, bytes], Reason | None]] = {
    Kind.FORWARDED_FOR: _on_forwarded_for,
    Kind.FORWARDED_FACT: _ignored,
    Kind.TRACE: _on_trace,
    Kind.CONNECTION: _on_connection,
    Kind.CONTENT_LENGTH: _on_content_length,
    Kind.TRANSFER_ENCODING: _on_transfer_encoding,
    Kind.EXPECT: _on_expect,
    Kind.UPGRADE: _on_upgrade,
    Kind.SUSPICIOUS: _on_suspicious,
}
