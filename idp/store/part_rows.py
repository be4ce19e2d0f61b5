"""Parts of pools (identity providers, terms, brandings, import jobs) in the SQL store, each sealed whole."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from idp.model import Part
from idp.seal import Vault
from idp.store import schema
from idp.store.rows import Row, Rows


class PartRows(Rows[Part]):
    """Parts, by pool id, kind and key."""

    table = schema.parts
    adapter = TypeAdapter(Part)

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        super().__init__(connection)
        self._vault = vault

    def to_row(self, record: Part) -> dict[str, Any]:
        """Spell a part as column values, the document sealed for this very place."""
        purpose = _purpose(record.pool_id, record.kind, record.key)
        return {
            "pool_id": record.pool_id,
            "kind": record.kind,
            "key": record.key,
            "sealed": self._vault.seal_text(json.dumps(record.document), purpose=purpose),
            "created_at": record.created_at,
            "updated_at": record.updated_at,
        }

    def to_record(self, row: Row) -> Part:
        """Read a part from column values."""
        purpose = _purpose(row["pool_id"], row["kind"], row["key"])
        document = json.loads(self._vault.open_text(row["sealed"], purpose=purpose))
        values = {name: row[name] for name in ("pool_id", "kind", "key", "created_at", "updated_at")}
        return Part(**values, document=document)

    async def list(self, pool_id: str, kind: str) -> tuple[Part, ...]:
        """All parts of a kind, by key."""
        columns = self.table.c
        return await self.all(columns.pool_id == pool_id, columns.kind == kind, order="key")

    async def clear(self, pool_id: str, kind: str, prefix: str) -> None:
        """Remove the parts of a kind whose key begins so."""
        columns = self.table.c
        fits = (
            columns.pool_id == pool_id,
            columns.kind == kind,
            columns.key.startswith(prefix, autoescape=True),
        )
        await self._connection.execute(delete(self.table).where(*fits))


def _purpose(pool_id: str, kind: str, key: str) -> str:
    return "part:" + json.dumps([pool_id, kind, key])
