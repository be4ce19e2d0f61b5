"""PreTokenGeneration in its three versions (cognito.md 2.9, 8.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.model import Pool
from idp.signin.flows.triggers import TriggerRefused
from idp.tokens.changes import NO_CHANGES, ClaimChanges, GroupOverride, TokenChanges
from idp.tokens.pre_token import TokenOccasion, TokenRequest
from idp.triggers import events
from idp.triggers.answers import Unrecognizable
from idp.triggers.calling import Calling
from idp.triggers.events import Occasion
from idp.triggers.names import EventVersion, Trigger

MOST_CHANGES: Final = 5_000
MACHINE_USERNAME: Final = "ClientCredentials"


@dataclass(slots=True)
class TokenTriggers:
    """Calls PreTokenGeneration."""

    calling: Calling

    def wants(self, pool: Pool, occasion: TokenOccasion) -> bool:
        """Whether the pool has a trigger for this occasion; a client's own tokens are V3's alone."""
        config = pool.lambda_config
        is_there = config.function(Trigger.PRE_TOKEN_GENERATION) is not None
        return is_there and (
            occasion is not TokenOccasion.CLIENT or config.pre_token_version is EventVersion.V3_0
        )

    async def change(self, request: TokenRequest) -> ClaimChanges | TriggerRefused:
        """Ask the function what the tokens are to say."""
        if not self.wants(request.pool, request.occasion):
            return NO_CHANGES
        version = request.pool.lambda_config.pre_token_version
        username = request.user.username if request.user is not None else MACHINE_USERNAME
        occasion = Occasion(
            Trigger.PRE_TOKEN_GENERATION, request.occasion, request.pool, username, request.client
        )
        changes = await self.calling.call(
            request.pool,
            occasion.trigger,
            lambda: events.pre_token(
                occasion,
                request.user,
                version=version,
                groups=request.groups,
                scopes=request.scopes,
                metadata=request.metadata,
            ),
            read_v1 if version is EventVersion.V1_0 else read_v2,
        )
        return NO_CHANGES if changes is None else changes


def read_v1(response: Mapping[str, Any]) -> ClaimChanges:
    """Read V1: texts into the ID token, groups into both. Pure; raises Unrecognizable."""
    details = _mapping(response, "claimsOverrideDetails")
    changes = _read_token(details)
    if not all(isinstance(value, str) for value in changes.add.values()):
        raise Unrecognizable
    return ClaimChanges(id=changes, groups=_read_groups(details))


def read_v2(response: Mapping[str, Any]) -> ClaimChanges:
    """Read V2 and V3: both tokens, and scopes. Pure; raises Unrecognizable."""
    details = _mapping(response, "claimsAndScopeOverrideDetails")
    access = _mapping(details, "accessTokenGeneration")
    changes = ClaimChanges(
        id=_read_token(_mapping(details, "idTokenGeneration")),
        access=_read_token(access),
        scopes_to_add=_texts(access, "scopesToAdd"),
        scopes_to_suppress=frozenset(_texts(access, "scopesToSuppress")),
        groups=_read_groups(details),
    )
    if len(changes.id.add) + len(changes.access.add) + len(changes.scopes_to_add) > MOST_CHANGES:
        raise Unrecognizable
    return changes


def _read_token(details: Mapping[str, Any]) -> TokenChanges:
    added = _mapping(details, "claimsToAddOrOverride")
    return TokenChanges(dict(added), frozenset(_texts(details, "claimsToSuppress")))


def _read_groups(details: Mapping[str, Any]) -> GroupOverride | None:
    """Read `groupOverrideDetails`: not there changes nothing, null or empty suppresses all groups."""
    if "groupOverrideDetails" not in details:
        return None
    override = _mapping(details, "groupOverrideDetails")
    preferred = override.get("preferredRole")
    if preferred is not None and not isinstance(preferred, str):
        raise Unrecognizable
    return GroupOverride(
        _texts(override, "groupsToOverride"), _texts(override, "iamRolesToOverride"), preferred or None
    )


def _mapping(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unrecognizable
    return value


def _texts(parent: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = parent.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise Unrecognizable
    return tuple(values)
