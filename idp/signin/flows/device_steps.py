"""A remembered device proves itself, by SRP with a password of its own (cognito.md 4.4, 4.11).

Some clients (pycognito) send no session with DEVICE_SRP_AUTH. For them the session waits at the device's own
record: for the same client and peer address only, once, and no longer than any session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from idp.model import Pool, User
from idp.outcomes import SignInReason
from idp.seal import hash_token
from idp.signin import srp
from idp.signin.devices import open_verifier
from idp.signin.dispatch import DeviceStanding, refuse
from idp.signin.flows.accounts import Account
from idp.signin.flows.caller import Caller
from idp.signin.flows.desk import Desk, Proof, StepResult, incorrect, missing, unfit
from idp.signin.flows.names import ChallengeName
from idp.signin.flows.progress import Progress, seal_session
from idp.signin.flows.srp_exchange import is_claim_right, open_exchange
from idp.signin.records import Device
from idp.users.passwords import HasherBusy


@dataclass(slots=True)
class DeviceSteps:
    """The steps that deal with devices."""

    desk: Desk

    async def judge(self, caller: Caller, progress: Progress, user: User) -> DeviceStanding:
        """Say what the DEVICE_KEY of this sign-in is worth."""
        tracking = caller.pool.devices
        if tracking is None or progress.device_key is None or progress.is_device_done:
            return DeviceStanding.NONE
        device = await self._find(caller.pool, user, progress.device_key)
        if device is None:
            return DeviceStanding.UNKNOWN
        if not device.is_confirmed:
            return DeviceStanding.PENDING
        is_trusted = device.remembered and tracking.challenge_on_new_device
        return DeviceStanding.TRUSTED if is_trusted else DeviceStanding.KNOWN

    async def put(self, caller: Caller, progress: Progress, user: User) -> StepResult:
        """Put DEVICE_SRP_AUTH."""
        waiting = self.desk.renew(caller, progress, ChallengeName.DEVICE_SRP_AUTH)
        kept = f"{_sender(caller)} {seal_session(self.desk.vault, waiting)}"
        async with self.desk.store.writing() as records:
            await records.devices.update(
                (caller.pool.id, progress.device_key or ""), lambda old: replace(old, pending=kept)
            )
        return self.desk.put(waiting, user)

    async def recall_session(self, caller: Caller, device_key: str) -> str | None:
        """Return the session that waits at a device for this caller."""
        async with self.desk.store.reading() as records:
            device = await records.devices.find(caller.pool.id, device_key)
        sender, _, session = (device.pending if device and device.pending else "").partition(" ")
        return session if session and sender == _sender(caller) else None

    async def open_srp(
        self, caller: Caller, progress: Progress, user: User, responses: Mapping[str, str]
    ) -> StepResult:
        """Answer SRP_A of a device with DEVICE_PASSWORD_VERIFIER."""
        client_value = srp.parse_client_value(responses.get("SRP_A", ""))
        if client_value is None:
            return unfit("SRP_A") if responses.get("SRP_A") else missing("SRP_A")
        device = await self._find_given(caller, progress, user, responses)
        verifier = None if device is None else open_verifier(self.desk.vault, device)
        if device is None or verifier is None:
            return refuse(SignInReason.DEVICE_UNKNOWN)
        waiting = self.desk.renew(caller, progress, ChallengeName.DEVICE_PASSWORD_VERIFIER)
        try:
            opening = await open_exchange(
                self.desk.passwords.hasher,
                self.desk.vault,
                waiting,
                verifier=verifier,
                client_value=client_value,
            )
        except HasherBusy:
            return refuse(SignInReason.BUSY)
        return self.desk.put(waiting, user, parameters={"DEVICE_KEY": device.key, **opening.parameters})

    async def verify_srp(
        self, caller: Caller, progress: Progress, account: Account, responses: Mapping[str, str]
    ) -> StepResult:
        """Judge the answer to DEVICE_PASSWORD_VERIFIER; a wrong one counts as a wrong code does."""
        user = account.user
        device = await self._find_given(caller, progress, user, responses) if user else None
        verifier = None if device is None else open_verifier(self.desk.vault, device)
        if user is None or device is None or verifier is None:
            return refuse(SignInReason.DEVICE_UNKNOWN)
        try:
            is_right = await is_claim_right(
                self.desk.passwords.hasher,
                progress,
                srp.Identity(device.group_key, device.key),
                verifier=verifier,
                responses=responses,
                now=self.desk.clock.now(),
            )
        except HasherBusy:
            return refuse(SignInReason.BUSY)
        if not is_right:
            await self.desk.accounts.count_failure(caller.pool, account.subject)
            return incorrect()
        if account.failures is not None:
            await self.desk.accounts.forgive(caller.pool, account.subject)
        await self._note_use(caller, device)
        return Proof(replace(progress.proved(second_done=True), is_device_done=True), user)

    async def _note_use(self, caller: Caller, device: Device) -> None:
        now = self.desk.clock.now()
        async with self.desk.store.writing() as records:
            await records.devices.update(
                (device.pool_id, device.key),
                lambda old: replace(old, last_authenticated_at=now, address=caller.address, pending=None),
            )

    async def _find_given(
        self, caller: Caller, progress: Progress, user: User, responses: Mapping[str, str]
    ) -> Device | None:
        """Return the device this sign-in is about, unless another one is named now."""
        if responses.get("DEVICE_KEY", progress.device_key) != progress.device_key:
            return None
        return await self._find(caller.pool, user, progress.device_key or "")

    async def _find(self, pool: Pool, user: User, key: str) -> Device | None:
        async with self.desk.store.reading() as records:
            device = await records.devices.find(pool.id, key)
        return device if device is not None and device.sub == user.sub else None


def _sender(caller: Caller) -> str:
    return hash_token(f"{caller.client.id} {caller.address}")
