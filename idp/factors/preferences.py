"""Which second factors a user switches on, and which comes first (SetUserMFAPreference; cognito.md 6)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from idp import texts
from idp.factors.holdings import read_holdings
from idp.factors.policy import Holdings, is_possible
from idp.factors.records import Factor, FactorSettings, Mfa, MfaPreference
from idp.model import Pool, User
from idp.outcomes import UserReason, UserRefused
from idp.store.base import AlreadyExists, Records, Store
from idp.texts import Text


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for one factor; None leaves it as it is."""

    enabled: bool | None = None
    preferred: bool | None = None


@dataclass(slots=True)
class Preferences:
    """Keeps which second factors users switched on."""

    store: Store

    async def of(self, pool: Pool, user: User) -> MfaPreference:
        """Return a user's preference, as far as the pool still offers what it names."""
        async with self.store.reading() as records:
            holdings = await read_holdings(records, pool, user)
        enabled = tuple(f for f in holdings.enabled if is_possible(pool.factors, holdings, f))
        preferred = holdings.preferred if holdings.preferred in enabled else None
        return MfaPreference(pool.id, user.sub, enabled, preferred)

    async def wish(
        self, pool: Pool, user: User, wishes: Mapping[Factor, Wish], *, by_administrator: bool = False
    ) -> UserRefused | None:
        """Change a user's preference: all of the wishes or none.

        Where MFA is required, a user cannot switch their last factor off; an administrator can.
        """
        async with self.store.writing() as records:
            preference = await hold_preference(records, pool, user)
            holdings = await read_holdings(records, pool, user)
            changed = apply_wishes(pool.factors, holdings, preference, wishes)
            if isinstance(changed, Text):
                return UserRefused(UserReason.INVALID_PARAMETER, changed)
            loses_all = bool(preference.enabled) and not changed.enabled
            if loses_all and pool.factors.mfa is Mfa.ON and not by_administrator:
                return UserRefused(UserReason.INVALID_PARAMETER, texts.FACTOR_REQUIRED)
            await records.mfa_preferences.update((pool.id, user.sub), lambda _: changed)
        return None


def apply_wishes(
    settings: FactorSettings, holdings: Holdings, preference: MfaPreference, wishes: Mapping[Factor, Wish]
) -> MfaPreference | Text:
    """Lay wishes over a preference, or say what is wrong with them. Pure."""
    changed = preference
    for factor, wish in wishes.items():
        if wish.enabled and (text := _find_obstacle(settings, holdings, factor)):
            return text
        if wish.enabled is not None:
            enabled = tuple(each for each in changed.enabled if each is not factor)
            changed = replace(changed, enabled=(*enabled, factor) if wish.enabled else enabled)
    firsts = [factor for factor, wish in wishes.items() if wish.preferred]
    if len(firsts) > 1:
        return texts.FACTOR_ONE_PREFERRED
    if firsts and firsts[0] not in changed.enabled:
        return texts.FACTOR_PREFERRED_OFF.filled(factor=firsts[0])
    dropped = {factor for factor, wish in wishes.items() if wish.preferred is False}
    kept = None if preference.preferred in dropped else preference.preferred
    preferred = firsts[0] if firsts else kept
    return replace(changed, preferred=preferred if preferred in changed.enabled else None)


def _find_obstacle(settings: FactorSettings, holdings: Holdings, factor: Factor) -> Text | None:
    if factor is Factor.TOTP and not holdings.has_totp:
        return texts.SOFTWARE_TOKEN_UNVERIFIED
    if factor not in settings.enabled:
        return texts.FACTOR_OFF.filled(factor=factor)
    return None if is_possible(settings, holdings, factor) else texts.FACTOR_NO_DELIVERY.filled(factor=factor)


async def switch_on(records: Records, pool: Pool, user: User, factor: Factor) -> None:
    """Switch a factor on for a user who just proved it; it is preferred where none is."""
    await hold_preference(records, pool, user)
    await records.mfa_preferences.update((pool.id, user.sub), lambda old: with_factor(old, factor))


async def hold_preference(records: Records, pool: Pool, user: User) -> MfaPreference:
    """Return the preference, making it first, and hold it until the transaction ends."""
    if await records.mfa_preferences.find(pool.id, user.sub) is None:
        with contextlib.suppress(AlreadyExists):  # another node was first: its row is held next
            await records.mfa_preferences.create(MfaPreference(pool.id, user.sub))
    return await records.mfa_preferences.hold(pool.id, user.sub)


def with_factor(preference: MfaPreference, factor: Factor) -> MfaPreference:
    """Switch a factor on. Pure."""
    enabled = tuple(dict.fromkeys((*preference.enabled, factor)))
    return replace(preference, enabled=enabled, preferred=preference.preferred or factor)


def without(preference: MfaPreference, factor: Factor) -> MfaPreference:
    """Switch a factor off. Pure."""
    enabled = tuple(each for each in preference.enabled if each is not factor)
    preferred = None if preference.preferred is factor else preference.preferred
    return replace(preference, enabled=enabled, preferred=preferred)
