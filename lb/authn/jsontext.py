"""JSON from outside, read without surprises: an object or nothing.

Deep nesting, huge numbers, NaN, repeated names and lone surrogates each break something later on; all are
refused here.
"""

from __future__ import annotations

import json
import math
from typing import Any

Claims = dict[str, Any]


def parse_object(text: bytes | str) -> Claims | None:
    """Return the JSON object in `text`, or None when it holds anything else."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique)
        # A lone surrogate survives parsing and fails only when it is encoded: find out now.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def dump_compact(value: Any) -> bytes:
    """Spell `value` without spaces, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is out of range")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> Claims:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name occurs twice")
    return value
