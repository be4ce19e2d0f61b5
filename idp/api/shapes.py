"""Input shapes of the service model: reads a request's document and validates it (cognito.md 3.1). Pure.

Two passes, as in the service: a value of a wrong type is a SerializationException at once; constraints
(required, length, pattern, enumeration, range) are all checked, and told together. Unknown members are
ignored, and a member that is null is absent. What the model calls sensitive is never quoted.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import re2

from idp.api.errors import ApiError, invalid_parameter, serialization
from idp.documents import is_storable_document
from idp.users.attributes import is_storable

MOST_QUOTED: Final = 256


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the service model."""

    name: str
    auth: str
    """`public` (unsigned; an access token or nothing), `secret` (the client's), or `signed` (SigV4)."""
    input: str
    """The name of its input shape."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A type of the model with its constraints."""

    type: str
    members: Mapping[str, str]
    required: tuple[str, ...] = ()
    inner: str | None = None
    """The shape of a list's members or a map's values."""
    key: str | None = None
    min: int | None = None
    max: int | None = None
    pattern: str | None = None
    matches: Any = None
    enum: tuple[str, ...] = ()
    is_sensitive: bool = False
    is_document: bool = False
    """Any JSON at all."""


@cache
def _content() -> Mapping[str, Any]:
    text = resources.files("idp.api").joinpath("shapes.json").read_text("utf-8")
    content: Mapping[str, Any] = json.loads(text)
    return content


@cache
def operations() -> Mapping[str, Operation]:
    """All operations of the service model, by name."""
    entries = _content()["operations"].items()
    return {name: Operation(name, entry["auth"], entry["input"]) for name, entry in entries}


def target_prefix() -> str:
    """What stands before the operation's name in `X-Amz-Target`, without the dot."""
    return str(_content()["prefix"])


@cache
def shape(name: str) -> Shape:
    """Return a shape of the model by name."""
    entry = _content()["shapes"][name]
    pattern = entry.get("matches") or entry.get("pattern")
    return Shape(
        type=entry["type"],
        members=entry.get("members", {}),
        required=tuple(entry.get("required", ())),
        inner=entry.get("member") or entry.get("value"),
        key=entry.get("key"),
        min=entry.get("min"),
        max=entry.get("max"),
        pattern=entry.get("pattern"),
        matches=re2.compile(pattern) if pattern else None,
        enum=tuple(entry.get("enum", ())),
        is_sensitive=entry.get("sensitive", False),
        is_document=entry.get("document", False),
    )


def read_input(operation: Operation, document: object) -> dict[str, Any]:
    """Return the members of a request; raises SerializationException or InvalidParameterException.

    Blobs come as bytes, timestamps as Unix seconds, and absent members are not there.
    """
    kind = shape(operation.input)
    members: dict[str, Any] = _read(kind, document)
    problems = list(_check(kind, members, ""))
    if problems:
        plural = "s" if len(problems) > 1 else ""
        head = f"{len(problems)} validation error{plural} detected: "
        raise invalid_parameter(head + "; ".join(problems))
    return members


def _read(kind: Shape, value: object) -> Any:
    return _read_document(value) if kind.is_document else _READERS[kind.type](kind, value)


def _read_document(value: object) -> object:
    if not is_storable_document(value):
        raise serialization("a document has a NUL, half a surrogate pair or an infinite number")
    return value


def _read_structure(kind: Shape, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise serialization(f"{_token(value)} can not be converted to a structure")
    return {
        name: _read(shape(kind.members[name]), member)
        for name, member in value.items()
        if name in kind.members and member is not None
    }


def _read_list(kind: Shape, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise serialization("Expected list or null")
    assert kind.inner is not None
    inner = shape(kind.inner)
    return [_read(inner, member) for member in value if member is not None]


def _read_map(kind: Shape, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise serialization(f"{_token(value)} can not be converted to a map")
    assert kind.inner is not None
    inner = shape(kind.inner)
    return {_storable(name): _read(inner, item) for name, item in value.items() if item is not None}


def _read_text(_kind: Shape, value: object) -> str:
    if not isinstance(value, str):
        raise serialization(f"{_token(value)} can not be converted to a String")
    return _storable(value)


def _read_integer(_kind: Shape, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise serialization(f"{_token(value)} can not be converted to an Integer")
    if not -(2**63) <= value < 2**63:
        raise serialization("a number is too large")
    return value


def _read_boolean(_kind: Shape, value: object) -> bool:
    if not isinstance(value, bool):
        raise serialization(f"{_token(value)} can not be converted to a Boolean")
    return value


def _read_timestamp(_kind: Shape, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise serialization(f"{_token(value)} can not be converted to a timestamp")
    return float(value)


def _read_blob(_kind: Shape, value: object) -> bytes:
    if not isinstance(value, str):
        raise serialization(f"{_token(value)} can not be converted to a blob")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise serialization("a blob is not base64") from error


_READERS: Final[Mapping[str, Callable[[Shape, object], Any]]] = {
    "structure": _read_structure,
    "list": _read_list,
    "map": _read_map,
    "string": _read_text,
    "integer": _read_integer,
    "long": _read_integer,
    "boolean": _read_boolean,
    "timestamp": _read_timestamp,
    "blob": _read_blob,
}


def _storable(text: str) -> str:
    if not is_storable(text):
        raise serialization("a text has a NUL or half a surrogate pair, which cannot be kept")
    return text


def _token(value: object) -> str:
    """Name a value as the service's JSON reader does."""
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    names = ((str, "STRING_VALUE"), ((int, float), "NUMBER_VALUE"), (list, "START_ARRAY"))
    return next((name for kind, name in names if isinstance(value, kind)), "START_OBJECT")


def _check(kind: Shape, value: Any, path: str) -> Iterator[str]:
    """Yield what is wrong with a value and everything in it."""
    if kind.is_document:
        return
    for constraint in _broken(kind, value):
        yield _tell(value, path, constraint, is_sensitive=kind.is_sensitive)
    if kind.type == "structure":
        yield from _check_members(kind, value, path)
    elif kind.type in ("list", "map") and kind.inner is not None:
        yield from _check_items(kind, value, path)


def _check_members(kind: Shape, members: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, shape_name in kind.members.items():
        inner, where = shape(shape_name), _below(path, name[:1].lower() + name[1:])
        if name in members:
            yield from _check(inner, members[name], where)
        elif name in kind.required:
            yield _tell(None, where, "Member must not be null", is_sensitive=inner.is_sensitive)


def _check_items(kind: Shape, value: Any, path: str) -> Iterator[str]:
    assert kind.inner is not None
    inner = shape(kind.inner)
    if kind.type == "list" and inner.type == "structure":
        for number, item in enumerate(value, 1):
            yield from _check(inner, item, _below(path, f"{number}.member"))
        return
    entries = value.values() if kind.type == "map" else value
    broken = [next(iter(found)) for item in entries if (found := list(_broken(inner, item)))]
    keys = shape(kind.key) if kind.key else None
    broken_keys = [next(iter(found)) for key in value if keys and (found := list(_broken(keys, key)))]
    word = "Map value" if kind.type == "map" else "Member"
    hidden = inner.is_sensitive or kind.is_sensitive
    if broken:
        yield _tell(value, path, f"{word} must satisfy constraint: [{broken[0]}]", is_sensitive=hidden)
    if broken_keys:
        yield _tell(value, path, f"Map keys must satisfy constraint: [{broken_keys[0]}]", is_sensitive=hidden)


def _broken(kind: Shape, value: Any) -> Iterator[str]:
    """Yield the constraints that a value breaks by itself."""
    is_number = kind.type in ("integer", "long")
    if kind.type in ("string", "list", "map", "blob") or is_number:
        size, word = (value, "value") if is_number else (len(value), "length")
        if kind.min is not None and size < kind.min:
            yield f"Member must have {word} greater than or equal to {kind.min}"
        if kind.max is not None and size > kind.max:
            yield f"Member must have {word} less than or equal to {kind.max}"
    if kind.type == "string":
        if kind.matches is not None and kind.matches.fullmatch(value) is None:
            yield f"Member must satisfy regular expression pattern: {kind.pattern}"
        if kind.enum and value not in kind.enum:
            yield f"Member must satisfy enum value set: [{', '.join(kind.enum)}]"


def _tell(value: Any, path: str, constraint: str, *, is_sensitive: bool) -> str:
    quoted = "" if is_sensitive else " null" if value is None else f" '{_quote(value)}'"
    return f"Value{quoted} at '{path}' failed to satisfy constraint: {constraint}"


def _quote(value: Any) -> str:
    if isinstance(value, list):
        # Structures within may hold what must not be quoted.
        text = f"[{', '.join('{...}' if isinstance(item, dict) else str(item) for item in value)}]"
    elif isinstance(value, dict):
        text = f"{{{', '.join(f'{key}={item}' for key, item in value.items())}}}"
    else:
        text = f"({len(value)} bytes)" if isinstance(value, bytes) else str(value)
    return text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}..."


def _below(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step


def read_json(body: bytes) -> object:
    """Read a body; an empty one is an empty document. Raises SerializationException."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant) if body.strip() else {}
    except (ValueError, RecursionError) as error:
        raise serialization("the body is not JSON") from error


def _refuse_constant(name: str) -> float:
    """NaN and Infinity are Python's words, not JSON's."""
    raise ValueError(name if math.isnan(float(name)) else "infinity")


__all__ = [
    "ApiError",
    "Operation",
    "Shape",
    "operations",
    "read_input",
    "read_json",
    "shape",
    "target_prefix",
]
