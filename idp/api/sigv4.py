"""Verifies AWS Signature Version 4 in the Authorization header (service `cognito-idp`). Pure.

Every step of AWS's algorithm, over what was received: the target as it stands, the signed headers, the hash
of the body. `host`, the date and `x-amz-target` must be among the signed headers: the last names the
operation, and an unsigned one could be put in the place of another.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote, unquote

from idp.config.access import AccessKey, AccessSettings

ALGORITHM: Final = "AWS4-HMAC-SHA256"
SERVICE: Final = "cognito-idp"
SKEW_SECONDS: Final = 300
MUST_SIGN: Final = ("host", "x-amz-target")
_BASIC: Final = "%Y%m%dT%H%M%SZ"
_PART: Final = re.compile(r"\s*(Credential|SignedHeaders|Signature)=(\S+?)\s*")


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature covers, as received."""

    method: str
    path: str
    """The path as it stood in the request line."""
    query: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    """Names in lower case."""
    body: bytes = field(repr=False)

    def values(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for key, value in self.headers if key == name]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not let in: an exception of the service and its text."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Claim:
    """An Authorization header, taken apart."""

    key_id: str
    scope: tuple[str, ...]
    """Date, region, service, `aws4_request`."""
    headers: tuple[str, ...]
    signature: str = field(repr=False)


MISSING: Final = Refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
UNKNOWN_KEY: Final = Refusal(
    "UnrecognizedClientException", "The security token included in the request is invalid."
)
MISMATCH: Final = Refusal(
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
    " Access Key and signing method. Consult the service documentation for details.",
)


def read_claim(authorizations: Sequence[str]) -> Claim | Refusal:
    """Take the Authorization header apart."""
    if not authorizations:
        return MISSING
    if len(authorizations) > 1:
        return _incomplete("there is more than one Authorization header")
    algorithm, _, rest = authorizations[0].partition(" ")
    if algorithm != ALGORITHM:
        return _incomplete(f"Authorization must begin with {ALGORITHM}")
    matches = [_PART.fullmatch(part) for part in rest.split(",")]
    parts = {match.group(1): match.group(2) for match in matches if match is not None}
    if len(parts) != 3 or len(matches) != 3:
        return _incomplete("Authorization header requires 'Credential', 'SignedHeaders' and 'Signature'")
    key_id, *scope = parts["Credential"].split("/")
    if len(scope) != 4:
        return _incomplete("Credential must be KEY/DATE/REGION/SERVICE/aws4_request")
    return Claim(key_id, tuple(scope), tuple(parts["SignedHeaders"].split(";")), parts["Signature"])


def verify(request: Signed, claim: Claim, key: AccessKey, *, now: float) -> Refusal | None:
    """Return why the signature does not hold, or None when it does."""
    moment = _read_moment(request)
    if isinstance(moment, Refusal):
        return moment
    refusal = _check_scope(claim, moment) or _check_time(moment, now) or _check_headers(request, claim)
    if refusal is not None:
        return refusal
    signature = sign(request, claim, key.secret.reveal(), moment)
    return None if hmac.compare_digest(signature.encode(), claim.signature.encode()) else MISMATCH


def sign(request: Signed, claim: Claim, secret: str, moment: datetime) -> str:
    """Compute the signature that this request should have."""
    text = "\n".join(
        (
            ALGORITHM,
            moment.strftime(_BASIC),
            "/".join(claim.scope),
            _sha256(_canonical(request, claim).encode("latin-1")),
        )
    )
    key = b"AWS4" + secret.encode()
    for part in claim.scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def find_key(settings: AccessSettings, claim: Claim) -> AccessKey | Refusal:
    """Return the key that a claim names."""
    return settings.keys.get(claim.key_id) or UNKNOWN_KEY


def _canonical(request: Signed, claim: Claim) -> str:
    headers = "".join(f"{name}:{_fold(request.values(name))}\n" for name in claim.headers)
    return "\n".join(
        (
            request.method,
            quote(request.path or "/", safe="/~"),  # what is encoded already is encoded again
            _canonical_query(request.query),
            headers,
            ";".join(claim.headers),
            _sha256(request.body),
        )
    )


def _canonical_query(query: str) -> str:
    pairs = [part.partition("=") for part in query.split("&") if part]
    spelled = [(quote(unquote(name), safe="~"), quote(unquote(value), safe="~")) for name, _, value in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(spelled))


def _fold(values: Sequence[str]) -> str:
    return ",".join(" ".join(value.split()) for value in values)


def _read_moment(request: Signed) -> datetime | Refusal:
    dates = request.values("x-amz-date")
    if len(dates) == 1:
        try:
            return datetime.strptime(dates[0], _BASIC).replace(tzinfo=UTC)
        except ValueError:
            return _incomplete("X-Amz-Date must be like 20260131T235959Z")
    plain = request.values("date")
    try:
        if not dates and len(plain) == 1:
            return parsedate_to_datetime(plain[0]).astimezone(UTC)
    except (ValueError, TypeError):
        return _incomplete("Date is no date")
    return _incomplete("the request must have one X-Amz-Date or Date header")


def _check_scope(claim: Claim, moment: datetime) -> Refusal | None:
    day, region, service, end = claim.scope
    wrong = (
        (day != moment.strftime("%Y%m%d"), "Date in Credential scope does not match the date of the request"),
        (not region, "Credential should be scoped to a valid region."),
        (service != SERVICE, f"Credential should be scoped to correct service: '{SERVICE}'."),
        (end != "aws4_request", "Credential should be scoped with a valid terminator: 'aws4_request'."),
    )
    return next((Refusal("InvalidSignatureException", text) for broken, text in wrong if broken), None)


def _check_time(moment: datetime, now: float) -> Refusal | None:
    age = now - moment.timestamp()
    if abs(age) <= SKEW_SECONDS:
        return None
    word = "Signature expired" if age > 0 else "Signature not yet current"
    clock = datetime.fromtimestamp(now, UTC).strftime(_BASIC)
    relation = "earlier" if age > 0 else "later"
    message = f"{word}: {moment.strftime(_BASIC)} is more than 5 minutes {relation} than {clock}"
    return Refusal("InvalidSignatureException", message)


def _check_headers(request: Signed, claim: Claim) -> Refusal | None:
    dated = "x-amz-date" if request.values("x-amz-date") else "date"
    missing = [name for name in (*MUST_SIGN, dated) if name not in claim.headers]
    if missing:
        return _incomplete(f"SignedHeaders must have {', '.join(missing)}")
    if any(not request.values(name) for name in claim.headers):
        return _incomplete("SignedHeaders names a header that is not there")
    return None


def _incomplete(message: str) -> Refusal:
    return Refusal("IncompleteSignatureException", message)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
