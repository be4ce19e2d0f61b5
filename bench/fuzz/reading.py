"""How the first bytes of an input say what is done with the rest: cuts, haste, adapter, ends."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

HEADER = 4


@dataclass(frozen=True, slots=True)
class Play:
    """One conversation to be played."""

    data: bytes
    direct: bool
    """Straight from the wire to an exchange, or through ASGI."""
    slow: bool
    """The connection to the target takes until everything was sent; clients take nothing."""
    flood: bool
    """The end of the conversation goes on and on."""
    cuts: tuple[int, ...]
    haste: bool
    """Pieces come before those ahead have had their effect."""

    def pieces(self) -> list[bytes]:
        """Cut the conversation."""
        size = len(self.data)
        places = sorted({0, size, *(cut * size // 256 for cut in self.cuts)})
        return [self.data[start:end] for start, end in pairwise(places)]


def read_play(data: bytes) -> Play:
    """Read an input of any bytes; shorter ones than the header are padded."""
    mode, *cuts = data[:HEADER].ljust(HEADER, b"\0")
    return Play(
        data[HEADER:],
        direct=not mode & 1,
        haste=bool(mode & 2),
        slow=bool(mode & 4),
        flood=bool(mode & 8),
        cuts=tuple(cuts),
    )


def write_play(data: bytes, *, mode: int = 0, cuts: bytes = b"\0\0\0") -> bytes:
    """Write an input: the inverse of `read_play`."""
    return bytes([mode]) + cuts + data
