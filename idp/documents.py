"""JSON documents of others, which are kept as they came: whether they can be kept and given back. Pure.

They are walked level by level, never by recursion: a deep one must not exhaust the stack.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from idp.users.attributes import is_storable


def levels(document: object) -> Iterator[list[object]]:
    """Yield the values of a document level by level, itself first; names count among what is in a mapping."""
    level = [document]
    while level:
        yield level
        level = [inner for value in level for inner in _inside(value)]


def is_storable_document(document: object) -> bool:
    """Whether it is JSON through and through: texts that can be kept, finite numbers, no other things."""
    return all(_is_storable_value(value) for level in levels(document) for value in level)


def _inside(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _is_storable_value(value: object) -> bool:
    if isinstance(value, str):
        return is_storable(value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, int | Mapping | list)
