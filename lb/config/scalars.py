"""What a scalar of the configuration means: a small, predictable subset of YAML 1.1.

PyYAML reads YAML 1.1, where `no` is false, `010` is eight, `1:30` is ninety and `2026-11-25` is a date.
Each of these has cost somebody an evening. Here only `true` and `false` are booleans, only plain decimal
digits are numbers, dates are text, and everything that another YAML tool could read differently is said
aloud.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Scalar = str | int | float | bool | None

_TAG = "tag:yaml.org,2002:"
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?[0-9]+\.[0-9]*([eE][-+]?[0-9]+)?\Z")
_TEXT_TAGS = {"str", "timestamp", "value", "merge"}


@dataclass(frozen=True, slots=True)
class Reading:
    """A scalar's value, with what is wrong or doubtful about how it is written (`code` empty: nothing)."""

    value: Scalar
    code: str = ""
    message: str = ""
    severity: str = "error"


def read_scalar(tag: str, text: str) -> Reading:
    """Return what a scalar with the resolved YAML tag `tag` means."""
    if not tag.startswith(_TAG):
        return Reading(text, "UnknownTag", _unknown_tag(tag))
    kind = tag.removeprefix(_TAG)
    if kind in _TEXT_TAGS:
        return Reading(text)
    if kind == "null":
        return Reading(None)
    if kind == "bool":
        return _read_boolean(text)
    if kind in {"int", "float"}:
        return _read_number(text)
    return Reading(text, "UnknownTag", f"`!!{kind}` is not supported here: write plain text")


def _unknown_tag(tag: str) -> str:
    if tag.startswith("!"):
        return f"`{tag}`: CloudFormation functions are not evaluated here; write the name or value itself"
    return f"tag `{tag}` is not supported here"


def _read_boolean(text: str) -> Reading:
    word = text.lower()
    if word in {"true", "false"}:
        return Reading(word == "true")
    meaning = "true" if word in {"yes", "on", "y"} else "false"
    return Reading(
        text,
        "AmbiguousBoolean",
        f"unquoted `{text}` is {meaning} to YAML 1.1 tools and text to others; here it is text: "
        f'write {meaning} or "{text}"',
        "warning",
    )


def _read_number(text: str) -> Reading:
    if _DECIMAL.match(text):
        return Reading(int(text))
    if _FLOAT.match(text):
        return Reading(float(text))
    if ":" in text:
        return _trap(text, "a base-60 number")
    if re.match(r"[-+]?0[0-7_]+\Z", text):
        return _trap(text, f"the octal number {int(text.replace('_', ''), 8)}")
    if re.match(r"[-+]?0[xX]", text):
        return _trap(text, "a hexadecimal number")
    if re.match(r"[-+]?0b", text):
        return _trap(text, "a binary number")
    return _trap(text, "a number")


def _trap(text: str, meaning: str) -> Reading:
    return Reading(
        text,
        "AmbiguousNumber",
        f'unquoted `{text}` is {meaning} in YAML 1.1; write "{text}" for text, or plain decimal digits',
    )
