"""Everything beyond the password, as the flows ask for it (the `Factors` of `idp.signin.flows.factors`).

Each challenge has one asker and one checker, in two tables. What must be remembered between the two travels
in the sign-in's session as `state`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from idp.factors import policy, totp
from idp.factors.holdings import read_holdings
from idp.factors.message_codes import CHANNELS, REFUSALS, MessageCodes
from idp.factors.passkeys import Passkeys, Presented
from idp.factors.policy import Holdings
from idp.factors.preferences import Preferences, switch_on
from idp.factors.records import Factor, FirstFactor
from idp.factors.software_tokens import NONE_THERE, SoftwareTokens
from idp.factors.webauthn import Mistake
from idp.model import Client, Pool, User, UserStatus
from idp.outcomes import SignInReason, SignInRefused, UserRefused
from idp.signin.dispatch import refuse
from idp.signin.flows.factors import Asked, FactorTurn, Passed, Wanted
from idp.signin.flows.names import ChallengeName
from idp.store.base import Store
from idp.texts import SOFTWARE_TOKEN_USED
from idp.users.aliases import is_email
from idp.users.codes import Verdict

Answer = Mapping[str, str]
State = Mapping[str, str]
Outcome = Passed | Asked | SignInRefused

CHALLENGE_OF: Final[Mapping[Factor, ChallengeName]] = {
    Factor.SMS: ChallengeName.SMS_MFA,
    Factor.TOTP: ChallengeName.SOFTWARE_TOKEN_MFA,
    Factor.EMAIL: ChallengeName.EMAIL_OTP,
}
FIRST_CHALLENGES: Final[Mapping[FirstFactor, ChallengeName]] = {
    FirstFactor.EMAIL_OTP: ChallengeName.EMAIL_OTP,
    FirstFactor.SMS_OTP: ChallengeName.SMS_OTP,
    FirstFactor.WEB_AUTHN: ChallengeName.WEB_AUTHN,
}
SET_UP_DONE: Final = "set-up-done"
"""In the state of MFA_SETUP: the app's first code was right."""
NEW_ADDRESS: Final = "new-address"
"""In the state of EMAIL_OTP: the address that is being set up, not yet the user's."""
SEED: Final = "seed"
"""In the state of MFA_SETUP: the seed that was handed out."""
ORDINARY: Final = Holdings(email=True, phone_number=True)
"""What an account has, as far as a stranger could guess: the stand-in for a name that nobody has."""
_MAY_BEGIN: Final = frozenset({UserStatus.CONFIRMED, UserStatus.UNCONFIRMED})


@dataclass(slots=True)
class FactorService:
    """Asks for factors and checks them."""

    store: Store
    codes: MessageCodes
    tokens: SoftwareTokens
    passkeys: Passkeys
    preferences: Preferences

    async def first_factors(self, pool: Pool, client: Client, user: User | None) -> tuple[ChallengeName, ...]:
        """Return the passwordless factors a user can sign in with now; for nobody, an ordinary account's."""
        if user is not None and (not user.enabled or user.status not in _MAY_BEGIN):
            return ()
        holdings = ORDINARY if user is None else await self._holdings(pool, user)
        found = policy.list_first_factors(pool.factors, holdings, recovery=pool.recovery)
        return tuple(FIRST_CHALLENGES[factor] for factor in found if factor in FIRST_CHALLENGES)

    async def wanted(self, pool: Pool, client: Client, user: User) -> Wanted:
        """Return what is wanted of a user whose first factor was right."""
        decision = policy.decide(pool.factors, await self._holdings(pool, user), recovery=pool.recovery)
        match decision:
            case policy.Ask(factor):
                return Wanted(ask=(CHALLENGE_OF[factor],))
            case policy.Choose(factors):
                return Wanted(ask=tuple(CHALLENGE_OF[factor] for factor in factors))
            case policy.SetUp(factors):
                return Wanted(set_up=tuple(CHALLENGE_OF[factor] for factor in factors))
            case policy.Stuck():
                return Wanted(is_impossible=True)
            case policy.Enough():
                return Wanted()

    async def held(self, pool: Pool, user: User) -> tuple[ChallengeName, ...]:
        """Return the second factors that a sign-in of this user may ask for, wanted or not."""
        holdings = await self._holdings(pool, user)
        active = policy.list_active(pool.factors, holdings, recovery=pool.recovery)
        return tuple(CHALLENGE_OF[factor] for factor in active)

    async def at_hand(self, pool: Pool, user: User) -> tuple[ChallengeName, ...]:
        """Return the second factors that a user has, switched on or not, for a sign-in that is risky."""
        holdings = await self._holdings(pool, user)
        found = policy.list_at_hand(pool.factors, holdings, recovery=pool.recovery)
        return tuple(CHALLENGE_OF[factor] for factor in found)

    async def configured(self, pool: Pool, user: User) -> tuple[str, ...]:
        """Return what a user could authenticate with, in the words of ConfiguredUserAuthFactors."""
        holdings = await self._holdings(pool, user)
        has = {
            "PASSWORD": holdings.has_password,
            "EMAIL_OTP": holdings.email and FirstFactor.EMAIL_OTP in pool.factors.first,
            "SMS_OTP": holdings.phone_number and FirstFactor.SMS_OTP in pool.factors.first,
            "WEB_AUTHN": holdings.passkeys > 0 and pool.factors.offers_passkeys,
            "SOFTWARE_TOKEN": holdings.has_totp and Factor.TOTP in pool.factors.enabled,
        }
        return tuple(name for name, is_there in has.items() if is_there)

    async def start(self, turn: FactorTurn, name: ChallengeName) -> Asked | SignInRefused:
        """Ask for a factor, sending what has to be sent."""
        return await _STARTS[name](self, turn, name)

    async def ask_again(
        self, turn: FactorTurn, name: ChallengeName, *, state: State
    ) -> Asked | SignInRefused:
        """Ask once more; an address that is being set up is asked again itself."""
        if address := state.get(NEW_ADDRESS):
            return await self._send_to(turn, name, address=address)
        return await self.start(turn, name)

    async def check(self, turn: FactorTurn, name: ChallengeName, *, answer: Answer, state: State) -> Outcome:
        """Judge an answer; a refused one leaves the session good until it ends."""
        if turn.is_first and turn.user is not None and not await self._may_begin(turn, turn.user, name):
            return refuse(SignInReason.FACTOR_UNAVAILABLE)  # settings or factors changed since the question
        return await _CHECKS[name](self, turn, name, answer, state)

    async def take_passkey(
        self, pool: Pool, client: Client, credential: str, challenge: str
    ) -> Passed | SignInRefused:
        """Judge a passkey that names its user by itself, as an answer to `Passkeys.ask_anybody`."""
        presented = await self.passkeys.judge(pool, credential, challenge)
        if isinstance(presented, Mistake):
            return refuse(SignInReason.INCORRECT)
        async with self.store.reading() as records:
            user = await records.users.find(pool.id, presented.passkey.sub)
        if user is None or ChallengeName.WEB_AUTHN not in await self.first_factors(pool, client, user):
            return refuse(SignInReason.INCORRECT)
        return passed_by_passkey(pool, user, presented)

    async def hand_out_seed(self, turn: FactorTurn) -> str | UserRefused:
        """Hand out a seed in the middle of a sign-in; the caller keeps it in the session's state."""
        if turn.user is None or not await self._may_set_up(turn, turn.user, ChallengeName.SOFTWARE_TOKEN_MFA):
            return NONE_THERE
        return totp.draw_seed()

    async def take_first_code(
        self, turn: FactorTurn, state: State, code: str, *, name: str
    ) -> UserRefused | None:
        """Take the first code of a seed that was handed out in the middle of a sign-in."""
        seed = state.get(SEED)
        user = turn.user
        if (
            user is None
            or not seed
            or not await self._may_set_up(turn, user, ChallengeName.SOFTWARE_TOKEN_MFA)
        ):
            return NONE_THERE
        return await self.tokens.install(turn.pool, user, seed, code, name=name)

    async def _holdings(self, pool: Pool, user: User) -> Holdings:
        async with self.store.reading() as records:
            return await read_holdings(records, pool, user)

    async def _may_begin(self, turn: FactorTurn, user: User, name: ChallengeName) -> bool:
        return name in await self.first_factors(turn.pool, turn.client, user)

    async def _may_set_up(self, turn: FactorTurn, user: User, name: ChallengeName) -> bool:
        """Whether a user is still without a factor: a sign-in that began before must not replace one."""
        return name in (await self.wanted(turn.pool, turn.client, user)).set_up

    async def _send_code(self, turn: FactorTurn, name: ChallengeName) -> Asked | SignInRefused:
        return await self._send_to(turn, name, address=None)

    async def _send_to(
        self, turn: FactorTurn, name: ChallengeName, *, address: str | None
    ) -> Asked | SignInRefused:
        delivery = await self.codes.send(turn, CHANNELS[name], address=address)
        if isinstance(delivery, SignInRefused):
            return delivery
        parameters = {
            "CODE_DELIVERY_DELIVERY_MEDIUM": delivery.medium,
            "CODE_DELIVERY_DESTINATION": delivery.destination,
        }
        return Asked(name, parameters, {NEW_ADDRESS: address} if address else {})

    async def _check_code(
        self, turn: FactorTurn, name: ChallengeName, answer: Answer, state: State
    ) -> Outcome:
        channel, address = CHANNELS[name], state.get(NEW_ADDRESS)
        if address and (turn.user is None or not await self._may_set_up(turn, turn.user, name)):
            return refuse(SignInReason.FACTOR_UNAVAILABLE)
        checked = await self.codes.check(turn, channel, answer.get(channel.answer, ""), address=address)
        if isinstance(checked, SignInRefused):
            return checked
        if address:
            async with self.store.writing() as records:
                await switch_on(records, turn.pool, checked, Factor.EMAIL)
        return Passed(checked, (channel.amr,))

    async def _ask_app(self, turn: FactorTurn, name: ChallengeName) -> Asked | SignInRefused:
        if turn.user is None:
            return refuse(SignInReason.SOFTWARE_TOKEN_UNAVAILABLE)
        return Asked(name, {"FRIENDLY_DEVICE_NAME": await self.tokens.device_name(turn.pool, turn.user)})

    async def _check_app(
        self, turn: FactorTurn, name: ChallengeName, answer: Answer, state: State
    ) -> Outcome:
        if turn.user is None:
            return refuse(SignInReason.SOFTWARE_TOKEN_UNAVAILABLE)
        code = answer.get("SOFTWARE_TOKEN_MFA_CODE", "")
        verdict = await self.tokens.check(turn.pool, turn.user, code)
        if verdict is Verdict.EXPIRED:
            return SignInRefused(SignInReason.CODE_EXPIRED, SOFTWARE_TOKEN_USED)
        return Passed(turn.user, ("otp",)) if verdict is Verdict.RIGHT else refuse(REFUSALS[verdict])

    async def _ask_set_up(self, turn: FactorTurn, name: ChallengeName) -> Asked | SignInRefused:
        if turn.user is None:
            return refuse(SignInReason.FACTOR_UNAVAILABLE)
        wanted = await self.wanted(turn.pool, turn.client, turn.user)
        return Asked(name, {"MFAS_CAN_SETUP": json.dumps(wanted.set_up)})

    async def _check_set_up(
        self, turn: FactorTurn, name: ChallengeName, answer: Answer, state: State
    ) -> Outcome:
        """Go on after an app was set up, or mail a code to the address that is to become the factor."""
        if turn.user is None:
            return refuse(SignInReason.FACTOR_UNAVAILABLE)
        if state.get(SET_UP_DONE):
            return Passed(turn.user, ("otp",))
        address = answer.get("email", "").strip()
        if not is_email(address) or not await self._may_set_up(turn, turn.user, ChallengeName.EMAIL_OTP):
            return refuse(SignInReason.SOFTWARE_TOKEN_UNAVAILABLE)
        return await self._send_to(turn, ChallengeName.EMAIL_OTP, address=address)

    async def _ask_passkey(self, turn: FactorTurn, name: ChallengeName) -> Asked | SignInRefused:
        asked = await self.passkeys.ask(turn.pool, turn.user, username=turn.username)
        if asked is None:
            return refuse(SignInReason.FACTOR_UNAVAILABLE)
        options, challenge = asked
        return Asked(name, {"CREDENTIAL_REQUEST_OPTIONS": json.dumps(options)}, {"challenge": challenge})

    async def _check_passkey(
        self, turn: FactorTurn, name: ChallengeName, answer: Answer, state: State
    ) -> Outcome:
        if turn.user is None:
            return refuse(SignInReason.INCORRECT)
        credential, challenge = answer.get("CREDENTIAL", ""), state.get("challenge", "")
        presented = await self.passkeys.judge(turn.pool, credential, challenge, user=turn.user)
        if isinstance(presented, Mistake):
            return refuse(SignInReason.INCORRECT)
        return passed_by_passkey(turn.pool, turn.user, presented)


def passed_by_passkey(pool: Pool, user: User, presented: Presented) -> Passed:
    """Say what a passkey proved: `swk` in the device itself, `hwk` on another one (cognito.md 2.5). Pure."""
    amr = "swk" if presented.passkey.attachment == "platform" else "hwk"
    return Passed(user, (amr,), pool.factors.passkey_counts_twice and presented.user_verified)


_Start = Callable[[FactorService, FactorTurn, ChallengeName], Awaitable[Asked | SignInRefused]]
_Check = Callable[[FactorService, FactorTurn, ChallengeName, Answer, State], Awaitable[Outcome]]
_STARTS: Final[Mapping[ChallengeName, _Start]] = {
    ChallengeName.EMAIL_OTP: FactorService._send_code,
    ChallengeName.SMS_OTP: FactorService._send_code,
    ChallengeName.SMS_MFA: FactorService._send_code,
    ChallengeName.SOFTWARE_TOKEN_MFA: FactorService._ask_app,
    ChallengeName.MFA_SETUP: FactorService._ask_set_up,
    ChallengeName.WEB_AUTHN: FactorService._ask_passkey,
}
_CHECKS: Final[Mapping[ChallengeName, _Check]] = {
    ChallengeName.EMAIL_OTP: FactorService._check_code,
    ChallengeName.SMS_OTP: FactorService._check_code,
    ChallengeName.SMS_MFA: FactorService._check_code,
    ChallengeName.SOFTWARE_TOKEN_MFA: FactorService._check_app,
    ChallengeName.MFA_SETUP: FactorService._check_set_up,
    ChallengeName.WEB_AUTHN: FactorService._check_passkey,
}
