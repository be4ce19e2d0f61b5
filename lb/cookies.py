"""Cookies as text: find them in a Cookie header, shard and join long values, spell Set-Cookie.

Pure, and on the path of every authenticated request: `ShardedCookie.read` costs about a microsecond. ALB's
session cookie is `<name>-0` to `<name>-3`, always with the suffix, 4 KB each at most (alb.md 3.4). Values are
in the base64 alphabet and never URL-decoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from email.utils import formatdate

MAX_SHARDS = 4
MAX_REPEATS = 4
"""Cookies of one name that are looked at: each costs an attempt to open it."""
MAX_COOKIE_BYTES = 4096
"""Name, `=` and value: what browsers take at least (RFC 6265 section 6.1)."""
MAX_TOTAL_BYTES = 13 * 1024
"""All shards with their names. One header line may have 16 KB (`admission.MAX_HEADER`), the Cookie header
too: a session that fills it would be refused at every request, with no way to log out. The rest is for logins
under way and the app's own cookies."""
_PAST = b"Thu, 01 Jan 1970 00:00:00 GMT"
_COUNTS = {str(count).encode(): count for count in range(1, MAX_SHARDS + 1)}


def cookie_header(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the Cookie header's value; several (HTTP/2 splits them) are joined. None without any."""
    found: bytes | None = None
    for name, value in headers:
        if name == b"cookie":
            found = value if found is None else found + b"; " + value
    return found


def find_cookie(header: bytes, needle: bytes) -> bytes | None:
    """Return the value of the first cookie whose `name=` is `needle`, or None.

    Only a whole cookie counts: not the tail of a longer name, nor text inside another cookie's value.
    """
    start, end = _locate(header, needle)
    return header[start:end].rstrip() if start else None


def _locate(header: bytes, needle: bytes) -> tuple[int, int]:
    """Return where the value of a cookie begins and ends; (0, 0) without one."""
    at = header.find(needle)
    while at >= 0:
        if at == 0 or header[at - 2 : at] == b"; " or _follows_separator(header, at):
            start = at + len(needle)
            end = header.find(b";", start)
            return start, len(header) if end < 0 else end
        at = header.find(needle, at + 1)
    return 0, 0


def _follows_separator(header: bytes, at: int) -> bool:
    return header[:at].rstrip(b" \t")[-1:] in (b";", b"")


def cookie_names(header: bytes, prefix: bytes) -> list[bytes]:
    """List the names that start with `prefix`, in the order sent, each once."""
    names = (pair.partition(b"=")[0].strip() for pair in header.split(b";"))
    return list(dict.fromkeys(name for name in names if name.startswith(prefix)))


def set_cookie(
    name: bytes,
    value: bytes,
    *,
    secure: bool,
    max_age: int | None = None,
    expires: float | None = None,
) -> bytes:
    """Spell a Set-Cookie value: host-only, `Path=/`, HttpOnly, SameSite=Lax.

    Lax is what current browsers assume when nothing is said, and the answer of a login page is a top-level
    GET.
    """
    parts = [name + b"=" + value]
    if expires is not None:
        parts.append(b"Expires=" + formatdate(expires, usegmt=True).encode())
    if max_age is not None:
        parts.append(b"Max-Age=%d" % max_age)
    parts += (b"Path=/", b"HttpOnly", b"SameSite=Lax")
    if secure:
        parts.append(b"Secure")
    return b"; ".join(parts)


def expire_cookie(name: bytes, *, secure: bool) -> bytes:
    """Spell the Set-Cookie value that deletes `name`; the attributes must match those it was set with."""
    suffix = b"; Secure" if secure else b""
    return name + b"=; Expires=" + _PAST + b"; Max-Age=0; Path=/; HttpOnly; SameSite=Lax" + suffix


class ShardedCookie:
    """A cookie whose value may need up to four cookies.

    The first character of the first shard says how many shards belong to it, so that shards left over from a
    longer value are not taken for a part of it.
    """

    __slots__ = ("_needles", "names", "shard_bytes")

    def __init__(self, name: str) -> None:
        self.names = tuple(f"{name}-{number}".encode() for number in range(MAX_SHARDS))
        self._needles = tuple(shard + b"=" for shard in self.names)
        self.shard_bytes = MAX_COOKIE_BYTES - len(self._needles[0])

    @property
    def capacity(self) -> int:
        """Bytes of the longest value that fits."""
        names = MAX_SHARDS * (len(self._needles[0]) + len("; "))
        return min(MAX_SHARDS * self.shard_bytes, MAX_TOTAL_BYTES - names) - len("4")

    def read(self, header: bytes) -> bytes | None:
        """Return the joined shards, count first, or None without a first shard.

        Missing shards leave a value that opens nowhere: the caller need not tell the cases apart.
        """
        start, end = _locate(header, self._needles[0])
        if not start:
            return None
        first = header[start:end].rstrip()
        count = _COUNTS.get(first[:1], 1)
        return first if count == 1 else first + self._read_more(header, end, count)

    def read_others(self, header: bytes) -> Iterator[bytes]:
        """Yield what else `header` may hold, beside what `read` gives, when names occur more than once.

        A sibling domain, or a page over plain http, can plant a cookie of the same name that browsers send
        first (RFC 6265 section 5.4): damaged, it would keep its victim out for as long as it stays.
        """
        sent: dict[bytes, list[bytes]] = {}
        for pair in header.split(b";"):
            name, _, value = pair.partition(b"=")
            sent.setdefault(name.strip(), []).append(value.strip())
        shards = [sent.get(name, [b""]) for name in self.names]
        for turn in range(1, min(MAX_REPEATS, max(map(len, shards)))):
            chosen = [values[min(turn, len(values) - 1)] for values in shards]
            yield b"".join(chosen[: _COUNTS.get(chosen[0][:1], 1)])

    def _read_more(self, header: bytes, end: int, count: int) -> bytes:
        parts = []
        for needle in self._needles[1:count]:
            # Browsers send the shards side by side: looking there first saves a search through kilobytes.
            if header.startswith(needle, end + 2) and header.startswith(b"; ", end):
                start = end + 2 + len(needle)
                found = header.find(b";", start)
                end = len(header) if found < 0 else found
            else:
                start, end = _locate(header, needle)
            parts.append(header[start:end].rstrip())
        return b"".join(parts)

    def shard(self, value: bytes) -> list[bytes]:
        """Cut `value` into the values of `-0`, `-1`, ...; raises ValueError when four do not hold it."""
        if len(value) > self.capacity:
            raise ValueError(f"{len(value)} bytes do not fit into {MAX_SHARDS} cookies")
        text = b"%d" % self._count(len(value) + 1) + value
        return [text[start : start + self.shard_bytes] for start in range(0, len(text), self.shard_bytes)]

    def join(self, text: bytes) -> bytes | None:
        """Return the value inside what `read` gave; None when the count does not fit the length."""
        return text[1:] if text[:1] == b"%d" % self._count(len(text)) else None

    def _count(self, length: int) -> int:
        return -(-length // self.shard_bytes)

    def set_all(self, value: bytes, *, header: bytes | None, expires: float, secure: bool) -> list[bytes]:
        """Spell the Set-Cookie values for `value`, and expire shards in the browser's `header` beyond it."""
        shards = self.shard(value)
        lines = [
            set_cookie(name, part, expires=expires, secure=secure)
            for name, part in zip(self.names, shards, strict=False)
        ]
        return lines + self._expire(self.names[len(shards) :], header, secure=secure)

    def expire_all(self, *, secure: bool) -> list[bytes]:
        """Spell the Set-Cookie values that delete every shard."""
        return [expire_cookie(name, secure=secure) for name in self.names]

    def _expire(self, names: Sequence[bytes], header: bytes | None, *, secure: bool) -> list[bytes]:
        sent = set() if header is None else set(cookie_names(header, self.names[0][:-1]))
        return [expire_cookie(name, secure=secure) for name in names if name in sent]
