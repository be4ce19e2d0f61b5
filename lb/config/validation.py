"""The file's sections checked by pydantic, its messages in the words of the file.

pydantic tells a path per error; the document turns the path into line and column. Nothing here shows a
value, because a value may have come from a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from lb.config.document import Document
from lb.config.models import (
    AdminSection,
    ConfigFile,
    ListenerSection,
    PoolServerSection,
    Section,
    TargetGroupSection,
    TrustStoreSection,
)
from lb.config.unknown import report_unknown_keys

S = TypeVar("S", bound=Section)

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
        errors = invalid.errors(include_url=False, include_input=False)
        for error in errors:
            if not _only_follows(error, errors):
                _report(document, error)
        return None


@dataclass(frozen=True, slots=True)
class Sections:
    """The sections that are valid by themselves, so that others' problems do not hide what they say
    together.
    """

    listeners: Mapping[int, ListenerSection]
    target_groups: Mapping[int, TargetGroupSection]
    trust_stores: Mapping[int, TrustStoreSection]
    admin: AdminSection | None
    pool_server: PoolServerSection | None
    """None when no pools are served, or when the section is invalid."""


def valid_sections(document: Document) -> Sections:
    """Return the valid sections of a document, by their index in the file."""
    root = document.value if isinstance(document.value, Mapping) else {}
    serves_pools = root.get("UserPools") is not None
    return Sections(
        listeners=_valid_items(ListenerSection, root.get("Listeners")),
        target_groups=_valid_items(TargetGroupSection, root.get("TargetGroups")),
        trust_stores=_valid_items(TrustStoreSection, root.get("TrustStores")),
        admin=_valid(AdminSection, root.get("Admin")),
        pool_server=_valid(PoolServerSection, root.get("PoolServer", {})) if serves_pools else None,
    )


def _valid_items(model: type[S], items: object) -> dict[int, S]:
    sections = enumerate(_valid(model, item) for item in items) if isinstance(items, list) else ()
    return {index: section for index, section in sections if section is not None}


def _valid(model: type[S], value: object) -> S | None:
    try:
        return model.model_validate(value)
    except ValidationError:
        return None  # reported by `validate`


def _only_follows(error: Any, errors: Sequence[Any]) -> bool:
    """Whether a list is called too short only because an item of it is invalid."""
    depth = len(error["loc"])
    return error["type"] == "too_short" and any(
        len(other["loc"]) > depth and other["loc"][:depth] == error["loc"] for other in errors
    )


def _report(document: Document, error: Any) -> None:
    where = tuple(error["loc"])
    name = next((step for step in reversed(where) if isinstance(step, str)), "value")
    build = _MESSAGES.get(error["type"])
    text = build(error.get("ctx", {})) if build else error["msg"]
    code = "Missing" if error["type"] == "missing" else "BadValue"
    document.report(where, code, f"`{name}` {text}")
