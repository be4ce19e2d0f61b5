"""Settings as JSON for the administration port, without secrets. Pure.

What is shown is decided by type and by name: plain values of fields whose names do not speak of secrets.
Objects that are no settings (an application, a compiled pattern) show as their type or their text, never by
their repr.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path

from lb.observe.redact import redact_url
from rules import RuleSet, to_document

REDACTED = "(redacted)"
_SECRET_NAME = re.compile("secret|passw|passphrase|credential|api_?key|token$", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/?#\s]*@")


def to_json(value: object) -> object:
    """Return `value` in JSON's types, secrets replaced."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str | Path):
        return _text(str(value))
    if isinstance(value, Enum):
        return to_json(value.value)
    if isinstance(value, re.Pattern):
        return str(value.pattern)
    if isinstance(value, RuleSet):
        return to_json(to_document(value))
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, tuple | list | set | frozenset):
        return _sequence(list(value))
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _named(each.name, getattr(value, each.name)) for each in fields(value)}
    return f"<{type(value).__name__}>"


def _mapping(value: Mapping[object, object]) -> dict[str, object]:
    shown = {str(key): _named(str(key), each) for key, each in value.items()}
    if "HttpHeaderName" in shown:
        # A header's value is often a password between proxies (`X-Origin-Verify`), whatever the header is
        # called.
        shown["Values"] = REDACTED
    if _SECRET_NAME.search(str(shown.get("Key", ""))) and "Value" in shown:
        shown["Value"] = REDACTED
    return shown


def _named(name: str, value: object) -> object:
    return REDACTED if _SECRET_NAME.search(name) and value not in (None, "") else to_json(value)


def _sequence(values: list[object]) -> object:
    # A (name, value) pair may carry a secret as well as a field may.
    if len(values) == 2 and isinstance(values[0], str) and _SECRET_NAME.search(values[0]):
        return [values[0], REDACTED]
    return [to_json(each) for each in values]


def _text(text: str) -> str:
    return redact_url(_USERINFO.sub("", text))
