"""The access log: a row per finished request, written as `lb.observe.rows` writes.

The format of a row is the business of `lb.observe.row`.
"""

from __future__ import annotations

from lb.observe.record import AccessRecord
from lb.observe.row import format_row
from lb.observe.rows import RowLog

__all__ = ["AccessLog", "AccessRecord", "format_row"]


class AccessLog(RowLog):
    """Takes records, writes rows."""

    title = "access log"

    def write(self, record: AccessRecord) -> None:
        """Note one finished request. Never raises for the disk's sake, never waits."""
        if self._sink is not None:
            self.write_row(format_row(record))
