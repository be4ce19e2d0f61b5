"""The collections of sign-ins: what has been spent, and devices."""

from __future__ import annotations

from pydantic import TypeAdapter
from sqlalchemy import and_, select

from idp.signin import records
from idp.store import schema
from idp.store.rows import Rows


class SpentRows(Rows[records.Spent]):
    """Sessions and secret blocks that have done their work, by id."""

    table = schema.spent
    adapter = TypeAdapter(records.Spent)


class DeviceRows(Rows[records.Device]):
    """Devices, by pool id and device key."""

    table = schema.devices
    adapter = TypeAdapter(records.Device)

    async def of(
        self, pool_id: str, sub: str, *, limit: int = 60, after: str = ""
    ) -> tuple[records.Device, ...]:
        """A user's confirmed devices by key, those after the key `after`."""
        columns = self.table.c
        # Not the column itself: SQLite would go through the devices of the whole pool in its order.
        key = columns.key.concat("")
        fits = and_(
            columns.pool_id == pool_id, columns.sub == sub, columns.sealed_verifier.is_not(None), key > after
        )
        query = select(self.table).where(fits).order_by(key).limit(limit)
        return tuple(self.to_record(row._mapping) for row in await self._connection.execute(query))
