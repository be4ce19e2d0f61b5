"""What a file of breached passwords is built from: the public sorted list of hashes, or a list of words.

The public list has a line `SHA-1 in hex:how often` for each password, in order of the hashes, and tens of
gigabytes: it is read line by line. Words, one a line, are sorted in pieces on disk, so that memory is bounded
for them as well.
"""

from __future__ import annotations

import heapq
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import BinaryIO, Final

from idp.protection.breach_file import KEPT, truncated_hash

PIECE: Final = 1_000_000
LONGEST_LINE: Final = 4096
_HASH_LINE: Final = re.compile(rb"([0-9A-Fa-f]{40})(?::([0-9]{1,18}))?")


class BadSource(ValueError):  # noqa: N818 - a state, said plainly
    """A line cannot be read; the text names it."""


def looks_like_hashes(line: bytes) -> bool:
    """Whether a first line is one of the list of hashes."""
    return _HASH_LINE.fullmatch(line.strip()) is not None


def read_hashes(lines: Iterable[bytes], *, at_least: int = 1) -> Iterator[bytes]:
    """Yield the hashes of a sorted list, those seen `at_least` times; raises BadSource."""
    before = b""
    for number, line in enumerate(lines, 1):
        match = _HASH_LINE.fullmatch(line.strip())
        if match is None:
            raise BadSource(f"line {number}: expected `SHA-1 in hex:count`")
        found = bytes.fromhex(match[1].decode("ascii"))
        if found < before:
            raise BadSource(f"line {number}: the list must be sorted by hash")
        before = found
        if int(match[2] or 1) >= at_least:
            yield found


def hash_words(lines: Iterable[bytes], *, piece: int = PIECE) -> Iterator[bytes]:
    """Yield the truncated hashes of words, sorted; words that are no UTF-8 count as Latin-1."""
    words = (line.rstrip(b"\r\n") for line in lines)
    kept = (truncated_hash(_decode(word)) for word in words if word and len(word) <= LONGEST_LINE)
    with ExitStack() as files:
        pieces: list[Iterator[bytes]] = []
        while part := sorted(islice(kept, piece)):
            file = files.enter_context(tempfile.TemporaryFile())
            file.write(b"".join(part))
            file.seek(0)
            pieces.append(_read_back(file))
        yield from heapq.merge(*pieces)


def _read_back(file: BinaryIO) -> Iterator[bytes]:
    while record := file.read(KEPT):
        yield record


def _decode(word: bytes) -> str:
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError:
        return word.decode("latin-1")
