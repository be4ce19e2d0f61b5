"""The seam between the token service and a pool's PreTokenGeneration trigger (cognito.md 8.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from idp.model import Client, Group, Pool, User
from idp.signin.flows.triggers import TriggerRefused
from idp.tokens.changes import ClaimChanges


class TokenOccasion(StrEnum):
    """What tokens are made for: the part of `triggerSource` after the underscore."""

    HOSTED = "HostedAuth"
    SIGN_IN = "Authentication"
    NEW_PASSWORD = "NewPasswordChallenge"  # noqa: S105
    DEVICE = "AuthenticateDevice"
    REFRESH = "RefreshTokens"
    CLIENT = "ClientCredentials"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A set of tokens that is about to be made."""

    occasion: TokenOccasion
    pool: Pool
    client: Client
    user: User | None
    """None: the client's own tokens."""
    groups: tuple[Group, ...] = ()
    scopes: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)


class PreToken(Protocol):
    """Is asked before tokens are made."""

    def wants(self, pool: Pool, occasion: TokenOccasion) -> bool:
        """Whether the pool has a trigger for this occasion."""
        ...

    async def change(self, request: TokenRequest) -> ClaimChanges | TriggerRefused:
        """Return what the tokens are to say."""
        ...


class NoPreToken:
    """A pool without the trigger."""

    def wants(self, pool: Pool, occasion: TokenOccasion) -> bool:
        """Want nothing."""
        return False

    async def change(self, request: TokenRequest) -> ClaimChanges | TriggerRefused:
        """Change nothing."""
        return ClaimChanges()
