"""From a sign-up straight into a sign-in: the sessions of SignUp and ConfirmSignUp (cognito.md 4.5).

SignUp's session goes back with the code; ConfirmSignUp's begins USER_AUTH, where the confirmed code was a
first factor. Each is bound to pool, client and user, to the password of the sign-up, ends with
AuthSessionValidity and works once. One without the other opens nothing: the first needs the code that was
sent, and the second comes only with the right one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from idp.factors.records import FirstFactor
from idp.model import Client, Pool, User
from idp.outcomes import SignInReason, SignInRefused
from idp.signin.dispatch import refuse
from idp.signin.flows.accounts import Account
from idp.signin.flows.caller import Caller, Door
from idp.signin.flows.desk import Desk
from idp.signin.flows.names import AuthFlow, ChallengeName
from idp.signin.flows.password_steps import begin_for
from idp.signin.flows.permissions import allows
from idp.signin.flows.progress import (
    Progress,
    find_unfit,
    open_sign_up_session,
    seal_session,
    seal_sign_up_session,
)
from idp.users.contacts import find_sign_up_contact

_CODES: Final = {
    "email": (FirstFactor.EMAIL_OTP, "email_otp"),
    "phone_number": (FirstFactor.SMS_OTP, "sms"),
}
"""The first factor that a confirmed address stands for, and its word of `amr`."""


@dataclass(frozen=True, slots=True)
class SignUpSessions:
    """Makes and judges the sessions of sign-ups."""

    desk: Desk

    async def begin(self, pool: Pool, client: Client, sub: str) -> str | None:
        """Return the session of a sign-up that waits for its code; None where nobody could go on with it."""
        if not allows(client, AuthFlow.USER_AUTH):
            return None
        async with self.desk.store.reading() as records:
            user = await records.users.find(pool.id, sub)
        if user is None:
            return None
        return seal_sign_up_session(self.desk.vault, self._wait(Caller(pool, client, "", Door.API), user))

    async def open(
        self, pool: Pool, client: Client, session: str, *, username: str
    ) -> Progress | SignInRefused:
        """Open the session that comes with a code; `username` is whose code it is said to be.

        Refusals say nothing about who exists: they follow from the session and its own user alone.
        """
        progress, accounts = open_sign_up_session(self.desk.vault, session), self.desk.accounts
        caller = Caller(pool, client, "", Door.API)
        reason = find_unfit(progress, caller, ChallengeName.SELECT_CHALLENGE, now=self.desk.clock.now())
        if reason or progress is None:
            return refuse(reason or SignInReason.SESSION_INVALID)
        is_theirs = await accounts.subject_of(pool, username) == progress.subject
        is_there = (await accounts.recall(progress)).user is not None
        if not (is_theirs and is_there) or await accounts.is_spent(progress):
            return refuse(SignInReason.SESSION_INVALID)
        return progress

    async def spend(self, progress: Progress) -> bool:
        """Use a session up; False when it was used up before."""
        return await self.desk.accounts.spend(progress)

    def keep_confirmation(self, pool: Pool, client: Client, user: User) -> str | None:
        """Return a session for somebody who has just confirmed their address, to sign in with at once.

        Where a code to that address is a first factor of the pool, the confirmation was one.
        """
        contact = find_sign_up_contact(pool, user)
        factor, word = _CODES[contact.attribute] if contact else (None, "")
        if contact is None or factor not in pool.factors.first or not user.has_verified(contact.attribute):
            return None
        caller = Caller(pool, client, "", Door.API)
        proved = self._wait(caller, user).proved(word, second_done=True)
        return seal_session(self.desk.vault, self.desk.renew(caller, proved, ChallengeName.SELECT_CHALLENGE))

    def _wait(self, caller: Caller, user: User) -> Progress:
        account = Account(user, user.sub, None)
        begun = begin_for(
            self.desk, caller, AuthFlow.USER_AUTH, account, typed=user.username, device_key=None
        )
        return self.desk.renew(caller, begun, ChallengeName.SELECT_CHALLENGE)
