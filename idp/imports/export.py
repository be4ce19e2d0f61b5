"""Users as rows of a file: the form that an import reads, or one that is safe to open in a spreadsheet. Pure.

No password hash is ever written. A cell that a spreadsheet would run as a formula gets an apostrophe in front
in the spreadsheet's form only: in the other it would change the value.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final

from idp.factors.records import Factor, MfaPreference
from idp.imports.rows import MFA, USERNAME, csv_header, join_row
from idp.model import Pool, User

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def cells_of(pool: Pool, user: User, preference: MfaPreference | None) -> list[str]:
    """Return a user's cells in the order of the pool's header."""
    values = dict(user.attributes)
    for name in ("email_verified", "phone_number_verified"):
        if name in values:
            values[name] = values[name].upper()
    if "birthdate" in values:
        year, _, day = values["birthdate"].partition("-")
        values["birthdate"] = f"{day.replace('-', '/')}/{year}"
    values[MFA] = "TRUE" if preference is not None and Factor.SMS in preference.enabled else "FALSE"
    values[USERNAME] = next(
        (values[name] for name in pool.username_attributes if name in values), user.username
    )
    return [values.get(name, "") for name in csv_header(pool)]


def spell(cells: Sequence[str], *, for_spreadsheet: bool) -> str:
    """Write a row, its line break included."""
    if not for_spreadsheet:
        return join_row(cells) + "\n"
    line = io.StringIO()
    csv.writer(line).writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return line.getvalue()
