"""The steps of a login that need no I/O: start it, read the callback, match the two (alb.md 3.2).

Pure: time and randomness are arguments. Each login attempt has a cookie of its own with the OIDC nonce and
the PKCE verifier, so that several tabs log in at once; ALB keeps one nonce and fails the first tab. `state`
names the attempt, the realm and the original URL, sealed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from lb.authn.jsontext import dump_compact, parse_object
from lb.authn.origin import Origin
from lb.authn.realm import Realm
from lb.cookies import cookie_names, expire_cookie, find_cookie, set_cookie
from lb.outcomes import HeaderList
from lb.reasons import Reason
from lb.sealed import KeyRing, decode_text, encode_text
from rules.request import RequestHead

Random = Callable[[int], bytes]

ATTEMPT_PREFIX = b"AWSALBAuthNonce-"
HOST_PREFIX = b"__Host-"
"""Browsers take a cookie of such a name from this very host only, over https (RFC 6265bis 4.1.3.2). Otherwise
a sibling domain could plant an attempt of its own here, and log its victim in as somebody else."""
ATTEMPT_SECONDS = 900
"""ALB allows 15 minutes from the first redirect to the last."""
RESTART_SECONDS = 86400
"""A callback later than 15 minutes but within this starts over instead of ending in a bare 401."""
MAX_ATTEMPTS = 8
"""Logins that one browser may have under way; the oldest go first."""
MAX_EXPIRED_AT_ONCE = 16
BACKGROUND_SLOT = "0"
RESERVED = frozenset(
    {
        "client_id",
        "client_secret",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "request",
        "request_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
    }
)
"""Authorization parameters that configured extra parameters cannot replace."""
_MAX_TARGET = 1200
"""Longer original URLs go into the attempt's cookie: providers limit the length of a request."""
_MAX_COOKIE_TARGET = 2200
_MANY_COOKIES = 8 * 1024
"""Bytes of cookies beyond which no long URL is added to them: past `admission.MAX_HEADER` the browser would
be refused at every request, and anybody's page can open windows on long URLs here."""
_MAX_STATE, _MAX_CODE = 4096, 4096
_STATE, _ATTEMPT = "login state", "login attempt"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login under way. `slot` names its cookie; `target` is the original path and query."""

    id: str
    slot: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    target: str


@dataclass(frozen=True, slots=True)
class State:
    """What a sealed `state` says. `target` is None when the attempt's cookie has it."""

    attempt: str
    slot: str
    realm: str
    origin: str
    target: str | None
    issued_at: int

    def is_late(self, now: float) -> bool:
        """Tell whether the 15 minutes have passed."""
        return now - self.issued_at > ATTEMPT_SECONDS

    @property
    def secure(self) -> bool:
        """Tell whether the login began over https."""
        return self.origin.startswith("https:")


@dataclass(frozen=True, slots=True)
class Start:
    """The redirect that starts a login."""

    location: str = field(repr=False)
    cookies: HeaderList = field(repr=False)


@dataclass(frozen=True, slots=True)
class CallbackQuery:
    """The parameters of a callback, each at most once."""

    code: str | None = field(repr=False)
    state: str | None = field(repr=False)
    error: str | None
    issuer: str | None


def start_login(
    head: RequestHead,
    origin: Origin,
    *,
    realm: Realm,
    endpoint: str,
    cookie: bytes | None,
    ring: KeyRing,
    random: Random,
    now: float,
) -> Start:
    """Begin a login: the authorization request and the cookies that belong to it."""
    attempt = new_attempt(head, cookie, random=random, now=now)
    state = _seal_state(attempt, origin, realm=realm, ring=ring, now=now)
    location = authorization_url(endpoint, realm, attempt, state=state, redirect_uri=origin.redirect_uri)
    sealed = _seal_attempt(attempt, realm=realm, ring=ring, now=now)
    secure = origin.secure
    name = attempt_cookie(attempt.slot, secure=secure)
    mine = set_cookie(name, sealed, max_age=ATTEMPT_SECONDS, secure=secure)
    expired = [expire_cookie(old, secure=secure) for old in surplus_attempts(cookie, secure=secure)]
    return Start(location, tuple((b"Set-Cookie", line) for line in (mine, *expired)))


def new_attempt(head: RequestHead, cookie: bytes | None, *, random: Random, now: float) -> Attempt:
    """Draw the secrets of a new attempt.

    Fetches of pages without a session start logins too, and never finish them; they share one slot, so that a
    burst of them does not push out the tab in which somebody is typing a password.
    """
    id_ = _base64url(random(16))
    slot = f"{int(now * 1000):012x}{random(4).hex()}" if _is_navigation(head) else BACKGROUND_SLOT
    target = _bounded_target(head, cookie)
    return Attempt(id_, slot, _base64url(random(16)), _base64url(random(32)), target)


def _is_navigation(head: RequestHead) -> bool:
    return head.header(b"sec-fetch-mode") in (None, b"navigate")


def _bounded_target(head: RequestHead, cookie: bytes | None) -> str:
    limit = _MAX_COOKIE_TARGET if len(cookie or b"") <= _MANY_COOKIES else _MAX_TARGET
    return next((target for target in (head.target, head.path) if len(target) <= limit), "/")


def authorization_url(endpoint: str, realm: Realm, attempt: Attempt, *, state: str, redirect_uri: str) -> str:
    """Build the authorization request (OpenID Connect Core 3.1.2.1, RFC 7636), parameters in ALB's order."""
    challenge = _base64url(hashlib.sha256(attempt.verifier.encode()).digest())
    extra = realm.policy.authentication_request_extra_params
    parameters = [
        ("client_id", realm.client_id),
        ("redirect_uri", redirect_uri),
        ("response_type", "code"),
        ("scope", realm.policy.scope),
        ("state", state),
        ("nonce", attempt.nonce),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
        *((name, value) for name, value in extra if name not in RESERVED),
    ]
    base = endpoint.partition("#")[0]
    return f"{base}{'&' if '?' in base else '?'}{urlencode(parameters)}"


def attempt_cookie(slot: str, *, secure: bool) -> bytes:
    """Return the cookie name of a slot."""
    return _prefix(secure=secure) + slot.encode()


def _prefix(*, secure: bool) -> bytes:
    return HOST_PREFIX + ATTEMPT_PREFIX if secure else ATTEMPT_PREFIX


def surplus_attempts(cookie: bytes | None, *, secure: bool) -> list[bytes]:
    """Name the attempt cookies to delete so that one more fits: the oldest, by the time in their names."""
    prefix = _prefix(secure=secure)
    names = [] if cookie is None else cookie_names(cookie, prefix)
    background = attempt_cookie(BACKGROUND_SLOT, secure=secure)
    # Names are the browser's to send: only those that could be ours are spelled in a header.
    ours = sorted(name for name in names if name != background and name[len(prefix) :].isalnum())
    surplus = len(ours) - MAX_ATTEMPTS + 1
    return ours[: min(surplus, MAX_EXPIRED_AT_ONCE)] if surplus > 0 else []


def read_callback(query: str) -> CallbackQuery | None:
    """Read the callback's query; None when a parameter occurs twice (RFC 6749 3.1) or there are absurdly
    many."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=32)
    except ValueError:
        return None
    values = dict(pairs)
    if any(sum(name == known for name, _ in pairs) > 1 for known in ("code", "state", "error", "iss")):
        return None
    code, state = values.get("code") or None, values.get("state") or None
    if len(code or "") > _MAX_CODE or len(state or "") > _MAX_STATE:
        return None
    return CallbackQuery(code, state, values.get("error"), values.get("iss"))


def open_state(text: str, *, ring: KeyRing, now: float) -> State | None:
    """Open a `state`; None when it is not ours or a day old."""
    sealed = _from_base64url(text)
    opened = None if sealed is None else ring.open(sealed, purpose=_STATE, now=now, max_age=RESTART_SECONDS)
    if opened is None:
        return None
    document = parse_object(opened.payload)
    match document:
        case {"a": str(attempt), "s": str(slot), "r": str(realm), "o": str(origin), "t": str() | None as to}:
            return State(attempt, slot, realm, origin, to, opened.sealed_at)
    return None


def open_attempt(
    state: State, cookie: bytes | None, *, realm: Realm, ring: KeyRing, now: float
) -> Attempt | Reason:
    """Open the cookie of the attempt that `state` names: the proof that this browser started it."""
    name = attempt_cookie(state.slot, secure=state.secure)
    value = None if cookie is None else find_cookie(cookie, name + b"=")
    if value is None:
        return Reason.AUTH_MISSING_NONCE
    sealed = decode_text(value)
    context = _attempt_context(state.attempt, realm)
    opened = None
    if sealed is not None:
        opened = ring.open(sealed, purpose=_ATTEMPT, context=context, now=now, max_age=ATTEMPT_SECONDS)
    document = None if opened is None else parse_object(opened.payload)
    match document:
        case {"n": str(nonce), "v": str(verifier), "t": str() | None as target}:
            return Attempt(state.attempt, state.slot, nonce, verifier, target or state.target or "/")
    return Reason.AUTH_INVALID_NONCE


def _seal_state(attempt: Attempt, origin: Origin, *, realm: Realm, ring: KeyRing, now: float) -> str:
    document = {
        "a": attempt.id,
        "s": attempt.slot,
        "r": realm.id,
        "o": f"{origin.scheme}://{origin.authority}",
        "t": None if _is_long(attempt.target) else attempt.target,
    }
    return _base64url(ring.seal(dump_compact(document), purpose=_STATE, now=now))


def _seal_attempt(attempt: Attempt, *, realm: Realm, ring: KeyRing, now: float) -> bytes:
    target = attempt.target if _is_long(attempt.target) else None
    document = {"n": attempt.nonce, "v": attempt.verifier, "t": target}
    context = _attempt_context(attempt.id, realm)
    return encode_text(ring.seal(dump_compact(document), purpose=_ATTEMPT, context=context, now=now))


def _is_long(target: str) -> bool:
    return len(target) > _MAX_TARGET


def _attempt_context(attempt_id: str, realm: Realm) -> bytes:
    return realm.digest + attempt_id.encode()


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _from_base64url(text: str) -> bytes | None:
    if not text.isascii():
        return None
    return decode_text(text.translate(_URL_TO_PLAIN).encode() + b"=" * (-len(text) % 4))


_URL_TO_PLAIN = str.maketrans("-_", "+/")
