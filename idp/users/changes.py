"""What a change of attributes makes of a user (cognito.md 5.1, 5.2). Pure.

A new address is not verified. Where the pool wants it verified first (`UserAttributeUpdateSettings`), the old
one stays and the new one waits in `pending`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from idp import texts
from idp.model import Client, CodePurpose, Pool, User
from idp.outcomes import UserReason, UserRefused
from idp.users.aliases import derive_logins
from idp.users.attributes import find_unfit, find_unwritable, merge
from idp.users.schema import CONTACTS, RESERVED

PURPOSES: Mapping[str, CodePurpose] = {
    "email": CodePurpose.VERIFY_EMAIL,
    "phone_number": CodePurpose.VERIFY_PHONE,
}
"""The addresses that a code can go to, and what the code is good for."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A user after a change, and the addresses that are to be verified now."""

    user: User
    to_verify: tuple[str, ...] = ()


def find_refusal(
    pool: Pool, user: User, changes: Mapping[str, str], *, client: Client | None
) -> UserRefused | None:
    """Return why attributes cannot be changed like this, or None; without a client it is an administrator."""
    required = {entry.name for entry in pool.schema if entry.required}
    if client is not None and (text := find_unwritable(client, set(changes) - required)):
        return UserRefused(UserReason.NOT_AUTHORIZED, text)
    text = (
        find_unfit(pool, changes, reserved=RESERVED if client is not None else {"sub"})
        or _find_fixed(pool, user, changes)
        or _find_needed(required, changes)
    )
    return None if text is None else UserRefused(UserReason.INVALID_PARAMETER, text)


def change_attributes(
    pool: Pool, user: User, changes: Mapping[str, str], *, trusted: bool, now: float
) -> Changed:
    """Lay changes over a user; an empty value removes one.

    `trusted` is an administrator, who may say that an address is verified.
    """
    waiting = {
        name: value
        for name, value in changes.items()
        if name in pool.verify_before_update
        and value not in ("", user.attributes.get(name))
        and not (trusted and changes.get(f"{name}_verified") == "true")
    }
    present = {name: value for name, value in changes.items() if name not in waiting}
    # A change that takes effect at once, or takes the present value again, ends an earlier one that waits.
    pending = {name: value for name, value in user.pending.items() if name not in changes} | waiting
    changed = replace(user, attributes=merge(user.attributes, present), pending=pending, updated_at=now)
    changed = replace(changed, logins=derive_logins(pool, changed))
    fresh = {name for name in CONTACTS if changed.attributes.get(name) != user.attributes.get(name)}
    to_verify = (
        name
        for name in CONTACTS
        if name in waiting or (name in fresh and name in pool.auto_verified and _is_unproven(changed, name))
    )
    return Changed(changed, tuple(name for name in to_verify if name in PURPOSES))


def address_to_verify(user: User, attribute: str) -> str | None:
    """Return the address that a code for this attribute goes to: the one that waits, or the present one."""
    return user.pending.get(attribute) or user.attributes.get(attribute)


def verify_address(pool: Pool, user: User, attribute: str, *, now: float) -> User:
    """Note that the address a code went to is this user's."""
    address = address_to_verify(user, attribute)
    assert address is not None
    verified = replace(
        user,
        attributes={**user.attributes, attribute: address, f"{attribute}_verified": "true"},
        pending={name: value for name, value in user.pending.items() if name != attribute},
        updated_at=now,
    )
    return replace(verified, logins=derive_logins(pool, verified))


def lose_address(pool: Pool, user: User, attribute: str, *, now: float) -> User:
    """Take an alias from a user, because another has proven to own the address: it is unverified now."""
    attributes = {**user.attributes, f"{attribute}_verified": "false"}
    lost = replace(user, attributes=attributes, updated_at=now)
    return replace(lost, logins=derive_logins(pool, lost))


def _is_unproven(user: User, name: str) -> bool:
    return bool(user.attributes.get(name)) and not user.has_verified(name)


def _find_fixed(pool: Pool, user: User, changes: Mapping[str, str]) -> texts.Text | None:
    for name, value in changes.items():
        entry = pool.attribute(name)
        if entry is not None and not entry.mutable and value != user.attributes.get(name, ""):
            return texts.ATTRIBUTE_FIXED.filled(attribute=name)
    return None


def _find_needed(required: Iterable[str], changes: Mapping[str, str]) -> texts.Text | None:
    gone = next((name for name in required if changes.get(name) == ""), None)
    if gone is None:
        return None
    return texts.ATTRIBUTE_UNFIT.filled(attribute=gone, problem="The attribute is required\n")
