"""The authenticate-cognito and authenticate-oidc pre-actions: session to identity headers, or the way to a
login.

`handle` is on the path of every authenticated request: for a session seen in the last seconds it finds the
cookie, looks it up and returns the same `Proceed` again. Opening the cookie and signing the identity token
happen once per session and half minute. The memory is the handler's own: a handler compiled from changed keys
or settings starts with an empty one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lb.authn.cache import ShortLived
from lb.authn.conversation import Conversation
from lb.authn.discovery import ProviderSource
from lb.authn.flow import start_login
from lb.authn.identity import Signer, identity_headers
from lb.authn.idp_client import IdpClient, Refused
from lb.authn.origin import read_origin
from lb.authn.realm import Realm
from lb.authn.refresh import Ended, Renewal, Renewed
from lb.authn.session import Session, open_session, seal_session
from lb.cookies import cookie_header
from lb.outcomes import Answer, HeaderList, Pending, PreActionOutcome, Proceed
from lb.reasons import Reason
from lb.responses import page, refuse
from rules.actions import OnUnauthenticatedRequest
from rules.request import RequestHead

if TYPE_CHECKING:
    from lb.authn.runtime import AuthRuntime

ACTION = "authenticate"
CACHE_SECONDS = 30
"""How long an opened session is served from memory: an identity token then has 90 of its 120 seconds left."""
COOKIE_SECONDS = 604800
"""How long browsers keep session cookies, whatever SessionTimeout says (alb.md 3.4)."""
_CACHE_ENTRIES = 4096
_KEY_BYTES = 64
"""The cookie's end is its signature: hashing that alone is quicker than hashing kilobytes, which are compared
anyway."""
_CACHE_BYTES = 16 * 1024 * 1024
_NO_STORE = (b"Cache-Control", b"no-store")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request at a handler, with its Cookie header found."""

    head: RequestHead = field(repr=False)
    cookie: bytes | None = field(repr=False)
    now: float


class AuthenticateHandler:
    """One authenticate action, compiled."""

    __slots__ = ("_cache", "_cookie", "_ring", "realm", "runtime", "source")

    def __init__(self, realm: Realm, source: ProviderSource, runtime: AuthRuntime) -> None:
        self.realm = realm
        self.source = source
        self.runtime = runtime
        self._cookie = realm.cookie
        self._ring = runtime.keys
        self._cache: ShortLived[bytes, tuple[bytes, Proceed]] = ShortLived(_CACHE_ENTRIES, _CACHE_BYTES)

    def handle(self, head: RequestHead, now: float) -> PreActionOutcome:
        """Decide whether the request passes; `now` in epoch seconds."""
        cookie = cookie_header(head.headers)
        text = None if cookie is None else self._cookie.read(cookie)
        if text is None:
            return self._unauthenticated(Visit(head, cookie, now), Reason.AUTH_DENIED)
        known = self._cache.get(text[-_KEY_BYTES:], now)
        if known is not None and known[0] == text:
            return known[1]
        return self._first_sight(Visit(head, cookie, now))

    def _first_sight(self, visit: Visit) -> PreActionOutcome:
        text, session = self._find_session(visit)
        if session is None:
            return self._unauthenticated(visit, Reason.AUTH_INVALID_COOKIE)
        if session.is_expired(visit.now):
            return self._session_over(visit)
        if not session.needs_refresh(visit.now):
            return self._admit(session, text, visit.now)
        known = self.runtime.refresher.recall(self.realm, session, visit.now)
        if known is not None:
            return self._after_refresh(known, visit) or self._session_over(visit)
        return Pending(lambda: self._refresh(session, visit), "refresh")

    def _find_session(self, visit: Visit) -> tuple[bytes, Session | None]:
        """Open the session that the browser sent; of several cookies of its name, the first that is alive.

        It comes with its own text, to be remembered under: under another's, that would open this session.
        """
        cookie = visit.cookie or b""
        first = self._cookie.read(cookie)
        over: tuple[bytes, Session | None] = (b"", None)
        for text in () if first is None else (first, *self._cookie.read_others(cookie)):
            session = open_session(self._ring, self.realm, text, now=visit.now)
            if session is not None and not session.is_expired(visit.now):
                return text, session
            over = over if session is None else (text, session)
        return over

    def _admit(self, session: Session, text: bytes, now: float) -> Proceed:
        expires = min(now + CACHE_SECONDS, session.expires_at)
        if session.refresh_token is not None and session.access_expires_at is not None:
            expires = min(expires, session.access_expires_at)
        headers = self._identity(session, now)
        proceed = Proceed(headers, (), ACTION, session.subject, until=expires, depends_on=b"cookie")
        weight = len(text) + sum(len(value) for _, value in proceed.request_headers)
        self._cache.put(text[-_KEY_BYTES:], (text, proceed), expires=expires, weight=weight)
        return proceed

    def _identity(self, session: Session, now: float) -> HeaderList:
        signer = Signer(
            self.runtime.signing.current, self.runtime.signer_arn, self.realm.issuer, self.realm.client_id
        )
        return identity_headers(signer, claims=session.claims, access_token=session.access_token, now=now)

    # --- refresh

    async def _refresh(self, session: Session, visit: Visit) -> Proceed | Answer:
        renewal = await self.runtime.refresher.renew(self.realm, session, self._talk)
        visit = replace(visit, now=self.runtime.clock())
        return self._after_refresh(renewal, visit) or await self._session_over_async(visit)

    async def _talk(self, session: Session) -> Session | Refused:
        conversation = await self.conversation()
        if conversation is None:
            return Refused(Reason.AUTH_PROVIDER_UNAVAILABLE)
        refreshed = await conversation.refresh(session)
        if isinstance(refreshed, Session):
            self.runtime.on_refreshed()
        return refreshed

    def _after_refresh(self, renewal: Renewal, visit: Visit) -> Proceed | Answer | None:
        """Serve the session as its refresh left it; None when it is over."""
        if isinstance(renewal, Ended) or renewal.session.is_expired(visit.now):
            return None
        session = renewal.session
        cookies: HeaderList = ()
        if isinstance(renewal, Renewed):
            lines = self.session_cookies(session, visit)
            if lines is None:
                return refuse_login(Reason.AUTH_CLAIMS_TOO_LARGE)
            cookies = lines
        return Proceed(self._identity(session, visit.now), cookies, ACTION, session.subject)

    # --- no session

    def _unauthenticated(self, visit: Visit, reason: Reason) -> PreActionOutcome:
        match self.realm.policy.on_unauthenticated_request:
            case OnUnauthenticatedRequest.ALLOW:
                return Proceed()
            case OnUnauthenticatedRequest.DENY:
                return refuse_login(reason)
        return self._log_in(visit)

    def _session_over(self, visit: Visit) -> PreActionOutcome:
        """A session that has ended leads to a login, with `deny` too (alb.md 3.2 step 2)."""
        if self.realm.policy.on_unauthenticated_request is OnUnauthenticatedRequest.ALLOW:
            return Proceed()
        return self._log_in(visit)

    async def _session_over_async(self, visit: Visit) -> Proceed | Answer:
        if self.realm.policy.on_unauthenticated_request is OnUnauthenticatedRequest.ALLOW:
            return Proceed()
        return await self._discover_and_start(visit)

    def _log_in(self, visit: Visit) -> Answer | Pending:
        if self.source.known.authorization_endpoint:
            return self._start(visit)
        return Pending(lambda: self._discover_and_start(visit), "discovery")

    async def _discover_and_start(self, visit: Visit) -> Answer:
        if not self.source.known.authorization_endpoint:
            await self.source.fetch(self.runtime.clock())
        return self._start(visit)

    def _start(self, visit: Visit) -> Answer:
        endpoint = self.source.known.authorization_endpoint
        if not endpoint:
            return refuse_login(Reason.AUTH_PROVIDER_UNAVAILABLE)
        origin = read_origin(visit.head)
        if origin is None:
            return refuse_login(Reason.BAD_REQUEST if visit.head.authority else Reason.AUTH_MISSING_HOST)
        start = start_login(
            visit.head,
            origin,
            realm=self.realm,
            endpoint=endpoint,
            cookie=visit.cookie,
            ring=self._ring,
            random=self.runtime.random,
            now=visit.now,
        )
        return redirect(start.location, start.cookies)

    # --- for the callback

    def holds_session(self, visit: Visit) -> bool:
        """Tell whether the browser is logged in here already."""
        _, session = self._find_session(visit)
        return session is not None and not session.is_expired(visit.now)

    def session_cookies(self, session: Session, visit: Visit) -> HeaderList | None:
        """Spell the Set-Cookie headers of a session; None when four cookies do not hold it."""
        value = seal_session(self._ring, self.realm, session, now=visit.now)
        if value is None:
            return None
        lines = self._cookie.set_all(
            value,
            header=visit.cookie,
            expires=visit.now + COOKIE_SECONDS,
            secure=visit.head.scheme == "https",
        )
        return tuple((b"Set-Cookie", line) for line in lines)

    async def conversation(self) -> Conversation | None:
        """Return what talks to the provider; None when it cannot be discovered."""
        provider = self.source.current() or await self.source.fetch(self.runtime.clock())
        if provider is None:
            return None
        runtime = self.runtime
        keys = runtime.key_source(provider.jwks_uri, app=provider.app)
        return Conversation(IdpClient(provider, runtime.http), keys, runtime.clock)


def redirect(location: str, cookies: HeaderList) -> Answer:
    """Answer 302. The log gets no URL: an authorization request carries its state."""
    headers = ((b"Content-Type", b"text/html"), (b"Location", location.encode("ascii")), _NO_STORE, *cookies)
    return Answer(302, headers, page(302), actions=(ACTION,))


def refuse_login(reason: Reason, cookies: HeaderList = ()) -> Answer:
    """Answer with the page of `reason`."""
    answer = refuse(reason)
    return replace(answer, headers=(*answer.headers, _NO_STORE, *cookies), actions=(ACTION,))
