"""Records <-> rows: one generic collection that every table's own collection builds on.

A record's fields are its table's columns; tuples, mappings and enums become JSON and text on the way. The
few records that look different in the database (clients with sealed secrets, users with logins) override
two methods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import (
    ColumnElement,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    and_,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from idp.store.base import AlreadyExists, NotFound

R = TypeVar("R")
Row = Mapping[Any, Any]


class Rows(Generic[R]):
    """The records of one table."""

    table: ClassVar[Table]
    adapter: ClassVar[TypeAdapter[Any]]

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    def to_row(self, record: R) -> dict[str, Any]:
        """Spell a record as column values."""
        values: dict[str, Any] = self.adapter.dump_python(record, mode="json")
        return values

    def to_record(self, row: Row) -> R:
        """Read a record from column values."""
        record: R = self.adapter.validate_python(dict(row))
        return record

    async def get(self, *key: str) -> R:
        """Return the record; raises NotFound."""
        record = await self.find(*key)
        if record is None:
            raise NotFound(f"{self.table.name}: no such record")
        return record

    async def find(self, *key: str) -> R | None:
        """Return the record or None."""
        record = await self.first(self.where(key))
        return None if record is None else await self.complete(record)

    async def complete(self, record: R) -> R:
        """Add to a record what its own table does not hold."""
        return record

    async def hold(self, *key: str) -> R:
        """Return the record and keep other writers off it until the transaction ends; raises NotFound."""
        # Not stronger than an update's own lock: rows that refer to this one may still be added meanwhile, or
        # redeeming a code and disabling its user would wait for each other. What comes back is the row as it
        # is once it is ours, whatever this transaction saw of it before. SQLite's writers hold everything.
        query = select(self.table).where(self.where(key)).with_for_update(key_share=True)
        row = (await self._connection.execute(query)).first()
        if row is None:
            raise NotFound(f"{self.table.name}: no such record")
        return await self.complete(self.to_record(row._mapping))

    async def create(self, record: R) -> R:
        """Add a record; raises AlreadyExists."""
        await self.insert(self.table, self.to_row(record))
        return record

    async def update(self, key: Sequence[str], change: Callable[[R], R]) -> R:
        """Replace a record by `change(record)`; raises NotFound."""
        old = await self.hold(*key)
        new = change(old)
        if new != old:
            await self.replace(key, old, new)
        return new

    async def replace(self, key: Sequence[str], old: R, new: R) -> None:
        """Write a record over an old one."""
        await self._connection.execute(update(self.table).where(self.where(key)).values(self.to_row(new)))

    async def delete(self, *key: str) -> None:
        """Remove a record; raises NotFound."""
        result = await self._connection.execute(delete(self.table).where(self.where(key)))
        if not result.rowcount:
            raise NotFound(f"{self.table.name}: no such record")

    async def first(self, *where: ColumnElement[bool]) -> R | None:
        """Return the one record that fits, or None."""
        row = (await self._connection.execute(select(self.table).where(*where))).first()
        return None if row is None else self.to_record(row._mapping)

    async def all(self, *where: ColumnElement[bool], order: str, limit: int | None = None) -> tuple[R, ...]:
        """Return the records that fit, ordered by one column."""
        query = select(self.table).where(*where).order_by(self.table.c[order]).limit(limit)
        return tuple(self.to_record(row._mapping) for row in await self._connection.execute(query))

    async def insert(self, table: Table, values: Row) -> None:
        """Insert a row; raises AlreadyExists where its identity or a unique value is taken.

        The savepoint keeps the transaction usable on PostgreSQL after a refused insert; SQLite takes back the
        one statement and goes on.
        """
        is_sqlite = self._connection.dialect.name == "sqlite"
        try:
            async with nullcontext() if is_sqlite else self._connection.begin_nested():
                await self._connection.execute(insert(table).values(**values))
        except IntegrityError as error:
            if await self._is_taken(table, values):
                raise AlreadyExists(f"{table.name}: already there") from error
            raise

    async def _is_taken(self, table: Table, values: Row) -> bool:
        """Tell a broken uniqueness from a broken foreign key by looking, not by reading an error text."""
        for constraint in table.constraints:
            if not isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint):
                continue
            names = [column.name for column in constraint.columns]
            condition = and_(*(table.c[name] == values.get(name) for name in names))
            if (await self._connection.execute(select(table).where(condition))).first() is not None:
                return True
        return False

    def where(self, key: Sequence[str]) -> ColumnElement[bool]:
        """Build the condition that a row has this identity."""
        columns = tuple(self.table.primary_key.columns)
        if len(columns) != len(key):
            raise TypeError(f"{self.table.name} is identified by {len(columns)} values, {len(key)} given")
        return and_(*(column == part for column, part in zip(columns, key, strict=True)))
