"""The file's sections checked by pydantic, its messages in the words of the file.

pydantic tells a path per error; the document turns the path into line and column. Nothing here shows a
value, because a value may have come from a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from lb.config.document import Document
from lb.config.models import ConfigFile
from lb.config.unknown import report_unknown_keys

_MESSAGES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _: "is missing",
    "string_type": lambda _: "must be text: put it in quotes",
    "string_too_short": lambda _: "must not be empty",
    "string_too_long": lambda ctx: f"must be at most {ctx['max_length']} characters",
    "string_pattern_mismatch": lambda ctx: f"does not have the right form ({ctx['pattern']})",
    "int_type": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "bool_type": lambda _: "must be true or false",
    "bool_parsing": lambda _: "must be true or false",
    "greater_than_equal": lambda ctx: f"must be at least {ctx['ge']}",
    "less_than_equal": lambda ctx: f"must be at most {ctx['le']}",
    "literal_error": lambda ctx: f"must be {ctx['expected']}",
    "model_type": lambda _: "must be a mapping (`Key: value` lines)",
    "model_attributes_type": lambda _: "must be a mapping (`Key: value` lines)",
    "tuple_type": lambda _: "must be a list (`- item` lines)",
    "too_short": lambda ctx: f"needs at least {ctx['min_length']} item",
    "too_long": lambda ctx: f"may have at most {ctx['max_length']} items",
    "value_error": lambda ctx: f"must be {ctx['error']}",
}


def validate(document: Document) -> ConfigFile | None:
    """Return the checked file, or None when the document's problems say why not."""
    if not isinstance(document.value, Mapping):
        document.report((), "NotAMapping", "the file must be a mapping with `Listeners:` at its left edge")
        return None
    report_unknown_keys(document, ConfigFile)
    try:
        return ConfigFile.model_validate(document.value)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_input=False):
            _report(document, error)
        return None


def _report(document: Document, error: Any) -> None:
    where = tuple(error["loc"])
    name = next((step for step in reversed(where) if isinstance(step, str)), "value")
    build = _MESSAGES.get(error["type"])
    text = build(error.get("ctx", {})) if build else error["msg"]
    code = "Missing" if error["type"] == "missing" else "BadValue"
    document.report(where, code, f"`{name}` {text}")
