"""The file of breached passwords: built once from a public list, then searched where it lies.

Format (little-endian): the magic; a table of 65,537 record numbers, where the run of each pair of first bytes
starts, and the end; then the records, sorted: the next 5 bytes of each SHA-1. So 56 bits of each hash are
kept, in 5 bytes a password: a thousand million take 5 GB. A password that is in no breach is taken for a
breached one with a chance of records / 2^56: 1 in 70 million for a thousand million records.

A lookup maps the file and searches the one run that the first two bytes name: some 15 steps, no memory.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, Final

MAGIC: Final = b"albacore breached passwords 1\n\x00\x00"
KEPT: Final = 7
"""Bytes of a SHA-1 that are kept, the two of the table included."""
_RECORD: Final = KEPT - 2
_RUNS: Final = 65_536
_TABLE: Final = struct.Struct(f"<{_RUNS + 1}Q")
_START: Final = len(MAGIC) + _TABLE.size
_BUFFER: Final = 1 << 20


class BadBreachFile(ValueError):  # noqa: N818 - a state, said plainly
    """The file is not one that `albacore breached build` wrote, or not all of it."""


def full_hash(password: str) -> bytes:
    """Return a password's SHA-1: the public lists are made with it, and nothing rests on its strength."""
    return hashlib.sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()


def truncated_hash(password: str) -> bytes:
    """Return what is kept of a password."""
    return full_hash(password)[:KEPT]


def write_breach_file(hashes: Iterable[bytes], target: Path) -> int:
    """Write sorted truncated hashes (7 bytes or more each) and return how many; twins are kept once.

    The target is replaced whole, at the end. Raises ValueError where they are not sorted.
    """
    partial = target.with_name(f"{target.name}.partial")
    try:
        with partial.open("wb") as file:
            count = _write(hashes, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _write(hashes: Iterable[bytes], file: BinaryIO) -> int:
    runs, buffer, before, count = [0] * _RUNS, bytearray(), b"", 0
    file.write(bytes(_START))
    for full in hashes:
        kept = full[:KEPT]
        if kept <= before:
            if kept == before:
                continue
            raise ValueError(f"not sorted: {kept.hex()} after {before.hex()}")
        before, count = kept, count + 1
        runs[kept[0] << 8 | kept[1]] += 1
        buffer += kept[2:]
        if len(buffer) >= _BUFFER:
            file.write(buffer)
            buffer.clear()
    file.write(buffer)
    file.seek(0)
    file.write(MAGIC)
    file.write(_TABLE.pack(0, *accumulate(runs)))
    return count


class BreachFile:
    """An open file of breached passwords."""

    def __init__(self, path: Path) -> None:
        """Map the file; raises OSError or BadBreachFile."""
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < _START:
                raise BadBreachFile(f"{path} is too short: build it with `albacore breached build`")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._table = _TABLE.unpack_from(self._map, len(MAGIC))
        expected = _START + self._table[-1] * _RECORD
        if self._map[: len(MAGIC)] != MAGIC or len(self._map) != expected:
            self._map.close()
            raise BadBreachFile(f"{path} is no whole list: build it with `albacore breached build`")

    def __len__(self) -> int:
        return int(self._table[-1])

    def __contains__(self, password: str) -> bool:
        kept = truncated_hash(password)
        run, wanted = kept[0] << 8 | kept[1], kept[2:]
        low, high = self._table[run], self._table[run + 1]
        while low < high:
            middle = (low + high) // 2
            if self._record(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        return low < self._table[run + 1] and self._record(low) == wanted

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()

    def _record(self, number: int) -> bytes:
        start = _START + number * _RECORD
        return self._map[start : start + _RECORD]
