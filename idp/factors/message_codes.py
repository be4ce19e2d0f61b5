"""One-time codes by mail and text message, as a first or as a second factor (cognito.md 4.4, 4.6, 5.4).

The code is kept as a keyed hash, lives as long as the sign-in that asked for it, and its sends and tries are
counted for each account. Whoever enters it has the mailbox or the phone: the address counts as verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from idp.clock import Clock
from idp.model import CodePurpose, Pool, User, UserStatus
from idp.outbox.base import Outbox
from idp.outbox.messages import build_factor_message, mask
from idp.outcomes import Delivery, SignInReason, SignInRefused
from idp.pace import evenly
from idp.seal import Vault
from idp.signin.dispatch import refuse
from idp.signin.flows.factors import FactorTurn
from idp.signin.flows.names import ChallengeName
from idp.store.base import AlreadyExists, NotFound, Store
from idp.users.aliases import derive_logins
from idp.users.code_desk import CodeDesk
from idp.users.codes import Verdict
from idp.users.lookup import simulate_delivery, subject_of


@dataclass(frozen=True, slots=True)
class Channel:
    """How one kind of code travels."""

    attribute: str
    medium: str
    answer: str
    """The key of ChallengeResponses that holds the code."""
    amr: str
    first: CodePurpose
    second: CodePurpose


_MAIL: Final = Channel(
    "email",
    "EMAIL",
    "EMAIL_OTP_CODE",
    "email_otp",
    CodePurpose.FIRST_BY_EMAIL,
    CodePurpose.SECOND_BY_EMAIL,
)
_PHONE: Final = Channel(
    "phone_number", "SMS", "SMS_MFA_CODE", "sms", CodePurpose.FIRST_BY_SMS, CodePurpose.SECOND_BY_SMS
)
CHANNELS: Final[Mapping[ChallengeName, Channel]] = {
    ChallengeName.EMAIL_OTP: _MAIL,
    ChallengeName.SMS_MFA: _PHONE,
    ChallengeName.SMS_OTP: replace(_PHONE, answer="SMS_OTP_CODE"),
}
REFUSALS: Final[Mapping[Verdict, SignInReason]] = {
    Verdict.WRONG: SignInReason.CODE_MISMATCH,
    Verdict.EXPIRED: SignInReason.CODE_EXPIRED,
    Verdict.TOO_MANY: SignInReason.LIMIT_EXCEEDED,
}


@dataclass(slots=True)
class MessageCodes:
    """Sends codes and checks them."""

    store: Store
    clock: Clock
    vault: Vault
    outbox: Outbox
    desk: CodeDesk

    async def send(
        self, turn: FactorTurn, channel: Channel, *, address: str | None = None
    ) -> Delivery | SignInRefused:
        """Send a code; the earlier one stops working. `address` is one that is not on record yet.

        As a first factor, where nothing is proven, a name that nobody has gets the same answer in the same
        time.
        """
        user, pool = turn.user, turn.pool
        recipient = address or (user.attributes.get(channel.attribute) if user else None)
        async with evenly(), self.store.writing() as records:
            code = await self.desk.issue(
                records,
                pool,
                subject=subject_of(self.vault, pool, turn.username, user),
                purpose=_purpose(turn, channel),
                destination=recipient or "",
                lifetime=turn.client.auth_session_seconds,
            )
        if code is None:
            return refuse(SignInReason.LIMIT_EXCEEDED)
        if user is None or recipient is None:
            return simulate_delivery(self.vault, pool, turn.username, attribute=channel.attribute)
        message = build_factor_message(
            pool, user, attribute=channel.attribute, recipient=recipient, code=code
        )
        if turn.is_first:
            self.outbox.post(message)
        elif not await self.outbox.send(message):
            return refuse(SignInReason.DELIVERY_FAILED)
        return Delivery(mask(channel.attribute, recipient), channel.medium, channel.attribute)

    async def check(
        self, turn: FactorTurn, channel: Channel, code: str, *, address: str | None = None
    ) -> User | SignInRefused:
        """Check a code; returns the user with the address it went to verified."""
        user, pool = turn.user, turn.pool
        recipient = address or (user.attributes.get(channel.attribute) if user else None)
        async with evenly(), self.store.writing() as records:
            verdict = await self.desk.attempt(
                records,
                pool,
                subject=subject_of(self.vault, pool, turn.username, user),
                purpose=_purpose(turn, channel),
                destination=recipient or "",
                code=code,
            )
        if verdict is not Verdict.RIGHT:
            return refuse(REFUSALS[verdict])
        if user is None or recipient is None:
            return refuse(SignInReason.CODE_MISMATCH)
        return await self._verified(pool, user, channel.attribute, recipient)

    async def _verified(self, pool: Pool, user: User, attribute: str, address: str) -> User | SignInRefused:
        now = self.clock.now()
        try:
            async with self.store.writing() as records:
                present = await records.users.hold(pool.id, user.sub)
                if present.attributes.get(attribute) not in (None, address):
                    return refuse(SignInReason.CODE_MISMATCH)  # changed since the code was sent
                changed = prove_address(pool, present, attribute, address, now=now)
                return await records.users.update((pool.id, user.sub), lambda _: changed)
        except AlreadyExists:
            # The verified address is another user's alias. The code was right all the same.
            return user
        except NotFound:
            return refuse(SignInReason.CODE_MISMATCH)


def prove_address(pool: Pool, user: User, attribute: str, address: str, *, now: float) -> User:
    """Verify the address a right code went to, and confirm an account that waited for that. Pure.

    An unconfirmed account loses its password: whoever signed up may not be whoever reads the mail, and must
    not get in with what they chose (Cognito keeps it).
    """
    proven = {attribute: address, f"{attribute}_verified": "true"}
    changed = replace(user, attributes={**user.attributes, **proven})
    if user.status is UserStatus.UNCONFIRMED:
        changed = replace(changed, status=UserStatus.CONFIRMED, password_hash=None, srp_verifier=None)
    changed = replace(changed, logins=derive_logins(pool, changed))
    return user if changed == user else replace(changed, updated_at=now)


def _purpose(turn: FactorTurn, channel: Channel) -> CodePurpose:
    return channel.first if turn.is_first else channel.second
