"""The collections of the SQL store: what each table offers beyond get, create, update and delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from idp import model
from idp.seal import Vault
from idp.store import schema
from idp.store.base import AlreadyExists
from idp.store.rows import Row, Rows


class PoolRows(Rows[model.Pool]):
    """User pools: the whole definition is one document."""

    table = schema.pools
    adapter = TypeAdapter(model.Pool)

    def to_row(self, record: model.Pool) -> dict[str, Any]:
        document = super().to_row(record)
        return {"id": record.id, "name": record.name, "active": record.active, "document": document}

    def to_record(self, row: Row) -> model.Pool:
        return super().to_record(row["document"])

    async def list(self) -> tuple[model.Pool, ...]:
        """All pools by id, inactive ones too."""
        return await self.all(order="id")


class ClientRows(Rows[model.Client]):
    """App clients: a document, and the secrets sealed for this client alone."""

    table = schema.clients
    adapter = TypeAdapter(model.Client)

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        super().__init__(connection)
        self._vault = vault

    def to_row(self, record: model.Client) -> dict[str, Any]:
        sealed = [self._vault.seal_text(s.reveal(), purpose=_purpose(record.id)) for s in record.secrets]
        return {
            "id": record.id,
            "pool_id": record.pool_id,
            "name": record.name,
            "active": record.active,
            "document": super().to_row(replace(record, secrets=())),
            "sealed_secrets": sealed,
        }

    def to_record(self, row: Row) -> model.Client:
        opened = (
            self._vault.open_text(sealed, purpose=_purpose(row["id"])) for sealed in row["sealed_secrets"]
        )
        return replace(
            super().to_record(row["document"]), secrets=tuple(model.Secret(text) for text in opened)
        )

    async def list(self, pool_id: str) -> tuple[model.Client, ...]:
        """All clients of a pool by id, inactive ones too."""
        return await self.all(self.table.c.pool_id == pool_id, order="id")


class UserRows(Rows[model.User]):
    """Users, with their logins in a table of their own: a login has one owner in a pool."""

    table = schema.users
    adapter = TypeAdapter(model.User)

    def to_row(self, record: model.User) -> dict[str, Any]:
        row = super().to_row(record)
        del row["logins"]
        return row

    async def find(self, *key: str) -> model.User | None:
        """Return the user or None."""
        user = await super().find(*key)
        return None if user is None else await self._with_logins(user)

    async def create(self, record: model.User) -> model.User:
        """Add a user; raises AlreadyExists where the sub, the username or a login is taken."""
        async with self._connection.begin_nested():  # all of it or nothing, even where the caller goes on
            await super().create(record)
            await self._set_logins(record, ())
        return record

    async def replace(self, key: Sequence[str], old: model.User, new: model.User) -> None:
        """Write a user over the old one; raises AlreadyExists where a new login belongs to another."""
        async with self._connection.begin_nested():
            await super().replace(key, old, new)
            await self._set_logins(new, old.logins)

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
            .order_by(every.c.login)
        )
        rows = (await self._connection.execute(query)).mappings().all()
        if not rows:
            return None
        user = self.to_record({column.name: rows[0][column] for column in self.table.columns})
        return replace(user, logins=tuple(row[every.c.login] for row in rows))

    async def list(self, pool_id: str, *, limit: int = 60, after: str = "") -> tuple[model.User, ...]:
        """Users by username, those after the username `after`."""
        columns = self.table.c
        found = await self.all(
            columns.pool_id == pool_id, columns.username > after, order="username", limit=limit
        )
        return tuple([await self._with_logins(user) for user in found])

    async def count(self, pool_id: str) -> int:
        """How many users the pool has."""
        query = select(func.count()).select_from(self.table).where(self.table.c.pool_id == pool_id)
        return int((await self._connection.execute(query)).scalar_one())

    async def _with_logins(self, user: model.User) -> model.User:
        table = schema.logins
        query = select(table.c.login).where(table.c.pool_id == user.pool_id, table.c.sub == user.sub)
        logins = (await self._connection.execute(query.order_by(table.c.login))).scalars()
        return replace(user, logins=tuple(logins))

    async def _set_logins(self, user: model.User, present: Sequence[str]) -> None:
        table = schema.logins
        gone = set(present) - set(user.logins)
        if gone:
            owned = (table.c.pool_id == user.pool_id, table.c.sub == user.sub, table.c.login.in_(gone))
            await self._connection.execute(delete(table).where(*owned))
        for login in sorted(set(user.logins) - set(present)):
            await self.insert(table, {"pool_id": user.pool_id, "login": login, "sub": user.sub})


class GroupRows(Rows[model.Group]):
    """Groups and their members."""

    table = schema.groups
    adapter = TypeAdapter(model.Group)

    async def list(self, pool_id: str) -> tuple[model.Group, ...]:
        """All groups of a pool by name."""
        return await self.all(self.table.c.pool_id == pool_id, order="name")

    async def of(self, pool_id: str, sub: str) -> tuple[model.Group, ...]:
        """A user's groups, strongest precedence first."""
        members = schema.group_members
        names = select(members.c.name).where(members.c.pool_id == pool_id, members.c.sub == sub)
        found = await self.all(self.table.c.pool_id == pool_id, self.table.c.name.in_(names), order="name")
        return model.sort_groups(found)

    async def add_member(self, pool_id: str, name: str, sub: str) -> None:
        """Put a user into a group; being in it already is fine. Raises NotFound."""
        await self.get(pool_id, name)
        try:
            await self.insert(schema.group_members, {"pool_id": pool_id, "name": name, "sub": sub})
        except AlreadyExists:
            return

    async def remove_member(self, pool_id: str, name: str, sub: str) -> None:
        """Take a user out of a group; not being in it is fine."""
        columns = schema.group_members.c
        fits = (columns.pool_id == pool_id, columns.name == name, columns.sub == sub)
        await self._connection.execute(delete(schema.group_members).where(*fits))


class MailedCodeRows(Rows[model.MailedCode]):
    """Mailed codes, by pool id, subject and purpose."""

    table = schema.mailed_codes
    adapter = TypeAdapter(model.MailedCode)


class FailureRows(Rows[model.Failures]):
    """Failed sign-ins, by pool id and subject."""

    table = schema.failures
    adapter = TypeAdapter(model.Failures)


class AuthorizationCodeRows(Rows[model.AuthorizationCode]):
    """Authorization codes, by hash."""

    table = schema.authorization_codes
    adapter = TypeAdapter(model.AuthorizationCode)

    async def delete_of(self, pool_id: str, sub: str) -> None:
        """Remove a user's codes that were not redeemed."""
        columns = self.table.c
        fits = (columns.pool_id == pool_id, columns.sub == sub, columns.redeemed_at.is_(None))
        await self._connection.execute(delete(self.table).where(*fits))


class FamilyRows(Rows[model.Family]):
    """Refresh-token families, by id."""

    table = schema.families
    adapter = TypeAdapter(model.Family)

    async def by_event(self, event_id: str) -> model.Family | None:
        """The family of an authentication event."""
        return await self.first(self.table.c.event_id == event_id)

    async def revoke_all(self, pool_id: str, sub: str, now: float) -> int:
        """Revoke every live family of a user; returns how many."""
        columns = self.table.c
        alive = (columns.pool_id == pool_id, columns.sub == sub, columns.revoked_at.is_(None))
        result = await self._connection.execute(update(self.table).where(*alive).values(revoked_at=now))
        return result.rowcount


class RefreshTokenRows(Rows[model.RefreshToken]):
    """Refresh tokens, by hash."""

    table = schema.refresh_tokens
    adapter = TypeAdapter(model.RefreshToken)


class SsoSessionRows(Rows[model.SsoSession]):
    """Hosted-page sessions, by hash of the cookie."""

    table = schema.sso_sessions
    adapter = TypeAdapter(model.SsoSession)

    async def delete_of(self, pool_id: str, sub: str) -> None:
        """End all of a user's sessions."""
        columns = self.table.c
        await self._connection.execute(
            delete(self.table).where(columns.pool_id == pool_id, columns.sub == sub)
        )


class SigningKeyRows(Rows[model.SigningKey]):
    """Signing keys, by id."""

    table = schema.pool_keys
    adapter = TypeAdapter(model.SigningKey)

    async def list(self) -> tuple[model.SigningKey, ...]:
        """All keys of all pools."""
        return await self.all(order="kid")


class MailRows(Rows[model.Mail]):
    """Mails of the development inbox; the database numbers them."""

    table = schema.mails
    adapter = TypeAdapter(model.Mail)

    async def add(self, mail: model.Mail) -> model.Mail:
        """Keep a mail and return it with its id."""
        values = self.to_row(mail)
        del values["id"]
        query = insert(self.table).values(**values).returning(self.table.c.id)
        return replace(mail, id=int((await self._connection.execute(query)).scalar_one()))

    async def latest(self, limit: int) -> tuple[model.Mail, ...]:
        """The newest mails, newest first."""
        query = select(self.table).order_by(self.table.c.id.desc()).limit(limit)
        return tuple(self.to_record(row._mapping) for row in await self._connection.execute(query))


def _purpose(client_id: str) -> str:
    return f"client-secret:{client_id}"
