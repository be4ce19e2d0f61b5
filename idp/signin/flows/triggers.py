"""The seam between the flows and a pool's triggers (cognito.md 8): when they are called and what comes back.

`NoTriggers` is a pool without any. A trigger that refuses or fails answers TriggerRefused; its code is the
exception of the JSON API and its message what Cognito would say there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from idp.model import Client, Pool, User


@dataclass(frozen=True, slots=True)
class TriggerRefused:
    """A trigger said no, failed, or answered what nobody understands."""

    code: str
    """UserLambdaValidationException, UnexpectedLambdaException or InvalidLambdaResponseException."""
    message: str


@dataclass(frozen=True, slots=True)
class TriggerTurn:
    """For whom a trigger is called."""

    pool: Pool
    client: Client
    user: User | None
    """None is `userNotFound`: called only where existence is hidden."""
    username: str
    """`userName`: the canonical one, or as typed where there is no user."""
    validation_data: Mapping[str, str] = field(default_factory=dict, repr=False)
    """ClientMetadata of InitiateAuth."""
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    """ClientMetadata of RespondToAuthChallenge."""
    new_device: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """One entry of `session` in a custom flow."""

    name: str
    result: bool
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class Defined:
    """DefineAuthChallenge: exactly one of the three, or the answer is unrecognizable."""

    challenge: str | None = None
    issue_tokens: bool = False
    fail: bool = False


@dataclass(frozen=True, slots=True)
class Created:
    """CreateAuthChallenge."""

    public: Mapping[str, str] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict, repr=False)
    metadata: str | None = None


class Triggers(Protocol):
    """The triggers of sign-in."""

    async def migrate_user(self, turn: TriggerTurn, password: str) -> User | TriggerRefused | None:
        """Create a user nobody knows from another directory that does; None where there is no such trigger.

        Called in plain-password flows only. The user comes back stored, with this password.
        """
        ...

    async def pre_authentication(self, turn: TriggerTurn) -> TriggerRefused | None:
        """Call PreAuthentication."""
        ...

    async def post_authentication(self, turn: TriggerTurn) -> TriggerRefused | None:
        """Call PostAuthentication, once everything was right."""
        ...

    async def define_challenge(
        self, turn: TriggerTurn, rounds: tuple[Round, ...]
    ) -> Defined | TriggerRefused | None:
        """Call DefineAuthChallenge; None where the pool has none."""
        ...

    async def create_challenge(
        self, turn: TriggerTurn, name: str, rounds: tuple[Round, ...]
    ) -> Created | TriggerRefused | None:
        """Call CreateAuthChallenge; None where the pool has none."""
        ...

    async def verify_challenge(
        self, turn: TriggerTurn, answer: str, private: Mapping[str, str]
    ) -> bool | TriggerRefused | None:
        """Call VerifyAuthChallengeResponse; None where the pool has none."""
        ...


class NoTriggers:
    """A pool without triggers."""

    async def migrate_user(self, turn: TriggerTurn, password: str) -> User | TriggerRefused | None:
        """Know nobody else."""
        return None

    async def pre_authentication(self, turn: TriggerTurn) -> TriggerRefused | None:
        """Object to nothing."""
        return None

    async def post_authentication(self, turn: TriggerTurn) -> TriggerRefused | None:
        """Object to nothing."""
        return None

    async def define_challenge(
        self, turn: TriggerTurn, rounds: tuple[Round, ...]
    ) -> Defined | TriggerRefused | None:
        """Define nothing."""
        return None

    async def create_challenge(
        self, turn: TriggerTurn, name: str, rounds: tuple[Round, ...]
    ) -> Created | TriggerRefused | None:
        """Create nothing."""
        return None

    async def verify_challenge(
        self, turn: TriggerTurn, answer: str, private: Mapping[str, str]
    ) -> bool | TriggerRefused | None:
        """Verify nothing."""
        return None
