"""Query strings and form bodies as one immutable record: read once, repeats known, never guessed at.

RFC 6749 3.1 and 3.2: a parameter must not appear twice, and one without a value counts as omitted. Two
readers that pick different copies of a repeated parameter are how validation is bypassed, so repeats are
refused and not resolved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

MAX_FIELDS = 100
"""No form or request of ours has nearly as many; more is somebody looking for a slow path."""


@dataclass(frozen=True, slots=True, repr=False)
class Parameters:
    """Decoded name/value pairs in the order sent. The repr shows names only: values hold secrets."""

    pairs: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Parameters({', '.join(name for name, _ in self.pairs)})"

    def get(self, name: str) -> str | None:
        """Return the value of `name`, or None when it is absent or empty."""
        for key, value in self.pairs:
            if key == name:
                return value or None
        return None

    def text(self, name: str) -> str:
        """Return the value of `name`, or an empty string."""
        return self.get(name) or ""

    def repeated(self, names: Iterable[str] | None = None) -> frozenset[str]:
        """Return which of `names` (all, when None) were sent more than once."""
        counts = Counter(name for name, _ in self.pairs)
        return frozenset(name for name in (counts if names is None else names) if counts[name] > 1)

    def keep(self, names: frozenset[str]) -> Parameters:
        """Return only the pairs named in `names`, order kept."""
        return Parameters(tuple(pair for pair in self.pairs if pair[0] in names))

    def encode(self) -> str:
        """Spell the pairs as a query string that decodes to the same values (ASCII only)."""
        return urlencode(self.pairs, quote_via=quote)


def parse_parameters(raw: bytes | str) -> Parameters | None:
    """Read an `application/x-www-form-urlencoded` text; None when it is not UTF-8 or has too many fields.

    Or a NUL: nothing that people type or programs make has one, and PostgreSQL cannot keep it.
    """
    try:
        text = raw if isinstance(raw, str) else raw.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        return None
    return None if any("\x00" in part for pair in pairs for part in pair) else Parameters(tuple(pairs))
