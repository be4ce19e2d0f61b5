"""What a pool's PreTokenGeneration trigger may change in tokens, and the claims that nobody may (2.9). Pure.

Suppressing wins over adding. A claim that is locked, or of a shape that may not be, is dropped in silence as
Cognito does: a function must not be able to make a token speak for another user, client or time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

LOCKED: Final = frozenset(
    [
        "acr",
        "amr",
        "at_hash",
        "aud",
        "auth_time",
        "azp",
        "exp",
        "iat",
        "iss",
        "jti",
        "nbf",
        "nonce",
        "origin_jti",
        "token_use",
        "sub",
        "identities",
        "client_id",
        "event_id",
        "device_key",
        "version",
        "username",
        "scope",
    ]
)
_PREFIX: Final = "cognito:"
GROUPS: Final = "cognito:groups"
ROLES: Final = ("cognito:roles", "cognito:preferred_role")
PLAIN: Final = frozenset({"phone_number_verified", "email_verified", "updated_at", "address"})
"""Claims whose replacement must be a plain value."""


@dataclass(frozen=True, slots=True)
class GroupOverride:
    """Groups and roles in the place of the user's own; empty ones suppress them."""

    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    preferred_role: str | None = None


@dataclass(frozen=True, slots=True)
class TokenChanges:
    """Changes of one kind of token."""

    add: Mapping[str, Any] = field(default_factory=dict)
    suppress: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ClaimChanges:
    """Changes of a set of tokens."""

    id: TokenChanges = TokenChanges()
    access: TokenChanges = TokenChanges()
    scopes_to_add: tuple[str, ...] = ()
    scopes_to_suppress: frozenset[str] = frozenset()
    groups: GroupOverride | None = None
    """None: the user's own groups stay."""


NO_CHANGES: Final = ClaimChanges()


def change_id(claims: Mapping[str, Any], changes: ClaimChanges) -> dict[str, Any]:
    """Return the claims of an ID token as changed."""
    changed = _override_groups(dict(claims), changes.groups)
    if changes.groups is not None:
        values = (list(changes.groups.roles) or None, changes.groups.preferred_role)
        changed = _put(changed, dict(zip(ROLES, values, strict=True)))
    return _apply(changed, changes.id, suppressible={GROUPS, *ROLES})


def change_access(claims: Mapping[str, Any], changes: ClaimChanges) -> dict[str, Any]:
    """Return the claims of an access token as changed, scopes included.

    `aud`, which an access token has not by itself, may be added as the client's own id only.
    """
    changed = _override_groups(dict(claims), changes.groups)
    if "scope" in changed:
        changed["scope"] = " ".join(change_scopes(changed["scope"].split(), changes))
    changed = _apply(changed, changes.access, suppressible={GROUPS})
    audience = changes.access.add.get("aud")
    if audience is None or audience != changed.get("client_id"):
        return changed
    return {**changed, "aud": audience}


def change_scopes(scopes: Sequence[str], changes: ClaimChanges) -> tuple[str, ...]:
    """Return the scopes as changed; one with a blank in it is none."""
    added = [scope for scope in changes.scopes_to_add if scope and len(scope.split()) == 1]
    return tuple(
        scope for scope in dict.fromkeys((*scopes, *added)) if scope not in changes.scopes_to_suppress
    )


def is_locked(name: str) -> bool:
    """Whether no trigger may set a claim."""
    return name in LOCKED or name.startswith(_PREFIX)


def _apply(claims: dict[str, Any], changes: TokenChanges, *, suppressible: set[str]) -> dict[str, Any]:
    added = {
        name: value
        for name, value in changes.add.items()
        if not is_locked(name) and not (name in PLAIN and isinstance(value, (dict, list)))
    }
    gone = {name for name in changes.suppress if not is_locked(name) or name in suppressible}
    if GROUPS in gone:
        gone.update(ROLES)
    return {name: value for name, value in {**claims, **added}.items() if name not in gone}


def _override_groups(claims: dict[str, Any], override: GroupOverride | None) -> dict[str, Any]:
    return claims if override is None else _put(claims, {GROUPS: list(override.groups) or None})


def _put(claims: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Set claims; None removes one."""
    merged = {**claims, **values}
    return {name: value for name, value in merged.items() if name not in values or value is not None}
