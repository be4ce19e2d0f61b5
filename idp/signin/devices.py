"""Devices of users: made at a sign-in, confirmed by the client, remembered or forgotten (cognito.md 4.11).

A device's verifier is as good as a password's and is kept as one: sealed, for this pool and device only.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from idp.clock import Clock
from idp.model import Pool, User
from idp.seal import SealBroken, Vault
from idp.signin import srp
from idp.signin.records import Device
from idp.signin.srp import Verifier
from idp.store.base import NotFound, Store

GROUP_KEY_BYTES: Final = 6
LONGEST_NAME: Final = 1024


@dataclass(slots=True)
class Devices:
    """Keeps devices."""

    store: Store
    clock: Clock
    vault: Vault

    async def assign(self, pool: Pool, user: User, *, address: str) -> Device:
        """Make a device for a sign-in that named none; it counts for nothing until it is confirmed."""
        now = self.clock.now()
        device = Device(
            pool_id=pool.id,
            key=f"{pool.id.rpartition('_')[0]}_{uuid.uuid4()}",
            sub=user.sub,
            group_key=f"-{secrets.token_urlsafe(GROUP_KEY_BYTES)}",
            created_at=now,
            updated_at=now,
            last_authenticated_at=now,
            address=address,
        )
        async with self.store.writing() as records:
            return await records.devices.create(device)

    async def confirm(
        self, pool: Pool, user: User, key: str, *, verifier: Verifier, name: str | None
    ) -> bool | None:
        """Confirm a device; returns whether the user still has to be asked, or None for an unknown device.

        A confirmed device is not confirmed again: its verifier would be replaced by whoever holds a token.
        """
        asks = pool.devices is not None and pool.devices.only_remembered_on_prompt

        def change(device: Device) -> Device:
            return replace(
                device,
                sealed_verifier=seal_verifier(self.vault, device, verifier),
                name=name,
                remembered=not asks,
            )

        confirmed = await self._change(pool, user, key, change, confirmed=False)
        return None if confirmed is None else asks

    async def set_remembered(self, pool: Pool, user: User, key: str, *, remembered: bool) -> bool:
        """Remember a device or not; False for an unknown one."""
        changed = await self._change(
            pool, user, key, lambda device: replace(device, remembered=remembered), confirmed=True
        )
        return changed is not None

    async def find(self, pool: Pool, user: User, key: str) -> Device | None:
        """Return a user's confirmed device."""
        async with self.store.reading() as records:
            device = await records.devices.find(pool.id, key)
        return device if device is not None and device.sub == user.sub and device.is_confirmed else None

    async def list(self, pool: Pool, user: User, *, limit: int = 60, after: str = "") -> tuple[Device, ...]:
        """List a user's confirmed devices by key, those after the key `after`."""
        async with self.store.reading() as records:
            return await records.devices.of(pool.id, user.sub, limit=limit, after=after)

    async def forget(self, pool: Pool, user: User, key: str) -> bool:
        """Remove a device, and so what its refresh tokens were bound to; False for an unknown one."""
        async with self.store.writing() as records:
            device = await records.devices.find(pool.id, key)
            if device is None or device.sub != user.sub:
                return False
            await records.devices.delete(pool.id, key)
            return True

    async def _change(
        self, pool: Pool, user: User, key: str, change: Callable[[Device], Device], *, confirmed: bool
    ) -> Device | None:
        now = self.clock.now()
        try:
            async with self.store.writing() as records:
                device = await records.devices.hold(pool.id, key)
                if device.sub != user.sub or device.is_confirmed is not confirmed:
                    return None
                return await records.devices.update(
                    (pool.id, key), lambda old: replace(change(old), updated_at=now)
                )
        except NotFound:
            return None


def seal_verifier(vault: Vault, device: Device, verifier: Verifier) -> str:
    """Seal a device's verifier for this device."""
    content = json.dumps([f"{verifier.salt:x}", f"{verifier.value:x}"])
    return vault.seal_text(content, purpose=_purpose(device))


def open_verifier(vault: Vault, device: Device) -> Verifier | None:
    """Open a device's verifier, or None."""
    if device.sealed_verifier is None:
        return None
    try:
        salt, value = json.loads(vault.open_text(device.sealed_verifier, purpose=_purpose(device)))
    except SealBroken:
        return None
    return Verifier(int(salt, 16), int(value, 16))


def parse_verifier(salt: str, verifier: str) -> Verifier | None:
    """Read DeviceSecretVerifierConfig: base64 of the padded bytes; None for what is no number of the group.

    A verifier of 0 would make the shared secret 0 whatever the device's password is, and 1 or N-1 nearly so.
    """
    try:
        numbers = [int.from_bytes(base64.b64decode(text, validate=True), "big") for text in (salt, verifier)]
    except (binascii.Error, ValueError):
        return None
    is_fit = 0 < numbers[0] < 1 << 512 and 1 < numbers[1] < srp.N - 1
    return Verifier(*numbers) if is_fit else None


def _purpose(device: Device) -> str:
    return f"device-verifier:{device.pool_id}:{device.key}"
