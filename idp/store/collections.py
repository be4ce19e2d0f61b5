"""The collections of the SQL store: what each table offers beyond get, create, update and delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Executable, delete, func, insert, select, text, update
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


class GroupRows(Rows[model.Group]):
    """Groups and their members."""

    table = schema.groups
    adapter = TypeAdapter(model.Group)

    async def list(self, pool_id: str) -> tuple[model.Group, ...]:
        """All groups of a pool by name."""
        return await self.all(self.table.c.pool_id == pool_id, order="name")

    async def count(self, pool_id: str) -> int:
        """How many groups the pool has."""
        query = select(func.count()).select_from(self.table).where(self.table.c.pool_id == pool_id)
        return int((await self._connection.execute(query)).scalar_one())

    async def of(self, pool_id: str, sub: str) -> tuple[model.Group, ...]:
        """A user's groups, strongest precedence first."""
        members = schema.group_members
        query: Executable = select(members.c.name).where(members.c.pool_id == pool_id, members.c.sub == sub)
        if self._connection.dialect.name == "sqlite":
            # Left to choose, SQLite reads all memberships of the pool, whose key has every column.
            query = text(
                "SELECT name FROM group_members INDEXED BY ix_group_members_pool_id_sub "
                "WHERE pool_id = :pool_id AND sub = :sub"
            ).bindparams(pool_id=pool_id, sub=sub)
        names = list((await self._connection.execute(query)).scalars())
        if not names:
            return ()
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


class LinkedIdentityRows(Rows[model.LinkedIdentity]):
    """Linked accounts."""

    table = schema.linked_identities
    adapter = TypeAdapter(model.LinkedIdentity)

    async def of(self, pool_id: str, sub: str) -> tuple[model.LinkedIdentity, ...]:
        """A user's linked accounts, the oldest first."""
        columns = self.table.c
        return await self.all(columns.pool_id == pool_id, columns.sub == sub, order="linked_at")


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

    async def of(self, pool_id: str, sub: str) -> tuple[model.Family, ...]:
        """A user's families by id, ended ones too."""
        columns = self.table.c
        return await self.all(columns.pool_id == pool_id, columns.sub == sub, order="id")

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
