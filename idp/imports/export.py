"""Users as rows of a file: the form that an import reads, or one that is safe to open in a spreadsheet.

No password hash is ever written. A cell that a spreadsheet would run as a formula gets an apostrophe in front
in the spreadsheet's form only: in the other it would change the value. So does the middle of a cell behind
what another country's spreadsheet takes for the end of a cell.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from typing import Final

from idp.factors.records import Factor, MfaPreference
from idp.imports.rows import MFA, USERNAME, csv_header, join_row
from idp.model import Pool, User
from idp.store.base import Store

PAGE: Final = 500
_SIGNS: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""How formulas begin, in full width, too."""
_FORMULA: Final = re.compile(rf"[\t\r\n]|\s*[{_SIGNS}]")
_HIDDEN: Final = re.compile(rf"""([;,|\t\r\n"']\s*)(?=[{_SIGNS}])""")


async def export_lines(store: Store, pool: Pool, *, for_spreadsheet: bool) -> AsyncIterator[str]:
    """Write the header and every user, some at a time; no transaction is open while nobody reads on."""
    yield spell(csv_header(pool), for_spreadsheet=for_spreadsheet)
    after = ""
    while True:
        async with store.reading() as records:
            users = await records.users.list(pool.id, limit=PAGE, after=after)
            found = await records.mfa_preferences.of(pool.id, [user.sub for user in users])
        if not users:
            return
        preferences = {preference.sub: preference for preference in found}
        rows = (cells_of(pool, user, preferences.get(user.sub)) for user in users)
        yield "".join(spell(row, for_spreadsheet=for_spreadsheet) for row in rows)
        after = users[-1].username


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
    csv.writer(line).writerow(map(_disarm, cells))
    return line.getvalue()


def _disarm(cell: str) -> str:
    text = _HIDDEN.sub(r"\1'", cell)
    return f"'{text}" if _FORMULA.match(cell) else text
