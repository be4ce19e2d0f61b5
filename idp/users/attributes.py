"""Whether attributes fit the pool's schema, and whether a client may write them (cognito.md 5.1). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Final

from idp import texts
from idp.model import Client, DataType, Pool, SchemaAttribute
from idp.texts import Text
from idp.users.aliases import is_email, is_phone
from idp.users.schema import RESERVED

MOST_BYTES: Final = 2048
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")


def find_unfit(
    pool: Pool, attributes: Mapping[str, str], *, reserved: Collection[str] = RESERVED
) -> Text | None:
    """Return what is wrong with the first attribute that does not fit, or None; absent ones are fine."""
    for name, value in attributes.items():
        entry = pool.attribute(name)
        if entry is None or name in reserved:
            problem: str | None = (
                "Attribute does not exist in the schema.\n" if entry is None else "Cannot be set.\n"
            )
        else:
            problem = _find_problem(entry, value)
        if problem:
            return texts.ATTRIBUTE_UNFIT.filled(attribute=name, problem=problem)
    return None


def find_missing(pool: Pool, attributes: Mapping[str, str]) -> tuple[str, ...]:
    """Name the required attributes that have no value (`sub` is the pool's own business)."""
    required = (entry.name for entry in pool.schema if entry.required and entry.name != "sub")
    return tuple(name for name in required if not attributes.get(name))


def refuse_missing(names: Iterable[str]) -> Text | None:
    """Say which required attribute is missing, as Cognito says it."""
    for name in names:
        return texts.ATTRIBUTE_UNFIT.filled(attribute=name, problem="The attribute is required\n")
    return None


def find_unwritable(client: Client, attributes: Iterable[str]) -> Text | None:
    """Return the refusal of the first attribute this client may not write, or None."""
    for name in attributes:
        if not client.may_write(name):
            return texts.ATTRIBUTE_UNWRITABLE.filled(attribute=name)
    return None


def merge(present: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """Lay changes over present attributes; an empty value removes one, and a new contact is not verified."""
    merged = {**present, **changes}
    for contact in ("email", "phone_number"):
        if (
            contact in changes
            and changes[contact] != present.get(contact)
            and f"{contact}_verified" not in changes
        ):
            merged.pop(f"{contact}_verified", None)
    return {name: value for name, value in merged.items() if value != ""}


def _find_problem(entry: SchemaAttribute, value: str) -> str | None:
    if len(value.encode("utf-8", "surrogatepass")) > MOST_BYTES or not is_storable(value):
        return "Value is too long or has characters that cannot be kept.\n"
    if value == "":
        return None
    return _TYPES[entry.data_type](entry, value) or _find_standard_problem(entry.name, value)


def is_storable(value: str) -> bool:
    """Whether a text can be kept: no NUL (PostgreSQL) and no half of a surrogate pair (UTF-8)."""
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _find_text_problem(entry: SchemaAttribute, value: str) -> str | None:
    if entry.min_length is not None and len(value) < entry.min_length:
        return f"String must be at least {entry.min_length} characters long.\n"
    if entry.max_length is not None and len(value) > entry.max_length:
        return f"String must be no longer than {entry.max_length} characters.\n"
    return None


def _find_number_problem(entry: SchemaAttribute, value: str) -> str | None:
    if not _NUMBER.fullmatch(value):
        return "Must be a number.\n"
    if entry.min_value is not None and float(value) < entry.min_value:
        return f"Must be at least {entry.min_value:g}.\n"
    if entry.max_value is not None and float(value) > entry.max_value:
        return f"Must be at most {entry.max_value:g}.\n"
    return None


def _find_boolean_problem(_entry: SchemaAttribute, value: str) -> str | None:
    return None if value in ("true", "false") else "Must be true or false.\n"


def _find_time_problem(_entry: SchemaAttribute, value: str) -> str | None:
    return (
        None
        if _NUMBER.fullmatch(value) or _parses(datetime.fromisoformat, value)
        else "Must be a date and time.\n"
    )


_TYPES: Final[Mapping[DataType, Callable[[SchemaAttribute, str], str | None]]] = {
    DataType.STRING: _find_text_problem,
    DataType.NUMBER: _find_number_problem,
    DataType.BOOLEAN: _find_boolean_problem,
    DataType.DATE_TIME: _find_time_problem,
}


def _find_standard_problem(name: str, value: str) -> str | None:
    check, problem = _STANDARD.get(name, (None, ""))
    return problem if check is not None and not check(value) else None


def _is_date(value: str) -> bool:
    return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is not None and _parses(
        date.fromisoformat, value
    )


def _parses(parse: Callable[[str], object], value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


_STANDARD: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "email": (is_email, "Invalid email address format.\n"),
    "phone_number": (is_phone, "Invalid phone number format.\n"),
    "birthdate": (_is_date, "Must be a date, YYYY-MM-DD.\n"),
}
