"""The collections of factors: preferences, TOTP seeds, passkeys and WebAuthn challenges."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter

from idp.factors import records
from idp.store import schema
from idp.store.rows import Rows


class MfaPreferenceRows(Rows[records.MfaPreference]):
    """Which second factors users switched on, by pool id and sub."""

    table = schema.mfa_preferences
    adapter = TypeAdapter(records.MfaPreference)

    async def of(self, pool_id: str, subs: Sequence[str]) -> tuple[records.MfaPreference, ...]:
        """The preferences of several users, of those who have one."""
        columns = self.table.c
        return await self.all(columns.pool_id == pool_id, columns.sub.in_(subs), order="sub")


class SoftwareTokenRows(Rows[records.SoftwareToken]):
    """TOTP seeds, by pool id and sub. They come and go sealed: whoever uses one opens it."""

    table = schema.software_tokens
    adapter = TypeAdapter(records.SoftwareToken)


class PasskeyRows(Rows[records.Passkey]):
    """Passkeys, by pool id and hash of the credential id."""

    table = schema.passkeys
    adapter = TypeAdapter(records.Passkey)

    async def of(self, pool_id: str, sub: str) -> tuple[records.Passkey, ...]:
        """A user's passkeys, oldest first."""
        columns = self.table.c
        return await self.all(columns.pool_id == pool_id, columns.sub == sub, order="created_at")


class CeremonyRows(Rows[records.Ceremony]):
    """WebAuthn challenges, by hash."""

    table = schema.ceremonies
    adapter = TypeAdapter(records.Ceremony)
