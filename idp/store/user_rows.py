"""Users in the SQL store: logins and searchable attributes in tables of their own, and lists of users.

Lists go on from a key and not from a number: users who are added or removed meanwhile neither hide nor repeat
others, and page a thousand costs what page one does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    and_,
    delete,
    false,
    func,
    insert,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.exc import IntegrityError

from idp import model
from idp.store import schema
from idp.store.rows import Rows

_LAST: Final = "\U0010ffff"
"""Sorts behind every character: the end of the range of a prefix."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """Which part of a list is wanted: so many behind a key, or in front of it."""

    limit: int
    at: tuple[str, ...] = ()
    backwards: bool = False


class UserRows(Rows[model.User]):
    """Users, with their logins in a table of their own: a login has one owner in a pool."""

    table = schema.users
    adapter = TypeAdapter(model.User)

    def to_row(self, record: model.User) -> dict[str, Any]:
        row = super().to_row(record)
        del row["logins"]
        return row

    def user_of(self, row: Mapping[Any, Any]) -> model.User:
        """Read a user from a row that may hold other columns, too."""
        return self.to_record({column.name: row[column] for column in self.table.columns})

    async def create(self, record: model.User) -> model.User:
        """Add a user; raises AlreadyExists where the sub, the username or a login is taken."""
        async with self._connection.begin_nested():  # all of it or nothing, even where the caller goes on
            await super().create(record)
            await self._set_logins(record, ())
            await self._set_terms(record, {})
        return record

    async def create_all(self, users: Sequence[model.User]) -> bool:
        """Add several users at once; False, and nothing added, where something of one's is taken."""
        logins = [
            {"pool_id": user.pool_id, "login": login, "sub": user.sub}
            for user in users
            for login in user.logins
        ]
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(insert(self.table), [self.to_row(user) for user in users])
                if logins:
                    await self._connection.execute(insert(schema.logins), logins)
                terms = [term for user in users for term in _term_rows(user, terms_of(user))]
                await self._connection.execute(insert(schema.user_terms), terms)
        except IntegrityError:
            return False
        return True

    async def replace(self, key: Sequence[str], old: model.User, new: model.User) -> None:
        """Write a user over the old one; raises AlreadyExists where a new login belongs to another."""
        async with self._connection.begin_nested():
            await super().replace(key, old, new)
            await self._set_logins(new, old.logins)
            await self._set_terms(new, terms_of(old))

    async def by_login(self, pool_id: str, login: str) -> model.User | None:
        """The user who signs in with this normalised login.

        One statement whether or not there is such a user: a second one would take a time that tells.
        """
        used, every = schema.logins, schema.logins.alias()
        is_theirs = and_(used.c.pool_id == self.table.c.pool_id, used.c.sub == self.table.c.sub)
        is_another = and_(every.c.pool_id == self.table.c.pool_id, every.c.sub == self.table.c.sub)
        query = (
            select(self.table, every.c.login)
            .select_from(used.join(self.table, is_theirs).join(every, is_another))
            .where(used.c.pool_id == pool_id, used.c.login == login)
        )
        rows = (await self._connection.execute(query)).mappings().all()
        if not rows:
            return None
        # Sorted here, as everywhere below: asked for a user's logins in order, SQLite reads all those of the
        # pool, because the key of their table has that order.
        return replace(self.user_of(rows[0]), logins=tuple(sorted(row[every.c.login] for row in rows)))

    async def list(self, pool_id: str, *, limit: int = 60, after: str = "") -> tuple[model.User, ...]:
        """Users by username, those after the username `after`."""
        return (await self.search(pool_id, None, limit=limit, after=(after,) if after else ())).users

    async def search(
        self,
        pool_id: str,
        wanted: model.UserFilter | None,
        *,
        limit: int,
        after: tuple[str, ...] = (),
        backwards: bool = False,
    ) -> model.UserPage:
        """Users that fit a filter, in an order that users who come and go do not disturb."""
        cut = _Cut(limit, after, backwards)
        users, terms = self.table.c, schema.user_terms.c
        if wanted is None or wanted.attribute in _COLUMNS:
            fits = () if wanted is None else (_column_fits(pool_id, wanted, cut),)
            query = select(self.table).where(users.pool_id == pool_id, *fits)
            return await self._page(pool_id, query, {users.username: users.username}, cut)
        theirs = and_(terms.pool_id == users.pool_id, terms.sub == users.sub)
        found = select(self.table, terms.value).join(schema.user_terms, theirs)
        query = found.where(terms.pool_id == pool_id, terms.attribute == wanted.attribute, _term_fits(wanted))
        # Ordered by the term's own columns, which its index has in this order.
        order = {terms.value: terms.value, terms.sub: users.sub}
        return await self._page(pool_id, query, order, cut)

    async def of_group(
        self,
        pool_id: str,
        group: str,
        *,
        limit: int,
        after: tuple[str, ...] = (),
        backwards: bool = False,
    ) -> model.UserPage:
        """Members of a group, likewise."""
        users, members = self.table.c, schema.group_members.c
        theirs = and_(members.pool_id == users.pool_id, members.sub == users.sub)
        query = select(self.table).join(schema.group_members, theirs)
        query = query.where(members.pool_id == pool_id, members.name == group)
        return await self._page(pool_id, query, {members.sub: users.sub}, _Cut(limit, after, backwards))

    async def count(self, pool_id: str) -> int:
        """How many users the pool has."""
        query = select(func.count()).select_from(self.table).where(self.table.c.pool_id == pool_id)
        return int((await self._connection.execute(query)).scalar_one())

    async def _page(
        self, pool_id: str, query: Select[Any], order: Mapping[Column[Any], Column[Any]], cut: _Cut
    ) -> model.UserPage:
        """Read a page in the order of some columns, whose values are found in others."""
        rows = (await self._connection.execute(_cut(query, [*order], cut))).mappings().all()
        goes_on, shown = len(rows) > cut.limit, rows[: cut.limit]
        if cut.backwards:
            shown = shown[::-1]
        users = await self._with_all_logins(pool_id, [self.user_of(row) for row in shown])
        keys = [tuple(str(row[column]) for column in order.values()) for row in shown]
        before, after = (goes_on, bool(cut.at)) if cut.backwards else (bool(cut.at), goes_on)
        return model.UserPage(
            users,
            after=keys[-1] if keys and after else None,
            before=keys[0] if keys and before else None,
        )

    async def _with_all_logins(self, pool_id: str, users: Sequence[model.User]) -> tuple[model.User, ...]:
        table, found = schema.logins, defaultdict[str, list[str]](list)
        subs = [user.sub for user in users]
        query = select(table.c.sub, table.c.login).where(table.c.pool_id == pool_id, table.c.sub.in_(subs))
        for sub, login in await self._connection.execute(query):
            found[sub].append(login)
        return tuple(replace(user, logins=tuple(sorted(found[user.sub]))) for user in users)

    async def complete(self, record: model.User) -> model.User:
        """Add a user's logins."""
        table = schema.logins
        query = select(table.c.login).where(table.c.pool_id == record.pool_id, table.c.sub == record.sub)
        logins = (await self._connection.execute(query)).scalars()
        return replace(record, logins=tuple(sorted(logins)))

    async def _set_logins(self, user: model.User, present: Sequence[str]) -> None:
        table = schema.logins
        gone = set(present) - set(user.logins)
        if gone:
            owned = (table.c.pool_id == user.pool_id, table.c.sub == user.sub, table.c.login.in_(gone))
            await self._connection.execute(delete(table).where(*owned))
        for login in sorted(set(user.logins) - set(present)):
            await self.insert(table, {"pool_id": user.pool_id, "login": login, "sub": user.sub})

    async def _set_terms(self, user: model.User, present: Mapping[str, str]) -> None:
        table, wanted = schema.user_terms, terms_of(user)
        gone = [name for name, value in present.items() if wanted.get(name) != value]
        if gone:
            owned = (table.c.pool_id == user.pool_id, table.c.sub == user.sub, table.c.attribute.in_(gone))
            await self._connection.execute(delete(table).where(*owned))
        rows = _term_rows(user, {n: value for n, value in wanted.items() if present.get(n) != value})
        if rows:
            await self._connection.execute(insert(table), rows)


def terms_of(user: model.User) -> dict[str, str]:
    """List what a user is found by: username and sub as they are, attributes without regard to case."""
    values = {name: user.attributes.get(name, "").casefold() for name in model.SEARCHED}
    return {
        name: value[: schema.LONGEST_TERM]
        for name, value in {"username": user.username, "sub": user.sub, **values}.items()
        if value
    }


def _term_rows(user: model.User, terms: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"pool_id": user.pool_id, "sub": user.sub, "attribute": name, "value": value}
        for name, value in terms.items()
    ]


def _term_fits(wanted: model.UserFilter) -> ColumnElement[bool]:
    value, column = wanted.values[0], schema.user_terms.c.value
    return and_(column >= value, column < value + _LAST) if wanted.is_prefix else column == value


def _cut(query: Select[Any], order: Sequence[Column[Any]], cut: _Cut) -> Select[Any]:
    """Leave of a query the part that is wanted, and one row more.

    That one tells whether the list goes on: nobody is sent for an empty page.
    """
    if cut.at:
        here = tuple_(*order)
        query = query.where(here < tuple_(*cut.at) if cut.backwards else here > tuple_(*cut.at))
    ordered = query.order_by(*(column.desc() if cut.backwards else column for column in order))
    return ordered.limit(cut.limit + 1)


def _column_fits(pool_id: str, wanted: model.UserFilter, cut: _Cut) -> ColumnElement[bool]:
    """Match one of some values of a column.

    Of several values the first users of each are taken, because an index has the users in order for one value
    alone: asked for all values at once, a database goes through the pool until it has found enough.
    """
    column, read = _COLUMNS[wanted.attribute]
    values = [read(value) for value in wanted.values]
    if len(values) < 2:
        return column == values[0] if values else false()
    users = schema.users.c
    firsts = (
        _cut(select(users.username).where(users.pool_id == pool_id, column == value), [users.username], cut)
        for value in values
    )
    return users.username.in_(union_all(*(select(first.subquery().c.username) for first in firsts)))


_COLUMNS: Final[Mapping[str, tuple[Column[Any], Callable[[str], object]]]] = {
    "status": (schema.users.c.status, str),
    "enabled": (schema.users.c.enabled, lambda value: value == "true"),
}
