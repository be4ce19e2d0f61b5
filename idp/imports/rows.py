"""The rows of an import file, and users out of them. Pure.

The form is the service's: no quotes, a comma within a value escaped by a backslash, `mm/dd/yyyy` for a birth
date. A row that does not fit is told by a reason that repeats nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from idp.factors.records import Factor
from idp.model import Pool, User, UserStatus
from idp.users.administration import draft_by_administrator
from idp.users.aliases import check_username, derive_logins
from idp.users.attributes import find_missing, find_unfit
from idp.users.foreign_hashes import UnfitHash, read_hash
from idp.users.schema import CUSTOM_PREFIX

COLUMNS: Final = (
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
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
)
MFA: Final = "cognito:mfa_enabled"
USERNAME: Final = "cognito:username"
HASH: Final = "password_hash"
LONGEST_ROW: Final = 16_000
_BOOLEANS: Final = ("email_verified", "phone_number_verified", MFA)
_BIRTHDATE: Final = re.compile(r"(\d\d)/(\d\d)/(\d{4})")


class UnfitRow(ValueError):  # noqa: N818 - a state, said plainly
    """A row, or a header, that cannot be imported; the text says why without repeating the row."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A user of a file, and what goes with them."""

    user: User
    wants_sms: bool = False


def csv_header(pool: Pool) -> tuple[str, ...]:
    """Return the columns of a pool's file, in the service's order."""
    custom = (entry.name for entry in pool.schema if entry.name.startswith(CUSTOM_PREFIX))
    return (*COLUMNS, *custom, MFA, USERNAME)


def split_row(line: str) -> list[str]:
    """Split a row at its commas; raises UnfitRow."""
    if len(line) > LONGEST_ROW:
        raise UnfitRow(f"the row is longer than {LONGEST_ROW} characters")
    cells, cell, escaped = [], "", False
    for character in line:
        if escaped:
            cell += character if character in ",\\" else f"\\{character}"
        elif character == ",":
            cells.append(cell)
            cell = ""
        elif character != "\\":
            cell += character
        escaped = character == "\\" and not escaped
    return [*cells, cell + ("\\" if escaped else "")]


def join_row(cells: Iterable[str]) -> str:
    """Write a row as `split_row` reads it; line breaks, which the form has no place for, become spaces."""
    escaped = (cell.replace("\\", "\\\\").replace(",", "\\,") for cell in cells)
    return ",".join(" ".join(cell.splitlines()) if "\n" in cell or "\r" in cell else cell for cell in escaped)


def read_header(pool: Pool, line: str, *, hashed: bool) -> tuple[str, ...]:
    """Read the first row; raises UnfitRow where a column is missing, unknown or twice."""
    names = tuple(cell.strip() for cell in split_row(line.removeprefix("\ufeff")))
    wanted = (*csv_header(pool), *((HASH,) if hashed else ()))
    missing = sorted(set(wanted) - set(names))
    unknown = [name for name in names if name not in wanted and name != HASH]
    if missing or unknown or len(set(names)) < len(names):
        problems = [f"missing: {', '.join(missing)}"] if missing else []
        problems += [f"{len(unknown)} unknown"] if unknown else []
        raise UnfitRow(f"the header does not fit the pool ({'; '.join(problems) or 'a column twice'})")
    return names


def read_user(pool: Pool, names: Sequence[str], line: str, algorithm: str | None, *, now: float) -> Imported:
    """Read one user; raises UnfitRow."""
    cells = split_row(line)
    if len(cells) != len(names):
        raise UnfitRow(f"the row has {len(cells)} cells, the header {len(names)}")
    values = {name: cell for name, cell in zip(names, cells, strict=True) if cell}
    for name in _BOOLEANS:
        if name in values:
            values[name] = _read_boolean(name, values[name])
    if "birthdate" in values:
        values["birthdate"] = _read_birthdate(values["birthdate"])
    try:
        kept = read_hash(algorithm, values[HASH]) if algorithm and values.get(HASH) else None
    except UnfitHash as error:
        raise UnfitRow(f"{HASH}: {error}") from error
    attributes = {name: value for name, value in values.items() if name not in (MFA, USERNAME, HASH)}
    user = make_user(pool, values.get(USERNAME, ""), attributes, kept, now=now)
    wants_sms = values.get(MFA) == "true" and Factor.SMS in pool.factors.enabled
    if wants_sms and not user.has_verified("phone_number"):
        raise UnfitRow(f"{MFA} needs a verified phone_number")
    return Imported(user, wants_sms)


def make_user(
    pool: Pool, username: str, attributes: Mapping[str, str], kept: str | None, *, now: float
) -> User:
    """Build a user who has a hash, or must choose a password by a code; raises UnfitRow."""
    if not username:
        raise UnfitRow(f"{USERNAME} is missing")
    user = draft_by_administrator(pool, username, attributes, now=now)
    problems = (
        check_username(pool, username),
        find_unfit(pool, user.attributes, reserved={"sub"}),
    )
    for problem in problems:
        if problem is not None:
            raise UnfitRow(problem.english.strip())
    if missing := find_missing(pool, user.attributes):
        raise UnfitRow(f"required attributes are missing: {', '.join(missing)}")
    if pool.auto_verified and not any(user.has_verified(name) for name in pool.auto_verified):
        raise UnfitRow(f"one of {', '.join(pool.auto_verified)} must be there and verified")
    status = UserStatus.RESET_REQUIRED if kept is None else UserStatus.CONFIRMED
    user = replace(user, status=status, password_hash=kept, temporary_until=None)
    return replace(user, logins=derive_logins(pool, user))


def _read_boolean(name: str, text: str) -> str:
    if text.lower() not in ("true", "false"):
        raise UnfitRow(f"{name} must be TRUE or FALSE")
    return text.lower()


def _read_birthdate(text: str) -> str:
    match = _BIRTHDATE.fullmatch(text)
    if match is None:
        raise UnfitRow("birthdate must be mm/dd/yyyy")
    return f"{match[3]}-{match[1]}-{match[2]}"
