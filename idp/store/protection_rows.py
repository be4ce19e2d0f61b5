"""The collections of threat protection: risk configurations and the history of events."""

from __future__ import annotations

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, and_, delete, or_, select

from idp.protection import records
from idp.store import schema
from idp.store.rows import Rows

PASSED = "Pass"


class RiskConfigurationRows(Rows[records.RiskConfiguration]):
    """Risk configurations, by pool id and client id (empty: the pool's own)."""

    table = schema.risk_configurations
    adapter = TypeAdapter(records.RiskConfiguration)

    async def of(self, pool_id: str) -> tuple[records.RiskConfiguration, ...]:
        """All configurations of a pool, its own first."""
        return await self.all(self.table.c.pool_id == pool_id, order="client_id")


class AuthEventRows(Rows[records.AuthEvent]):
    """Events, by pool id and id."""

    table = schema.auth_events
    adapter = TypeAdapter(records.AuthEvent)

    async def of(
        self,
        pool_id: str,
        sub: str,
        *,
        limit: int,
        before: tuple[float, str] | None = None,
        passed: bool | None = None,
    ) -> tuple[records.AuthEvent, ...]:
        """A user's events, the newest first; those after `before` (time and id) in that order."""
        columns = self.table.c
        query = select(self.table).where(columns.pool_id == pool_id, columns.sub == sub)
        if passed is not None:
            query = query.where(self._has_passed(passed))
        if before is not None:
            at, event_id = before
            query = query.where(or_(columns.at < at, and_(columns.at == at, columns.id < event_id)))
        query = query.order_by(columns.at.desc(), columns.id.desc()).limit(limit)
        return tuple(self.to_record(row._mapping) for row in await self._connection.execute(query))

    async def trim(self, pool_id: str, sub: str, *, passed: bool, keep: int) -> None:
        """Remove all of a user's events that passed, or all others, but the newest `keep`."""
        columns = self.table.c
        fits = (columns.pool_id == pool_id, columns.sub == sub, self._has_passed(passed))
        newest = select(columns.at).where(*fits).order_by(columns.at.desc())
        edge = newest.offset(keep).limit(1).scalar_subquery()
        await self._connection.execute(delete(self.table).where(*fits, columns.at <= edge))

    def _has_passed(self, passed: bool) -> ColumnElement[bool]:
        column = self.table.c.response
        return column == PASSED if passed else column != PASSED
