"""What the store keeps about sign-ins on their way and about remembered devices, as frozen values.

Imports nothing of ours but the model's words.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Spent:
    """A sign-in session or SRP secret block that has done its work, until it would have ended anyway."""

    id: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Device:
    """A device of a user (cognito.md 4.11): made at a sign-in, then confirmed, then remembered or not."""

    pool_id: str
    key: str
    """DeviceKey, `REGION_UUID`."""
    sub: str
    group_key: str
    created_at: float
    updated_at: float
    last_authenticated_at: float
    name: str | None = None
    sealed_verifier: str | None = field(default=None, repr=False)
    """Salt and verifier of the device's own password; there once the device is confirmed."""
    remembered: bool = False
    address: str = ""
    pending: str | None = field(default=None, repr=False)
    """The sign-in that waits for this device, for clients that send no session."""

    @property
    def is_confirmed(self) -> bool:
        """Whether ConfirmDevice was called for it."""
        return self.sealed_verifier is not None


@dataclass(frozen=True, slots=True)
class DeviceTracking:
    """`DeviceConfiguration` of a pool."""

    challenge_on_new_device: bool = False
    """ChallengeRequiredOnNewDevice: remembered devices are not asked for a second factor."""
    only_remembered_on_prompt: bool = False
    """DeviceOnlyRememberedOnUserPrompt: a confirmed device is remembered only once the user agrees."""
