"""Where a code for an account goes: at sign-up, and to recover a password (cognito.md 5.4, 5.6).

Pure, but for one look at the user's second factors.

Text messages are a way only where something delivers them: a pool whose mails leave by SMTP and whose text
messages would stay in the development inbox recovers by mail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from idp.factors.policy import CHANNEL_OF, Holdings, list_active
from idp.factors.records import Factor
from idp.model import Pool, User
from idp.outbox.base import Outbox
from idp.outbox.messages import mask
from idp.outcomes import Delivery
from idp.seal import Vault
from idp.store.base import Records
from idp.users.aliases import contact_kind
from idp.users.lookup import simulate_delivery

PHONE: Final = "phone_number"
_ATTRIBUTES: Final = {"verified_email": "email", "verified_phone_number": PHONE}
_LEGACY: Final = (PHONE, "email")
"""Without AccountRecoverySetting: the phone where there is a verified one, else mail."""


@dataclass(frozen=True, slots=True)
class Contact:
    """An address or number of a user."""

    attribute: str
    address: str

    @property
    def delivery(self) -> Delivery:
        """What is told of it."""
        medium = "SMS" if self.attribute == PHONE else "EMAIL"
        return Delivery(mask(self.attribute, self.address), medium, self.attribute)


def find_sign_up_contact(pool: Pool, user: User | None) -> Contact | None:
    """Return where the code of a sign-up goes: by text message alone where both would do, as in Cognito."""
    wanted = (attribute for attribute in _LEGACY if attribute in pool.auto_verified)
    return _first(user, wanted)


def list_recovery_attributes(pool: Pool, outbox: Outbox) -> tuple[str, ...]:
    """List the attributes that recover a password, the first one first."""
    named = tuple(_ATTRIBUTES[name] for name in pool.recovery if name in _ATTRIBUTES)
    order = named if pool.recovery else _LEGACY
    delivers_sms = outbox.is_inbox or not outbox.keeps("SMS")
    return tuple(attribute for attribute in order if attribute != PHONE or delivers_sms)


async def find_recovery_contact(
    records: Records, pool: Pool, user: User | None, *, outbox: Outbox, subject: str
) -> Contact | None:
    """Return where a recovery code goes: verified, and no second factor of the user.

    `subject` stands in for a user who is not there: the same is read for both.
    """
    preference = await records.mfa_preferences.find(pool.id, user.sub if user else subject)
    barred = list_barred(pool, user, preference.enabled if preference else ()) if user else frozenset[str]()
    order = list_recovery_attributes(pool, outbox)
    return _first(user, (name for name in order if user and user.has_verified(name) and name not in barred))


def list_barred(pool: Pool, user: User, enabled: tuple[Factor, ...]) -> frozenset[str]:
    """Name the channels that are second factors: the same mailbox must not be both steps."""
    holdings = Holdings(
        has_totp=Factor.TOTP in enabled,
        email=bool(user.email),
        phone_number=bool(user.attributes.get(PHONE)),
        enabled=enabled,
    )
    # Without a setting there is no other channel to keep free: only what the user chose is barred then.
    is_meant = bool(enabled or pool.recovery)
    active = list_active(pool.factors, holdings, recovery=pool.recovery) if is_meant else ()
    return frozenset(CHANNEL_OF[factor] for factor in active if factor in CHANNEL_OF)


def simulate(vault: Vault, pool: Pool, name: str, order: Sequence[str]) -> Delivery:
    """Say where a code for a name that nobody has would have gone: where most accounts' codes go."""
    kind = contact_kind(name)
    likely = [attribute for attribute in order if attribute != PHONE or _has_phones(pool)]
    attribute = kind if kind in order else next(iter((*likely, *order)), "email")
    return simulate_delivery(vault, pool, name, attribute=attribute or "email")


def _has_phones(pool: Pool) -> bool:
    """Whether an ordinary account of the pool has a verified number."""
    entry = pool.attribute(PHONE)
    is_required = entry is not None and entry.required
    return is_required or PHONE in pool.auto_verified or PHONE in pool.username_attributes


def _first(user: User | None, attributes: Iterable[str]) -> Contact | None:
    values = ((attribute, user.attributes.get(attribute)) for attribute in attributes) if user else ()
    return next((Contact(attribute, value) for attribute, value in values if value), None)
