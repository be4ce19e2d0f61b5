"""The end of a sign-in through the JSON API: tokens, and a device where the pool tracks them (4.11)."""

from __future__ import annotations

from dataclasses import dataclass

from idp.outcomes import GrantRefused, SignedIn, TokenSet
from idp.signin.devices import Devices
from idp.signin.flows.caller import Caller
from idp.signin.records import Device
from idp.tokens.issuer import Tokens


@dataclass(frozen=True, slots=True)
class Completed:
    """Tokens, and the device that was made for this sign-in."""

    tokens: TokenSet
    new_device: Device | None = None


@dataclass(slots=True)
class Completion:
    """Completes sign-ins."""

    devices: Devices
    tokens: Tokens

    async def complete(
        self, caller: Caller, signed_in: SignedIn, *, user_agent: str
    ) -> Completed | GrantRefused | None:
        """Issue the tokens of a sign-in; None when access was taken away in the moment since.

        GrantRefused is a trigger's doing.
        """
        device = None
        if caller.pool.devices is not None and signed_in.device_key is None:
            device = await self.devices.assign(caller.pool, signed_in.user, address=caller.address)
        tokens = await self.tokens.issue(
            caller.pool,
            caller.client,
            signed_in,
            device_key=device.key if device else signed_in.device_key,
            address=caller.address,
            user_agent=user_agent,
            metadata=caller.metadata,
        )
        return Completed(tokens, device) if isinstance(tokens, TokenSet) else tokens
