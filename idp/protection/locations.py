"""Where on earth an address is, by a database file of the operator's (MaxMind's format, MMDB).

Without one, nothing is known of places: the rule against impossible speed never speaks, and mails say
`unknown`. No database comes with this package; those of MaxMind, DB-IP and others have licences of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from idp.protection.addresses import read_address
from idp.protection.origins import Place
from idp.store.base import StoreUnusable

KEY: Final = "LocationDatabase"
LONGEST_NAME: Final = 100


class Locations:
    """An open database."""

    def __init__(self, path: Path) -> None:
        """Open a file; raises StoreUnusable."""
        library = _import()
        try:
            self._reader = library.open_database(path, library.MODE_AUTO)
        except (OSError, ValueError, library.InvalidDatabaseError) as error:
            raise StoreUnusable(f"{KEY} cannot be used: {error}") from error

    def find(self, address: str) -> Place | None:
        """Return where an address is, or None."""
        read = read_address(address)
        if read is None:
            return None
        try:
            return read_place(self._reader.get(read))
        except ValueError:  # IPv6, and a database of IPv4 alone
            return None

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()


def read_place(record: object) -> Place | None:
    """Read a record in the shape of the City databases; None where it has no coordinates. Pure."""
    location = _part(record, "location")
    latitude, longitude = (_number(location.get(name)) for name in ("latitude", "longitude"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return Place(latitude, longitude, _name(record, "city"), _name(record, "country"))


def _import() -> ModuleType:
    try:
        import maxminddb
    except ImportError as error:
        raise StoreUnusable(f"{KEY} needs a package more: pip install 'albacore[locations]'") from error
    return maxminddb


def _name(record: object, part: str) -> str:
    name = _part(_part(record, part), "names").get("en", "")
    return name[:LONGEST_NAME] if isinstance(name, str) else ""


def _part(record: object, name: str) -> Mapping[str, Any]:
    value = record.get(name) if isinstance(record, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None  # type: ignore[arg-type]
