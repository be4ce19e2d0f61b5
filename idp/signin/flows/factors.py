"""The seam between the flows and the factors beyond a password: one-time codes, authenticator apps, passkeys.

The flows decide when a factor is asked for and keep the session between question and answer; a factor
decides who may use it, what is sent, and whether an answer is right. What a factor must remember from
question to answer (a hash of the code, a WebAuthn challenge) is its `state`: texts that travel sealed inside
the session, bound to user, client and pool, for at most AuthSessionValidity.

The flows take care of: one attempt at a time per account; the lockout schedule over wrong codes
(CODE_MISMATCH and EXPIRED count, cognito.md 4.9); a session that works once (it is spent by the first right
answer); equal answers for users who are not there. Where an operation sets a factor up with the session of
MFA_SETUP (AssociateSoftwareToken), `Setups.open` gives the turn and the state of a session, and
`Setups.keep` a new session with a new state; the answer to MFA_SETUP is then checked against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from idp.model import Client, Pool, User
from idp.outcomes import SignInRefused
from idp.signin.flows.names import ChallengeName


@dataclass(frozen=True, slots=True)
class Asked:
    """A factor that was asked for: the challenge, what the client is told, what the factor must remember."""

    name: ChallengeName
    parameters: Mapping[str, str] = field(default_factory=dict)
    """ChallengeParameters; USER_ID_FOR_SRP and USERNAME are added by the flows."""
    state: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Passed:
    """A right answer; `user` is as it is now (an e-mail code may have verified the address)."""

    user: User
    amr: tuple[str, ...]
    """What was used, in the words of `amr`: `otp`, `sms`, `email_otp`, `swk`, `hwk`."""
    is_multi_factor: bool = False
    """Enough alone: a passkey with user verification where the pool counts it as several factors."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pool wants of a user after the first factor (the table of cognito.md 6)."""

    ask: tuple[ChallengeName, ...] = ()
    """One: it is asked for. Several: the user chooses (SELECT_MFA_TYPE)."""
    set_up: tuple[ChallengeName, ...] = ()
    """Nothing usable yet: the user sets one of these up (MFA_SETUP)."""
    is_impossible: bool = False
    """A second factor is required and this user can neither use nor set up any."""
    is_short: bool = False
    """The level that was asked for cannot be reached with what this user has."""


@dataclass(frozen=True, slots=True)
class FactorTurn:
    """For whom and how a factor is asked."""

    pool: Pool
    client: Client
    user: User | None
    """None: nobody has this name, and the answer must look as if somebody had."""
    username: str
    """As typed, where there is no user; the canonical one otherwise."""
    is_first: bool = False
    """Passwordless first factor (eight digits, marks the address verified), not a second one."""
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    """ClientMetadata, for message triggers."""


class Factors(Protocol):
    """Everything beyond the password."""

    async def first_factors(self, pool: Pool, client: Client, user: User | None) -> tuple[ChallengeName, ...]:
        """Return the passwordless factors (EMAIL_OTP, SMS_OTP, WEB_AUTHN) a user can sign in with now.

        For nobody: what somebody with an ordinary account would have.
        """
        ...

    async def wanted(self, pool: Pool, client: Client, user: User) -> Wanted:
        """Return what is wanted of a user whose first factor was right."""
        ...

    async def held(self, pool: Pool, user: User) -> tuple[ChallengeName, ...]:
        """Return the second factors that a sign-in of this user may ask for, wanted or not."""
        ...

    async def at_hand(self, pool: Pool, user: User) -> tuple[ChallengeName, ...]:
        """Return the second factors that a user has, switched on or not, for a sign-in that is risky."""
        ...

    async def start(self, turn: FactorTurn, name: ChallengeName) -> Asked | SignInRefused:
        """Ask for a factor, sending what has to be sent; MFA_SETUP asks for nothing yet."""
        ...

    async def ask_again(
        self, turn: FactorTurn, name: ChallengeName, *, state: Mapping[str, str]
    ) -> Asked | SignInRefused:
        """Ask once more for what was asked with this state: a new code in the place of the earlier one."""
        ...

    async def check(
        self, turn: FactorTurn, name: ChallengeName, *, answer: Mapping[str, str], state: Mapping[str, str]
    ) -> Passed | Asked | SignInRefused:
        """Judge ChallengeResponses. `Asked`: right so far, and one more question (MFA_SETUP with `email`).

        A refused answer leaves the session good until it ends.
        """
        ...


class NoFactors:
    """A pool without any factor but the password."""

    async def first_factors(self, pool: Pool, client: Client, user: User | None) -> tuple[ChallengeName, ...]:
        """Return nothing."""
        return ()

    async def wanted(self, pool: Pool, client: Client, user: User) -> Wanted:
        """Want nothing."""
        return Wanted()

    async def held(self, pool: Pool, user: User) -> tuple[ChallengeName, ...]:
        """Return nothing."""
        return ()

    async def at_hand(self, pool: Pool, user: User) -> tuple[ChallengeName, ...]:
        """Return nothing."""
        return ()

    async def start(self, turn: FactorTurn, name: ChallengeName) -> Asked | SignInRefused:
        """Refuse: nothing ever asks for what nobody offers."""
        raise LookupError(f"no factor answers {name}")

    async def ask_again(
        self, turn: FactorTurn, name: ChallengeName, *, state: Mapping[str, str]
    ) -> Asked | SignInRefused:
        """Refuse, likewise."""
        raise LookupError(f"no factor answers {name}")

    async def check(
        self, turn: FactorTurn, name: ChallengeName, *, answer: Mapping[str, str], state: Mapping[str, str]
    ) -> Passed | Asked | SignInRefused:
        """Refuse, likewise."""
        raise LookupError(f"no factor answers {name}")
