"""Proving a password: in plain, by SRP, and a new one in place of a temporary one (cognito.md 4.3, 4.4, 4.8).

Unknown users, wrong passwords and disabled users cost the same: one argon2 check (or one SRP exchange), the
same reads and the same write.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from idp import texts
from idp.model import Pool, User, UserStatus
from idp.outcomes import Challenged, SignInReason, SignInRefused, Trace
from idp.protection.records import PasswordEvent, RiskDecision
from idp.protection.service import Known
from idp.signin import srp
from idp.signin.dispatch import refuse
from idp.signin.flows.accounts import Account, forget_failures
from idp.signin.flows.caller import Caller
from idp.signin.flows.desk import Desk, Proof, StepResult, incorrect, missing, unfit
from idp.signin.flows.names import AuthFlow, ChallengeName
from idp.signin.flows.progress import COMPROMISED, DECISION, Progress, begin
from idp.signin.flows.srp_exchange import is_claim_right, open_exchange, stand_in, stand_in_name
from idp.store.base import AlreadyExists, NotFound
from idp.texts import Text
from idp.users import lifecycle
from idp.users.aliases import derive_logins
from idp.users.attributes import find_missing, find_unfit, find_unwritable, merge, refuse_missing
from idp.users.credentials import Credentials
from idp.users.lifecycle import Event
from idp.users.passwords import HasherBusy, find_weakness

PASSWORD: Final = "pwd"  # noqa: S105 - the word of the `amr` claim
ATTRIBUTE_PREFIX: Final = "userAttributes."


@dataclass(slots=True)
class PasswordSteps:
    """The steps that deal with passwords."""

    desk: Desk

    async def check_plain(
        self, caller: Caller, progress: Progress, account: Account, password: str
    ) -> StepResult:
        """Check a plain password; the caller holds the account's turn and looked at its lock."""
        user = account.user
        try:
            is_right = await self.desk.passwords.hasher.verify(user.password_hash if user else None, password)
        except HasherBusy:
            return refuse(SignInReason.BUSY)
        if user is None or not is_right or not _may_use_password(user):
            await self.desk.accounts.count_failure(caller.pool, account.subject)
            return incorrect()
        if lifecycle.can(user.status, Event.RESET):
            threats, event = self.desk.passwords.threats, PasswordEvent.SIGN_IN
            known = await threats.look_up(caller.pool, caller.client, event, password)
            if known is Known.REFUSED:
                return await self._demand_reset(progress, user)
            if known is Known.PASSES:
                progress = replace(progress, risk={COMPROMISED: True})
        user = await self._renew(caller.pool, user, password, account)
        return Proof(progress.rebound_to(user).proved(PASSWORD), user)

    async def open_srp(
        self, caller: Caller, progress: Progress, user: User | None, client_text: str
    ) -> StepResult:
        """Answer SRP_A with PASSWORD_VERIFIER."""
        client_value = srp.parse_client_value(client_text)
        if client_value is None:
            return unfit("SRP_A") if client_text else missing("SRP_A")
        made_up = stand_in(self.desk.vault, caller.pool, progress.subject)
        kept = self.desk.passwords.open_verifier(user) if user is not None else None
        waiting = self.desk.renew(caller, progress, ChallengeName.PASSWORD_VERIFIER)
        try:
            opening = await open_exchange(
                self.desk.passwords.hasher,
                self.desk.vault,
                waiting,
                verifier=kept or made_up,
                client_value=client_value,
            )
        except HasherBusy:
            return refuse(SignInReason.BUSY)
        return self.desk.put(waiting, user, parameters=opening.parameters)

    async def verify_srp(
        self, caller: Caller, progress: Progress, account: Account, responses: Mapping[str, str]
    ) -> StepResult:
        """Judge the answer to PASSWORD_VERIFIER; `progress` is what the secret block says."""
        user = account.user
        made_up = stand_in(self.desk.vault, caller.pool, progress.subject)
        kept = self.desk.passwords.open_verifier(user) if user is not None else None
        try:
            is_right = await is_claim_right(
                self.desk.passwords.hasher,
                progress,
                srp.user_identity(caller.pool.id, progress.username),
                verifier=kept or made_up,
                responses=responses,
                now=self.desk.clock.now(),
            )
        except HasherBusy:
            return refuse(SignInReason.BUSY)
        if user is None or kept is None or not is_right or not _may_use_password(user):
            await self.desk.accounts.count_failure(caller.pool, account.subject)
            return incorrect()
        if account.failures is not None:
            await self.desk.accounts.forgive(caller.pool, account.subject)
        return Proof(progress.proved(PASSWORD), user)

    def ask_new_password(self, caller: Caller, progress: Progress, user: User) -> Challenged | SignInRefused:
        """Put NEW_PASSWORD_REQUIRED."""
        absent = [f"{ATTRIBUTE_PREFIX}{name}" for name in find_missing(caller.pool, user.attributes)]
        parameters = {
            "userAttributes": _to_json(dict(user.attributes)),
            "requiredAttributes": _to_json(absent),
        }
        return self.desk.challenge(
            caller, progress, ChallengeName.NEW_PASSWORD_REQUIRED, user=user, parameters=parameters
        )

    async def replace_password(
        self, caller: Caller, progress: Progress, user: User, responses: Mapping[str, str]
    ) -> StepResult:
        """Judge the answer to NEW_PASSWORD_REQUIRED; an unfit password leaves the session good."""
        password = responses.get("NEW_PASSWORD", "")
        if not password:
            return missing("NEW_PASSWORD")
        changes = {
            name.removeprefix(ATTRIBUTE_PREFIX): value
            for name, value in responses.items()
            if name.startswith(ATTRIBUTE_PREFIX)
        }
        if text := find_weakness(caller.pool.password_policy, password):
            return SignInRefused(SignInReason.PASSWORD_UNFIT, text)
        if await self._is_compromised(caller, PasswordEvent.PASSWORD_CHANGE, password):
            return SignInRefused(SignInReason.PASSWORD_UNFIT, texts.PASSWORD_COMPROMISED)
        if text := find_unfit(caller.pool, changes) or find_unwritable(caller.client, changes):
            return SignInRefused(SignInReason.ATTRIBUTES_UNFIT, text)
        try:
            if await self.desk.passwords.is_reused(caller.pool, user, password):
                return refuse(SignInReason.PASSWORD_REUSED)
            credentials = await self.desk.passwords.make(caller.pool, user.username, password)
        except HasherBusy:
            return refuse(SignInReason.BUSY)
        return await self._write_choice(caller, progress, credentials, changes)

    async def _write_choice(
        self, caller: Caller, progress: Progress, credentials: Credentials, changes: Mapping[str, str]
    ) -> StepResult:
        pool, now = caller.pool, self.desk.clock.now()
        try:
            async with self.desk.store.writing() as records:
                user = await records.users.hold(pool.id, progress.sub or "")
                if not _is_answerable(user, progress):
                    return refuse(SignInReason.SESSION_INVALID)
                changed = choose_password(pool, user, credentials, changes, now=now)
                if text := refuse_missing(find_missing(pool, changed.attributes)):
                    return SignInRefused(SignInReason.ATTRIBUTES_UNFIT, text)
                user = await records.users.update((pool.id, user.sub), lambda _: changed)
                await forget_failures(records, pool.id, user.sub)
        except NotFound:
            return refuse(SignInReason.SESSION_INVALID)
        except AlreadyExists:
            return SignInRefused(SignInReason.ATTRIBUTES_UNFIT, _alias_taken(changes))
        return Proof(replace(progress.rebound_to(user), chose_password=True).proved(), user)

    async def _is_compromised(self, caller: Caller, event: PasswordEvent, password: str) -> bool:
        return await self.desk.passwords.threats.refuses(caller.pool, caller.client, event, password)

    async def _demand_reset(self, progress: Progress, user: User) -> SignInRefused:
        """Make a known password useless: whoever typed it may have it from a list."""
        now = self.desk.clock.now()
        async with self.desk.store.writing() as records:
            await records.users.update((user.pool_id, user.sub), lambda old: demand_reset(old, now=now))
        risk = {DECISION: RiskDecision.BLOCK.value, COMPROMISED: True}
        return replace(refuse(SignInReason.RESET_REQUIRED, user.username), trace=Trace(progress.event, risk))

    async def _renew(self, pool: Pool, user: User, password: str, account: Account) -> User:
        """Forget failures, and replace credentials that are not as they would be made today."""
        fresh = None
        with contextlib.suppress(HasherBusy):  # next time, then
            fresh = await self.desk.passwords.renew(pool, user, password)
        if account.failures is None and fresh is None:
            return user
        async with self.desk.store.writing() as records:
            await forget_failures(records, pool.id, account.subject)
            if fresh is None:
                return user
            return await records.users.update(
                (user.pool_id, user.sub), lambda now: _renewed(now, user.password_hash, fresh)
            )


def begin_for(
    desk: Desk, caller: Caller, flow: AuthFlow, account: Account, *, typed: str, device_key: str | None
) -> Progress:
    """Begin a sign-in for an account, with a name to show where nobody has the typed one."""
    name = account.user.username if account.user else stand_in_name(desk.vault, caller.pool, typed)
    begun = begin(caller, flow, user=account.user, subject=account.subject, username=name, typed=typed)
    return replace(begun, device_key=device_key)


def choose_password(
    pool: Pool, user: User, credentials: Credentials, changes: Mapping[str, str], *, now: float
) -> User:
    """Give a user the password they chose, and the attributes they supplied with it. Pure."""
    status = lifecycle.advance(user.status, Event.CHOOSE_PASSWORD)
    assert status is not None
    changed = replace(
        credentials.given_to(user),
        status=status,
        temporary_until=None,
        attributes=merge(user.attributes, changes),
        updated_at=now,
    )
    return replace(changed, logins=derive_logins(pool, changed))


def demand_reset(user: User, *, now: float) -> User:
    """Let nobody in by the present password any more. Pure."""
    return replace(user, status=lifecycle.advance(user.status, Event.RESET) or user.status, updated_at=now)


def _may_use_password(user: User) -> bool:
    return user.enabled and user.status is not UserStatus.EXTERNAL_PROVIDER


def _is_answerable(user: User, progress: Progress) -> bool:
    return user.enabled and progress.belongs_to(user) and lifecycle.can(user.status, Event.CHOOSE_PASSWORD)


def _alias_taken(changes: Mapping[str, str]) -> Text:
    return texts.ALIAS_EXISTS.filled(attribute=next(iter(changes), "username"))


def _renewed(user: User, checked_hash: str | None, fresh: Credentials) -> User:
    """Put the new credentials in the place of what was checked, unless the password changed meanwhile."""
    return fresh.given_to(user) if user.password_hash == checked_hash else user


def _to_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
