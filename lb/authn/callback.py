"""`/oauth2/idpresponse`: where providers send the browser back to (alb.md 3.2 steps 3 to 8).

Everything that can be checked without the provider is checked before the code is redeemed: the sealed state,
the origin, the realm, the browser's own attempt cookie, and that none of them was used before.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lb.authn.authenticate import AuthenticateHandler, Visit, redirect, refuse_login
from lb.authn.flow import (
    ATTEMPT_SECONDS,
    Attempt,
    CallbackQuery,
    State,
    attempt_cookie,
    open_attempt,
    open_state,
    read_callback,
)
from lb.authn.idp_client import Refused
from lb.authn.origin import Origin, read_origin
from lb.authn.session import Session
from lb.cookies import cookie_header, expire_cookie
from lb.outcomes import Answer, HeaderList, Pending
from lb.reasons import Reason
from lb.sealed import MAX_CLOCK_SKEW
from rules.request import RequestHead

if TYPE_CHECKING:
    from lb.authn.runtime import AuthRuntime

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Return:
    """A callback whose state is ours, on its way to a session."""

    visit: Visit
    origin: Origin
    query: CallbackQuery = field(repr=False)
    state: State = field(repr=False)
    handler: AuthenticateHandler = field(repr=False)

    @property
    def spent_cookie(self) -> HeaderList:
        """The Set-Cookie header that deletes the attempt."""
        return _expire(self.state)


class Callback:
    """Answers the callback path of one listener for all its authenticate actions."""

    __slots__ = ("_handlers", "_ring", "_runtime")

    def __init__(self, handlers: Mapping[str, object], runtime: AuthRuntime) -> None:
        """Serve those of `handlers` (by any name) that authenticate; other pre-actions have no callback."""
        mine = (handler for handler in handlers.values() if isinstance(handler, AuthenticateHandler))
        self._handlers = {handler.realm.id: handler for handler in mine}
        self._runtime = runtime
        self._ring = runtime.keys

    def __bool__(self) -> bool:
        return bool(self._handlers)

    def handle(self, head: RequestHead, now: float) -> Answer | Pending:
        """Check a callback; the coroutine of the `Pending` redeems its code and ends in an `Answer`."""
        if head.method != "GET":
            # A scanner's HEAD or a preflight must not use up the login.
            return refuse_login(Reason.METHOD_NOT_ALLOWED, ((b"Allow", b"GET"),))
        origin = read_origin(head)
        if origin is None:
            return refuse_login(Reason.BAD_REQUEST if head.authority else Reason.AUTH_MISSING_HOST)
        query = read_callback(head.query)
        if query is None:
            return refuse_login(Reason.AUTH_INVALID_STATE)
        if query.error is not None:
            return self._provider_error(query, now)
        found = self._find(Visit(head, cookie_header(head.headers), now), origin, query)
        return refuse_login(found) if isinstance(found, Reason) else self._proceed(found)

    def _provider_error(self, query: CallbackQuery, now: float) -> Answer:
        """The provider refused: 561, or 401 where the user did (alb.md 3.9)."""
        denied = query.error == "access_denied"
        reason = Reason.AUTH_IDP_DENIED if denied else Reason.AUTH_IDP_ERROR
        state = None if query.state is None else open_state(query.state, ring=self._ring, now=now)
        if state is None:
            return refuse_login(reason)
        return refuse_login(reason, _expire(state))

    def _find(self, visit: Visit, origin: Origin, query: CallbackQuery) -> Return | Reason:
        """Match the callback with the login that it answers."""
        if query.state is None:
            return Reason.AUTH_MISSING_STATE
        state = open_state(query.state, ring=self._ring, now=visit.now)
        if state is None or state.origin != f"{origin.scheme}://{origin.authority}":
            return Reason.AUTH_INVALID_STATE
        handler = self._handlers.get(state.realm)
        if handler is None:
            return Reason.AUTH_INVALID_STATE
        if query.issuer is not None and query.issuer != handler.realm.issuer:
            # RFC 9207: the answer comes from another provider than the one that was asked.
            return Reason.AUTH_INVALID_STATE
        if query.code is None:
            return Reason.AUTH_MISSING_CODE
        return Return(visit, origin, query, state, handler)

    def _proceed(self, back: Return) -> Answer | Pending:
        attempt = self._claim(back)
        if isinstance(attempt, Attempt):
            return Pending(lambda: self._redeem(back, attempt), "code exchange")
        if back.state.is_late(back.visit.now):
            # Too long on the login page: the original URL starts over. No loop: it takes 15 minutes each
            # time.
            return redirect(back.origin.url(back.state.target or "/"), back.spent_cookie)
        if back.handler.holds_session(back.visit):
            # A double click or a restored tab: the login has succeeded already, nothing is redeemed.
            return redirect(back.origin.url(back.state.target or "/"), ())
        return refuse_login(attempt)

    def _claim(self, back: Return) -> Attempt | Reason:
        """Take the attempt out of circulation and return it: it works once, and only in the browser that
        began it."""
        visit, state, spent = back.visit, back.state, self._runtime.spent
        attempt = open_attempt(state, visit.cookie, realm=back.handler.realm, ring=self._ring, now=visit.now)
        if isinstance(attempt, Reason):
            return attempt
        if spent.get(attempt.id, visit.now) or state.is_late(visit.now):
            return Reason.AUTH_INVALID_STATE
        spent.put(attempt.id, True, expires=visit.now + ATTEMPT_SECONDS + MAX_CLOCK_SKEW)
        return attempt

    async def _redeem(self, back: Return, attempt: Attempt) -> Answer:
        found = await self._log_in(back, attempt)
        if isinstance(found, Refused):
            return refuse_login(found.reason, back.spent_cookie)
        now = self._runtime.clock()
        cookies = back.handler.session_cookies(found, Visit(back.visit.head, back.visit.cookie, now))
        if cookies is None:
            _log.warning("a session at %s does not fit into four cookies", back.handler.realm.issuer)
            return refuse_login(Reason.AUTH_CLAIMS_TOO_LARGE, back.spent_cookie)
        return redirect(back.origin.url(attempt.target), (*cookies, *back.spent_cookie))

    async def _log_in(self, back: Return, attempt: Attempt) -> Session | Refused:
        conversation = await back.handler.conversation()
        if conversation is None or back.query.code is None:
            return Refused(Reason.AUTH_PROVIDER_UNAVAILABLE)
        return await conversation.log_in(
            back.query.code,
            attempt,
            redirect_uri=back.origin.redirect_uri,
            lifetime=back.handler.realm.policy.session_timeout,
        )


def _expire(state: State) -> HeaderList:
    name = attempt_cookie(state.slot, secure=state.secure)
    return ((b"Set-Cookie", expire_cookie(name, secure=state.secure)),)
