"""Encoding response headers (HPACK, RFC 7541) with the static table alone.

No dynamic table: a response's headers leave nothing behind that a later one on the connection could be
measured against (RFC 7541 section 7.1), a client cannot make the encoder keep megabytes, and encoding costs a
tenth of a search through the table. No Huffman code, for the same reason of cost.
"""

from __future__ import annotations

from collections.abc import Iterable

from hpack.table import HeaderTable

_INDEXED, _NEVER_INDEXED, _PLAIN = 0x80, 0x10, 0x00
_TABLE_OF_NOTHING = b"\x20"
"""Dynamic table size update to 0 (RFC 7541 section 6.3)."""
_SENSITIVE = frozenset({b"set-cookie", b"authorization"})
_MEMORY = 1024

_names: dict[bytes, int] = {}
_statuses: dict[bytes, bytes] = {}
for _index, (_name, _value) in enumerate(HeaderTable.STATIC_TABLE, 1):
    _names.setdefault(bytes(_name), _index)
    if _name == b":status":
        _statuses[bytes(_value)] = bytes([_INDEXED | _index])
_prefixes: dict[bytes, bytes] = {}


def encode_integer(value: int, bits: int, flags: int) -> bytes:
    """Write an integer with a prefix of `bits` bits (RFC 7541 section 5.1) under `flags`."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes([flags | value])
    written = bytearray([flags | limit])
    value -= limit
    while value >= 128:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)


def _prefix(name: bytes) -> bytes:
    """Return everything of a literal field but its value."""
    flags = _NEVER_INDEXED if name in _SENSITIVE else _PLAIN
    index = _names.get(name, 0)
    prefix = encode_integer(index, 4, flags)
    if not index:
        prefix += encode_integer(len(name), 7, 0) + name
    # Bounded: names are the targets' choice.
    if len(_prefixes) < _MEMORY and len(name) <= 64:
        _prefixes[name] = prefix
    return prefix


class StaticEncoder:
    """Stands in for `hpack.Encoder` in an `H2Connection`."""

    def __init__(self) -> None:
        self.size = 0
        """Bytes of the block encoded last."""
        self._announce = True

    @property
    def header_table_size(self) -> int:
        """Size of the dynamic table in use."""
        return 0

    @header_table_size.setter
    def header_table_size(self, allowed: int) -> None:
        """Take what the client allows: a decoder whose limit has shrunk waits to be told a size."""
        self._announce = True

    def encode(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Encode a header block; names are lower case."""
        pieces: list[bytes] = []
        if self._announce:
            self._announce = False
            pieces.append(_TABLE_OF_NOTHING)
        for name, value in headers:
            if name == b":status" and value in _statuses:
                pieces.append(_statuses[value])
                continue
            size = len(value)
            pieces += (
                _prefixes.get(name) or _prefix(name),
                bytes((size,)) if size < 127 else encode_integer(size, 7, 0),
                value,
            )
        block = b"".join(pieces)
        self.size = len(block)
        return block
