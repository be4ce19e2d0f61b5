"""SQLite's connections for the event loop: one trip to a connection's thread for each statement.

aiosqlite makes a trip each for opening a cursor, running the statement, reading the rows and closing the
cursor. Where several sign-ins are under way every trip is two waits for the interpreter's lock, and a sign-in
makes a score of statements; here the four go in one. All rows are read at once, which is what the dialect
does with any statement that is not streamed; nothing here streams.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self

import aiosqlite


class OneTripConnection(aiosqlite.Connection):
    """A connection whose cursors run a statement and read its rows in one trip."""

    def cursor(self) -> OneTripCursor:  # type: ignore[override]
        """Return a cursor; nothing is asked of the thread yet."""
        return OneTripCursor(self)

    async def trip(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run `work` in the connection's thread. Raises what it raises, ValueError when closed."""
        return await self._execute(work, self._conn)  # type: ignore[no-untyped-call]


class OneTripCursor:
    """What the dialect asks of a cursor, answered from what one trip brought."""

    def __init__(self, connection: OneTripConnection) -> None:
        self._connection = connection
        self._rows: Iterator[Any] = iter(())
        self.description: Sequence[Any] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        """Run a statement and read its rows."""
        return await self._run(lambda cursor: cursor.execute(statement, parameters))

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> Self:
        """Run a statement for each set of parameters."""
        return await self._run(lambda cursor: cursor.executemany(statement, parameters))

    async def fetchall(self) -> list[Any]:
        """Hand over the rows that are left."""
        return list(self._rows)

    async def fetchone(self) -> Any:
        """Hand over the next row, or None."""
        return next(self._rows, None)

    async def close(self) -> None:
        """Nothing is open: the trip closed the real cursor."""

    async def _run(self, run: Callable[[sqlite3.Cursor], object]) -> Self:
        def work(connection: sqlite3.Connection) -> tuple[list[Any], Any, int, int | None]:
            cursor = connection.cursor()
            try:
                run(cursor)
                return cursor.fetchall(), cursor.description, cursor.rowcount, cursor.lastrowid
            finally:
                cursor.close()

        rows, self.description, self.rowcount, self.lastrowid = await self._connection.trip(work)
        self._rows = iter(rows)
        return self


async def connect(database: str, **options: Any) -> OneTripConnection:
    """Open a connection, with what the dialect would have given to aiosqlite."""
    connection = OneTripConnection(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
    # A loop that ends without closing its store must not keep the process alive.
    connection._thread.daemon = True
    opened = await connection
    assert isinstance(opened, OneTripConnection)
    return opened
