"""The blocks of the table: what every row is asked for, and by how many clients at a time.

wrk sends one block of bytes again and again, and a head that repeats is answered by a short cut of ours
(`lb.repeat`); so one block asks with other values each time, and one with other header lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.albacore import OURS
from bench.load import Variation
from bench.upstream import BIG, SIZES, SMALL

_HEADS = {
    Variation.NONE: "one head, repeated",
    Variation.VALUES: "every request another query and other values in the same header lines",
    Variation.LINES: "every request another query and other header lines",
}
_COMPARED = frozenset({"nginx", "envoy", "floor", *OURS})


@dataclass(frozen=True, slots=True)
class Block:
    """One table."""

    name: str
    body: str
    """Which of the upstream's bodies."""
    connections: int
    variation: Variation = Variation.NONE
    programs: frozenset[str] | None = None
    """Which programs it is for; None: for all."""

    @property
    def size(self) -> int:
        """Bytes of one body."""
        return SIZES[self.body]

    @property
    def warm_up_seconds(self) -> int:
        """Of load before the measured one: hundreds of big answers end all at once, and late."""
        return 1 if self.connections < 100 else 2

    @property
    def title(self) -> str:
        """What the table says above itself."""
        size = "1 KiB" if self.body == SMALL else f"{self.size // 1000} kB"
        return f"{self.name}: {size} bodies, {self.connections} connections, {_HEADS[self.variation]}"


BLOCKS = {
    block.name: block
    for block in (
        Block("small-32", SMALL, 32),
        # To the others a head that repeats is as good as any: nginx and Envoy are there to be compared with.
        Block("values-32", SMALL, 32, Variation.VALUES, programs=_COMPARED),
        Block("varying-32", SMALL, 32, Variation.LINES, programs=_COMPARED),
        Block("small-512", SMALL, 512),
        Block("big-32", BIG, 32),
        Block("big-512", BIG, 512),
    )
}
