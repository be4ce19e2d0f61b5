"""Passkeys of users: made, listed, deleted, and used to sign in (cognito.md 6).

A challenge works once. One for registering is kept until it is answered; one for signing in travels with the
sign-in (a session, a page's step) and leaves a mark once it was answered rightly, so that asking for one,
which anybody may, writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from idp import texts
from idp.clock import Clock
from idp.factors import webauthn
from idp.factors.policy import offers_passkeys
from idp.factors.records import Ceremony, CeremonyKind, Passkey
from idp.factors.webauthn import Answer, Asserted, Mistake, Registered, RelyingParty
from idp.model import Pool, User
from idp.outcomes import UserReason, UserRefused
from idp.seal import Vault, hash_token
from idp.store.base import AlreadyExists, NotFound, Records, Store
from idp.users.aliases import login_key

MOST: Final = 20
REGISTRATION_SECONDS: Final = 300.0
MARK_SECONDS: Final = 3600.0
"""Longer than any sign-in that carries a challenge can last."""

OFF: Final = UserRefused(UserReason.PASSKEYS_OFF, texts.PASSKEYS_OFF)
UNCONFIGURED: Final = UserRefused(UserReason.PASSKEYS_UNCONFIGURED, texts.PASSKEYS_UNCONFIGURED)
FULL: Final = UserRefused(UserReason.LIMIT_EXCEEDED, texts.PASSKEYS_FULL.filled(most=str(MOST)))
UNKNOWN: Final = UserRefused(UserReason.PASSKEY_NOT_FOUND, texts.PASSKEY_UNKNOWN)
TAKEN: Final = UserRefused(UserReason.PASSKEY_UNSUPPORTED, texts.PASSKEY_TAKEN)
MALFORMED: Final = UserRefused(UserReason.INVALID_PARAMETER, texts.PASSKEY_MALFORMED)
REFUSALS: Final[Mapping[Mistake, UserRefused]] = {
    Mistake.MALFORMED: MALFORMED,
    Mistake.WRONG: MALFORMED,
    Mistake.CHALLENGE: UserRefused(UserReason.PASSKEY_CHALLENGE, texts.PASSKEY_CHALLENGE),
    Mistake.ORIGIN: UserRefused(UserReason.PASSKEY_ORIGIN, texts.PASSKEY_ORIGIN),
    Mistake.RELYING_PARTY: UserRefused(UserReason.PASSKEY_RELYING_PARTY, texts.PASSKEY_RELYING_PARTY),
    Mistake.UNSUPPORTED: UserRefused(UserReason.PASSKEY_UNSUPPORTED, texts.PASSKEY_UNSUPPORTED),
}


@dataclass(frozen=True, slots=True)
class Presented:
    """A passkey whose answer was right."""

    passkey: Passkey
    user_verified: bool


@dataclass(slots=True)
class Passkeys:
    """Keeps the passkeys of users."""

    store: Store
    clock: Clock
    vault: Vault
    party_of: Callable[[Pool], RelyingParty | None]
    """The relying party of a pool; None where it has no name that browsers accept."""

    async def start_registration(self, pool: Pool, user: User) -> dict[str, Any] | UserRefused:
        """Ask a user's browser for a new passkey; returns PublicKeyCredentialCreationOptionsJSON."""
        party = self._party(pool)
        if isinstance(party, UserRefused):
            return party
        challenge, now = webauthn.draw_challenge(), self.clock.now()
        async with self.store.writing() as records:
            present = await records.passkeys.of(pool.id, user.sub)
            if len(present) >= MOST:
                return FULL
            await records.ceremonies.create(
                Ceremony(
                    hash_token(challenge),
                    pool.id,
                    user.sub,
                    CeremonyKind.REGISTER,
                    now + REGISTRATION_SECONDS,
                )
            )
        return webauthn.build_creation_options(
            party,
            challenge=challenge,
            user_handle=user.sub,
            user_name=user.email or user.username,
            verification=_verification(pool),
            present=present,
        )

    async def complete_registration(
        self, pool: Pool, user: User, credential: str | Mapping[str, Any]
    ) -> Passkey | UserRefused:
        """Keep the passkey that a browser made; the challenge is used up, whatever comes of it."""
        party, answer = self._party(pool), webauthn.read_answer(credential)
        if isinstance(party, UserRefused):
            return party
        if answer is None:
            return MALFORMED
        async with self.store.writing() as records:
            if not await self._use_up(records, pool, user, answer.challenge):
                return REFUSALS[Mistake.CHALLENGE]
            judged = webauthn.judge_registration(
                answer, party, challenge=answer.challenge, requires_verification=_wants_verified(pool)
            )
            if isinstance(judged, Mistake):
                return REFUSALS[judged]
            passkey = _draft(user, answer, judged, party=party, now=self.clock.now())
            return await self._keep(records, pool, user, passkey)

    async def list(self, pool: Pool, user: User) -> tuple[Passkey, ...]:
        """List a user's passkeys, oldest first."""
        async with self.store.reading() as records:
            return await records.passkeys.of(pool.id, user.sub)

    async def delete(self, pool: Pool, user: User, credential_id: str) -> UserRefused | None:
        """Forget one of a user's own passkeys."""
        id_hash = hash_token(credential_id)
        async with self.store.writing() as records:
            passkey = await records.passkeys.find(pool.id, id_hash)
            if passkey is None or passkey.sub != user.sub:
                return UNKNOWN
            await records.passkeys.delete(pool.id, id_hash)
        return None

    async def ask(self, pool: Pool, user: User | None, *, username: str) -> tuple[dict[str, Any], str] | None:
        """Ask for a passkey of this user; a name nobody has gets one that looks the same.

        Returns PublicKeyCredentialRequestOptionsJSON and the challenge, or None where the pool has no name.
        """
        party = self._party(pool)
        if isinstance(party, UserRefused):
            return None
        if user is None:
            known = [self._invent_id(pool, username)]
        else:
            mine = await self.list(pool, user)
            known = [passkey.credential_id for passkey in mine if passkey.relying_party_id == party.id]
        return self._request(pool, party, known)

    def ask_anybody(self, pool: Pool) -> tuple[dict[str, Any], str] | None:
        """Ask for whatever passkey the browser has for the pool; as `ask`, without a name."""
        party = self._party(pool)
        return None if isinstance(party, UserRefused) else self._request(pool, party, [])

    async def judge(
        self, pool: Pool, credential: str, challenge: str, *, user: User | None = None
    ) -> Presented | Mistake:
        """Judge the answer to a challenge of `ask`; with a user, only their own passkeys count."""
        party, answer = self._party(pool), webauthn.read_answer(credential)
        if isinstance(party, UserRefused) or answer is None:
            return Mistake.MALFORMED
        id_hash = hash_token(answer.credential_id)
        async with self.store.reading() as records:
            if await records.passkeys.find(pool.id, id_hash) is None:
                return Mistake.WRONG  # guessing writes nothing
        async with self.store.writing() as records:
            try:
                passkey = await records.passkeys.hold(pool.id, id_hash)
            except NotFound:
                return Mistake.WRONG
            if user is not None and passkey.sub != user.sub:
                return Mistake.WRONG
            judged = webauthn.judge_assertion(
                answer, party, passkey, challenge=challenge, requires_verification=_wants_verified(pool)
            )
            if isinstance(judged, Mistake):
                return judged
            return await self._accept(records, passkey, judged, challenge)

    async def _accept(
        self, records: Records, passkey: Passkey, judged: Asserted, challenge: str
    ) -> Presented | Mistake:
        now = self.clock.now()
        mark = Ceremony(
            hash_token(challenge), passkey.pool_id, passkey.sub, CeremonyKind.AUTHENTICATE, now + MARK_SECONDS
        )
        try:
            await records.ceremonies.create(mark)
        except AlreadyExists:
            return Mistake.CHALLENGE
        passkey = await records.passkeys.update(
            (passkey.pool_id, passkey.id_hash),
            lambda old: replace(old, sign_count=judged.sign_count, used_at=now),
        )
        return Presented(passkey, judged.user_verified)

    async def _use_up(self, records: Records, pool: Pool, user: User, challenge: str) -> bool:
        key = hash_token(challenge)
        try:
            ceremony = await records.ceremonies.hold(key)
        except NotFound:
            return False
        if (ceremony.pool_id, ceremony.subject, ceremony.kind) != (pool.id, user.sub, CeremonyKind.REGISTER):
            return False  # not theirs to use up
        await records.ceremonies.delete(key)
        return self.clock.now() < ceremony.expires_at

    @staticmethod
    async def _keep(records: Records, pool: Pool, user: User, passkey: Passkey) -> Passkey | UserRefused:
        await records.users.hold(pool.id, user.sub)  # two at once must not both be the twentieth
        if len(await records.passkeys.of(pool.id, user.sub)) >= MOST:
            return FULL
        try:
            return await records.passkeys.create(passkey)
        except AlreadyExists:
            return TAKEN

    def _party(self, pool: Pool) -> RelyingParty | UserRefused:
        if not offers_passkeys(pool.factors):
            return OFF
        return self.party_of(pool) or UNCONFIGURED

    @staticmethod
    def _request(pool: Pool, party: RelyingParty, known: Sequence[str]) -> tuple[dict[str, Any], str]:
        challenge = webauthn.draw_challenge()
        options = webauthn.build_request_options(
            party, challenge=challenge, verification=_verification(pool), credential_ids=known
        )
        return options, challenge

    def _invent_id(self, pool: Pool, username: str) -> str:
        return webauthn.encode(
            bytes.fromhex(self.vault.mac("no passkey", pool.id, login_key(pool, username)))
        )


def _wants_verified(pool: Pool) -> bool:
    """Whether the authenticator has to check who uses it; always where a passkey counts as two factors."""
    return pool.factors.user_verification == "required" or pool.factors.passkey_counts_twice


def _verification(pool: Pool) -> str:
    return "required" if _wants_verified(pool) else "preferred"


def _draft(user: User, answer: Answer, judged: Registered, *, party: RelyingParty, now: float) -> Passkey:
    """Lay out a passkey; its name is what people can tell it by: where it lives."""
    return Passkey(
        pool_id=user.pool_id,
        id_hash=hash_token(judged.credential_id),
        credential_id=judged.credential_id,
        sub=user.sub,
        public_key=judged.public_key,
        sign_count=judged.sign_count,
        relying_party_id=party.id,
        name=_NAMES.get(answer.attachment, "Passkey"),
        created_at=now,
        transports=answer.transports,
        attachment=answer.attachment,
        backed_up=judged.backed_up,
    )


_NAMES: Final[Mapping[str | None, str]] = {"platform": "Device passkey", "cross-platform": "Security key"}
