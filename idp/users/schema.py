"""The standard attributes every user pool has (cognito.md 5.1), and which of them people may not write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from idp.model import DataType, SchemaAttribute

_TEXTS: Final = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "gender",
    "zoneinfo",
    "locale",
    "phone_number",
    "address",
]

STANDARD: Final[tuple[SchemaAttribute, ...]] = (
    SchemaAttribute("sub", mutable=False, required=True, min_length=1, max_length=2048),
    *(SchemaAttribute(name, min_length=0, max_length=2048) for name in _TEXTS),
    SchemaAttribute("birthdate", min_length=10, max_length=10),
    SchemaAttribute("email_verified", DataType.BOOLEAN),
    SchemaAttribute("phone_number_verified", DataType.BOOLEAN),
    SchemaAttribute("updated_at", DataType.NUMBER, min_value=0),
)
STANDARD_NAMES: Final = frozenset(entry.name for entry in STANDARD)
CONTACTS: Final = ("email", "phone_number")
MEDIUMS: Final = {"EMAIL": "email", "SMS": "phone_number"}
"""Where the messages of a delivery medium go."""
RESERVED: Final = frozenset({"sub", "email_verified", "phone_number_verified"})
"""Only the pool itself, or an administrator for the verified pair, sets these."""
CUSTOM_PREFIX: Final = "custom:"


def build_schema(declared: Iterable[SchemaAttribute]) -> tuple[SchemaAttribute, ...]:
    """Lay declared attributes over the standard ones."""
    entries = {entry.name: entry for entry in STANDARD}
    entries.update((entry.name, entry) for entry in declared)
    return tuple(entries.values())
