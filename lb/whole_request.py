"""Reads a request that came whole in one read, of the shape that nearly all have, without the parser.

The parser calls Python for every header; this looks at the lines once. Strict: printable ASCII, lines
`Name: value` with one space, names of which each reader of HTTP/1 makes the same (RFC 9112 sections 2.2, 3,
5), and nothing that says more about the connection than `keep-alive`. It refuses nothing: what it does not
take is for the parser, and for the desync mode, to judge. What it takes goes through the same admission as
all others. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import overload

from lb.admission import MAX_HEADER, MAX_HEADER_COUNT, Incoming, Origin, admit
from lb.headers import Kind, classify
from lb.reasons import Reason

MAX_SIZE = 64 * 1024
"""Of a request with its body: more is not small, and the parser's calls per header do not count there."""

# One request line and nothing else: neither space nor line end fits into the target, and no fragment.
_LINE = re.compile(
    rb"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/[\x21\x22\x24-\x7e]*) HTTP/1\.1\r\n",
)
_END = b"\r\n\r\n"
_CRLF = b"\r\n"
_PRINTABLE = bytes(range(0x20, 0x7F))
_ODD_NAME = re.compile(rb"[-_.A-Za-z0-9]+")
"""Outside of what ALB calls valid, and common all the same."""
_LENGTH = re.compile(rb"0|[1-9][0-9]{0,17}")

COOKIE, AGENT = -1, -2
"""Beside `Kind`: plain headers that somebody asks for in nearly every request."""
_UNKNOWN = -3
_WORDS = {b"cookie": COOKIE, b"user-agent": AGENT}
_TAKEN = frozenset(
    {Kind.HOST, Kind.FORWARDED_FOR, Kind.FORWARDED_FACT, Kind.TRACE, Kind.CONNECTION, Kind.CONTENT_LENGTH}
)
"""Of these kinds are exact names alone, in any case; other spellings that somebody could fold are none."""
_USUAL = (
    b"Host Connection Content-Length Content-Type User-Agent Cookie Accept Accept-Encoding Accept-Language "
    b"Authorization Cache-Control Pragma Referer Origin If-None-Match If-Modified-Since Range DNT Sec-GPC "
    b"Upgrade-Insecure-Requests Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User Priority "
    b"X-Requested-With X-Request-Id X-Forwarded-For X-Forwarded-Proto X-Forwarded-Port sec-ch-ua "
    b"sec-ch-ua-mobile sec-ch-ua-platform"
)
_SHARED = frozenset(
    b"host connection content-type content-length user-agent accept accept-encoding accept-language "
    b"cache-control pragma origin dnt sec-gpc upgrade-insecure-requests sec-fetch-dest sec-fetch-mode "
    b"sec-fetch-site sec-fetch-user priority x-requested-with x-forwarded-proto x-forwarded-port sec-ch-ua "
    b"sec-ch-ua-mobile sec-ch-ua-platform".split()
)
"""Headers whose values are nobody's secret, and the same in many requests."""
_MEMORY = 4096
_kinds: dict[bytes, tuple[int, bool]] = {}
"""Spelling to kind (or what stands beside it) and whether whole lines of it are kept."""
Special = tuple[int, bytes] | tuple[()]
"""(kind, value) of a sound line; empty for one that says nothing to us."""
_lines: dict[bytes, Special] = {}
"""Whole lines that were found sound: most lines of most requests have come before, from whatever client."""
_MAX_LINE = 256


def _learn(name: bytes) -> tuple[int, bool]:
    lower, kind = classify(name)
    known: int = _UNKNOWN
    if kind in _TAKEN or (kind == Kind.INVALID and _ODD_NAME.fullmatch(name)):
        known = kind
    elif kind == Kind.PLAIN and name:
        known = _WORDS.get(lower, Kind.PLAIN)
    found = (int(known), lower in _SHARED)
    # Bounded, and the usual names come first: names are the client's choice.
    if len(_kinds) < _MEMORY and len(name) <= 64:
        _kinds[name] = found
    return found


for _each in _USUAL.split():
    _learn(_each)
    _learn(_each.lower())


class LinePairs(Sequence[tuple[bytes, bytes]]):
    """(lower-case name, value) of header lines, made when somebody asks."""

    __slots__ = ("_lines", "_pairs")

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines
        self._pairs: list[tuple[bytes, bytes]] | None = None

    def _made(self) -> list[tuple[bytes, bytes]]:
        if self._pairs is None:
            parts = [line.partition(b": ") for line in self._lines]
            self._pairs = [(name.lower(), value) for name, _, value in parts]
        return self._pairs

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, at: int) -> tuple[bytes, bytes]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[bytes, bytes]]: ...
    def __getitem__(self, at: int | slice) -> tuple[bytes, bytes] | list[tuple[bytes, bytes]]:
        return self._made()[at]


class WholeRequest:
    """A request as it was read; nothing about it is decided yet."""

    __slots__ = (
        "agent",
        "body",
        "cookie",
        "host",
        "length",
        "lines",
        "method",
        "simple",
        "specials",
        "target",
    )

    method: str
    target: bytes
    lines: list[bytes]
    """The header lines, each without its end."""
    specials: list[tuple[int, int, bytes]]
    """(where in `lines`, kind, value) of those that say something to us."""
    simple: bool
    """These are one Host and what only says how long the body is."""
    host: bytes
    """The value of Host."""
    cookie: bytes
    """The value of the one Cookie line; empty for none."""
    agent: bytes | None
    length: int
    """The value of Content-Length; -1 for none."""
    body: bytes

    def passing(self, passes: Sequence[bool]) -> bytes:
        """Return the lines that go to the target as they are, with their ends; `passes` is by `Kind`."""
        kept = self.lines.copy()
        for at, kind, _ in reversed(self.specials):
            if not passes[kind]:
                del kept[at]
        kept.append(b"")
        return _CRLF.join(kept)

    @property
    def names(self) -> list[bytes]:
        """The headers' names as sent."""
        return [line.partition(b": ")[0] for line in self.lines]

    @property
    def kinds(self) -> list[int]:
        """The `Kind` of each header."""
        kinds = [int(Kind.PLAIN)] * len(self.lines)
        for at, kind, _ in self.specials:
            kinds[at] = kind
        return kinds

    def admit(self, origin: Origin) -> Incoming | None:
        """Admit it like every other request; None where there is anything to say against it."""
        admitted = admit(
            self.method,
            self.target,
            "1.1",
            (),
            pairs=LinePairs(self.lines),
            kinds=(),
            specials=[(kind, value) for _, kind, value in self.specials],
            origin=origin,
        )
        if isinstance(admitted, Reason) or admitted.finding is not None:
            return None
        admitted.whole = self
        return admitted


class KnownLine:
    """A long header line that was read on this connection before, a session cookie: comparing it costs a
    tenth of reading it."""

    __slots__ = ("line", "special", "start", "with_ends")

    def __init__(self, line: bytes) -> None:
        """Take a line of a `WholeRequest`."""
        self.line = line
        self.with_ends = _CRLF + line + _CRLF
        name, space, value = line.partition(b": ")
        self.start = _CRLF + name + space
        self.special: Special = (COOKIE, value)


def read_whole(data: bytes, known: KnownLine | None = None) -> WholeRequest | None:
    """Read `data` as one whole request; None: for the parser. `known` is a Cookie line."""
    first = _LINE.match(data)
    if first is None or len(data) > MAX_SIZE:
        return None
    begin = first.end()
    end = len(data) - len(_END) if data.endswith(_END) else data.find(_END)
    if not begin <= end <= MAX_HEADER - 32:
        return None
    lines = _split_around(data, begin, end, known) if known is not None else None
    if lines is None:
        lines, known = data[begin:end].split(_CRLF), None
    if len(lines) > MAX_HEADER_COUNT:
        return None
    read = WholeRequest()
    read.method, read.target = first[1].decode(), first[2]
    read.lines, read.body = lines, data[end + len(_END) :]
    return read if _read_lines(read, known) and _is_framed(read) else None


def _split_around(data: bytes, begin: int, end: int, known: KnownLine) -> list[bytes] | None:
    """Split the lines between `begin` and `end`, if the known one is among them."""
    at = data.find(known.start, begin - len(_CRLF), end)
    if at < 0 or not data.startswith(known.with_ends, at):
        return None
    after = at + len(known.with_ends)
    # Empty text is an empty line, which none of a head is: only where nothing is left there is no text.
    lines = data[begin:at].split(_CRLF) if at >= begin else []
    lines.append(known.line)
    if after < end + len(_CRLF):
        lines += data[after:end].split(_CRLF)
    return lines


def _read_lines(read: WholeRequest, known: KnownLine | None) -> bool:
    """Find the lines that say something to us; False when there is one that only the parser may judge."""
    specials: list[tuple[int, int, bytes]] = []
    kept, cookie = _lines.get, known and known.line
    for at, line in enumerate(read.lines):
        found = kept(line)
        if found is None:
            found = known.special if known is not None and line is cookie else _read_line(line)
            if found is None:
                return False
        if found:
            specials.append((at, *found))
    return _note_specials(read, specials)


def _read_line(line: bytes) -> Special | None:
    """Return what a line says to us; None when it is not sound, or only the parser may judge it."""
    name, colon, value = line.partition(b": ")
    kind, shared = _kinds.get(name) or _learn(name)
    # One space in front of the value and none behind it: of others readers differ in what they make.
    if kind == _UNKNOWN or not colon or not value or value.strip() != value:
        return None
    if line.translate(None, _PRINTABLE):
        return None
    found: Special = (kind, value) if kind else ()
    if shared and len(line) <= _MAX_LINE:
        if len(_lines) >= _MEMORY:
            # Full of what clients chose to send; what is usual is soon back.
            _lines.clear()
        _lines[line] = found
    return found


def _note_specials(read: WholeRequest, found: list[tuple[int, int, bytes]]) -> bool:
    read.agent, read.cookie, read.host, read.length = None, b"", b"", -1
    specials = read.specials = []
    hosts = cookies = others = 0
    for each in found:
        _, kind, value = each
        if kind == COOKIE:
            read.cookie, cookies = value, cookies + 1
            continue
        if kind == AGENT:
            read.agent = read.agent or value
            continue
        specials.append(each)
        if kind == Kind.HOST:
            read.host, hosts = value, hosts + 1
        elif kind == Kind.CONNECTION:
            if value.lower() != b"keep-alive":
                return False
        elif kind == Kind.CONTENT_LENGTH:
            if read.length >= 0 or not _LENGTH.fullmatch(value):
                return False
            read.length = int(value)
        else:
            others += 1
    read.simple = hosts == 1 and cookies <= 1 and not others
    return True


def _is_framed(read: WholeRequest) -> bool:
    """Tell whether the body ends where the bytes do, and is none that the desync mode has to judge."""
    if read.length < 0:
        return not read.body
    return len(read.body) == read.length and read.method not in ("GET", "HEAD")
