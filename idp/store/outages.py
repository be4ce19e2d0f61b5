"""Tells a database that cannot work now (locked, full, out of reach) from a mistake of ours.

SQLite says so by the class of its errors, PostgreSQL by the class of its codes; what cannot even connect
raises the operating system's errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

OUTAGES: Final = ("08", "28", "3D", "40", "53", "55", "57", "58")
"""Classes of PostgreSQL's codes: connection, authorization, no such database, rollback (deadlock), resources,
object state (lock), intervention (shutdown), system error."""


def describe_outage(error: BaseException) -> str | None:
    """Say why the database cannot work now, without the statement; None when it is something else. Pure."""
    if not any(map(_is_outage, _causes(error))):
        return None
    innermost = list(_causes(error))[-1]
    text = str(innermost).partition("\n")[0]
    return f"{text or 'no answer'} ({type(innermost).__name__})"


def _is_outage(error: BaseException) -> bool:
    if isinstance(error, OperationalError | InterfaceError | PoolTimeoutError | OSError):
        return True
    return str(getattr(error, "sqlstate", None) or "").startswith(OUTAGES)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk from the outermost error to the driver's own."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__
