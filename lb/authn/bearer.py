"""The jwt-validation pre-action: only requests with a valid bearer token pass (alb.md 4).

RS256 only, keys from the action's JWKS endpoint within ALB's limits, `iss` and `exp` demanded, `nbf` and
`iat` checked when present, additional claims all of them, each with any of its values. The token goes on to
the target unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lb.authn.cache import ShortLived
from lb.authn.jwks import JWT_VALIDATION_LIMITS, KeySet, KeysFailure
from lb.authn.tokens import LEEWAY, TokenHead, read_head, verify_signature
from lb.outcomes import Answer, Pending, PreActionOutcome, Proceed
from lb.reasons import Reason
from lb.responses import refuse
from rules.actions import AdditionalClaim, ClaimFormat, JwtValidation
from rules.request import RequestHead

if TYPE_CHECKING:
    from lb.authn.runtime import AuthRuntime

ACTION = "jwt-validation"
CACHE_SECONDS = 30
MAX_TOKEN_BYTES = 16 * 1024
_BEARER = re.compile(rb"bearer +([\x21-\x7e]+) *", re.IGNORECASE)
_CHALLENGE = (b"WWW-Authenticate", b"Bearer")
_INVALID = (b"WWW-Authenticate", b'Bearer error="invalid_token"')
_FAILURES = {
    KeysFailure.TIMEOUT: Reason.JWKS_TIMEOUT,
    KeysFailure.FAILED: Reason.JWKS_FAILED,
    KeysFailure.TOO_LARGE: Reason.JWKS_TOO_LARGE,
}


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token as sent and the part of it that chooses the key."""

    token: str = field(repr=False)
    head: TokenHead


def read_bearer(values: Iterable[bytes]) -> Bearer | Reason:
    """Read the token of the Authorization header(s). Pure."""
    sent = list(values)
    if not sent:
        return Reason.JWT_HEADER_NOT_PRESENT
    match = _BEARER.fullmatch(sent[0])
    # Two headers: the target might believe the other one.
    if len(sent) > 1 or match is None or len(match[1]) > MAX_TOKEN_BYTES:
        return Reason.JWT_REQUEST_FORMAT_INVALID
    token = match[1].decode("ascii")
    head = read_head(token)
    return Reason.JWT_REQUEST_FORMAT_INVALID if head is None else Bearer(token, head)


def verify(bearer: Bearer, keys: KeySet, action: JwtValidation, now: float) -> Mapping[str, Any] | Reason:
    """Check signature and claims; give the claims, or why not. Pure."""
    if bearer.head.algorithm != "RS256":
        return Reason.JWT_SIGNATURE_INVALID
    claims = verify_signature(bearer.token, bearer.head, keys)
    if claims is None:
        return Reason.JWT_SIGNATURE_INVALID
    return check_standard_claims(claims, action.issuer, now) or _check_all(claims, action) or claims


def check_standard_claims(claims: Mapping[str, Any], issuer: str, now: float) -> Reason | None:
    """Check `iss`, `exp`, `nbf` and `iat`. Clocks may differ by a minute, but an expired token is expired."""
    if "iss" not in claims or "exp" not in claims:
        return Reason.JWT_CLAIM_NOT_PRESENT
    times = [claims["exp"], claims.get("nbf", 0), claims.get("iat", 0)]
    if not isinstance(claims["iss"], str) or not all(type(time) in (int, float) for time in times):
        return Reason.JWT_CLAIM_FORMAT_INVALID
    expires, not_before, issued = times
    if claims["iss"] != issuer or now >= expires or max(not_before, issued) > now + LEEWAY:
        return Reason.JWT_CLAIM_VALUE_INVALID
    return None


def check_claim(claim: AdditionalClaim, claims: Mapping[str, Any]) -> Reason | None:
    """Check one additional claim: present, of its format, holding one of its values."""
    if claim.name not in claims:
        return Reason.JWT_CLAIM_NOT_PRESENT
    held = _held_values(claim.format, claims[claim.name])
    if held is None:
        return Reason.JWT_CLAIM_FORMAT_INVALID
    return None if any(value in held for value in claim.values) else Reason.JWT_CLAIM_VALUE_INVALID


def _held_values(format_: ClaimFormat, value: object) -> list[str] | None:
    match format_, value:
        case ClaimFormat.SINGLE_STRING, str():
            return [value]
        case ClaimFormat.SPACE_SEPARATED_VALUES, str():
            return value.split(" ")
        case ClaimFormat.STRING_ARRAY, list() if all(isinstance(item, str) for item in value):
            return value
    return None


def _check_all(claims: Mapping[str, Any], action: JwtValidation) -> Reason | None:
    return next((wrong for claim in action.additional_claims if (wrong := check_claim(claim, claims))), None)


class BearerHandler:
    """One jwt-validation action, compiled."""

    __slots__ = ("_action", "_cache", "_clock", "_source")

    def __init__(self, action: JwtValidation, runtime: AuthRuntime, *, app: object | None = None) -> None:
        self._action = action
        self._source = runtime.key_source(action.jwks_endpoint, app=app, limits=JWT_VALIDATION_LIMITS)
        self._clock = runtime.clock
        # Verified tokens only: forged ones must not push them out.
        self._cache: ShortLived[bytes, Proceed] = ShortLived(4096, 16 * 1024 * 1024)

    def handle(self, head: RequestHead, now: float) -> PreActionOutcome:
        """Decide whether the request passes; `now` in epoch seconds."""
        sent = [value for name, value in head.headers if name == b"authorization"]
        if len(sent) == 1:
            proceed = self._cache.get(sent[0], now)
            if proceed is not None:
                return proceed
        bearer = read_bearer(sent)
        if isinstance(bearer, Reason):
            return _refuse(bearer)
        keys = self._source.current(now)
        if keys is None or self._wants_newer(bearer, keys, now):
            return Pending(lambda: self._fetch_and_judge(bearer, sent[0]), "jwks")
        return self._judge(bearer, sent[0], keys, now)

    def _wants_newer(self, bearer: Bearer, keys: KeySet, now: float) -> bool:
        unknown = keys.find(bearer.head.kid, bearer.head.algorithm) is None
        return unknown and bearer.head.algorithm == "RS256" and self._source.may_refetch(now)

    async def _fetch_and_judge(self, bearer: Bearer, sent: bytes) -> Proceed | Answer:
        keys = await self._source.fetch(self._clock())
        if isinstance(keys, KeysFailure):
            return _refuse(_FAILURES[keys])
        return self._judge(bearer, sent, keys, self._clock())

    def _judge(self, bearer: Bearer, sent: bytes, keys: KeySet, now: float) -> Proceed | Answer:
        found = verify(bearer, keys, self._action, now)
        if isinstance(found, Reason):
            return _refuse(found)
        subject = found.get("sub")
        expires = min(now + CACHE_SECONDS, found["exp"])
        proceed = Proceed(action=ACTION, subject=subject if isinstance(subject, str) else "", until=expires)
        self._cache.put(sent, proceed, expires=expires, weight=len(sent))
        return proceed


def _refuse(reason: Reason) -> Answer:
    answer = refuse(reason)
    headers = answer.headers
    if reason.status == 401:
        # RFC 6750 section 3: no error word for a request that sent no token.
        headers = (*headers, _CHALLENGE if reason is Reason.JWT_HEADER_NOT_PRESENT else _INVALID)
    return replace(answer, headers=headers, actions=(ACTION,))
