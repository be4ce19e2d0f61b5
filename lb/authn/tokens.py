"""What a provider's answers must be before they are believed: token response, ID token, userinfo.

Pure. PyJWT checks signatures; claims are checked here, because every check takes `now` (OpenID Connect Core
3.1.3.7, 3.1.3.8, 5.3.2). Results are values.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from lb.authn.jsontext import Claims, dump_compact, parse_object
from lb.authn.jwks import ALGORITHMS, KeySet

LEEWAY = 60
"""Seconds by which an issuer's clock may differ from ours."""
MAX_CLAIMS_BYTES = 11 * 1024
"""Claims and access token together (alb.md 3.5)."""
_MAX_LIFETIME = 10 * 365 * 86400
_TOKEN = re.compile(r"[\x21-\x7e]+")
_SUBJECT = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
_PARTS = re.compile(r"[A-Za-z0-9_-]+=*\.[A-Za-z0-9_-]+=*\.[A-Za-z0-9_-]+=*")
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512, "DSA": hashlib.sha512}
_verifier = jwt.PyJWS()


@dataclass(frozen=True, slots=True)
class Tokens:
    """An accepted token response."""

    access_token: str = field(repr=False)
    id_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int | None


@dataclass(frozen=True, slots=True)
class TokenHead:
    """The part of a JWT header that chooses the key."""

    algorithm: str
    kid: str | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What the ID token of one login must say. `nonce` is None for tokens of a refresh."""

    issuer: str
    client_id: str
    nonce: str | None = field(repr=False)
    access_token: str = field(repr=False)


def accept_tokens(body: bytes) -> Tokens | None:
    """Read a token response (RFC 6749 section 5.1); None when it cannot be used."""
    answer = parse_object(body)
    if answer is None:
        return None
    kind, access = answer.get("token_type", "Bearer"), answer.get("access_token")
    # The access token becomes a header value: anything but visible ASCII could split the request.
    if not isinstance(access, str) or not _is_token(access):
        return None
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return None
    optional = [answer.get(name) for name in ("id_token", "refresh_token")]
    if any(token is not None and not _is_token(token) for token in optional):
        return None
    return Tokens(access, optional[0], optional[1], _lifetime(answer.get("expires_in")))


def _is_token(value: object) -> bool:
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _lifetime(value: object) -> int | None:
    """Read `expires_in`; some providers write the number as a string."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
        value = int(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return int(max(0, min(value, _MAX_LIFETIME)))


def read_head(token: str) -> TokenHead | None:
    """Read which key a JWT asks for; None when it is not a compact JWS or asks for extensions."""
    if not _PARTS.fullmatch(token):
        return None
    header = parse_object(_decode_part(token.split(".", 1)[0]))
    if header is None or "crit" in header or "b64" in header:
        return None
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not isinstance(kid, str | None):
        return None
    return TokenHead(algorithm, kid)


def _decode_part(part: str) -> bytes:
    bare = part.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError:
        return b""


def verify_signature(token: str, head: TokenHead, keys: KeySet) -> Claims | None:
    """Check a JWT's signature against `keys` and return its claims, unchecked; None when it does not verify.

    The algorithm is the key's to allow, never the token's to choose.
    """
    key = keys.find(head.kid, head.algorithm)
    if key is None:
        return None
    try:
        return parse_object(_verifier.decode(token, key.key, algorithms=sorted(key.algorithms)))
    except (jwt.PyJWTError, ValueError, TypeError):
        return None


def check_id_token(claims: Claims, head: TokenHead, expected: Expected, now: float) -> str | None:
    """Say what is wrong with an ID token whose signature is good, or None."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    checks = (
        ("iss", claims.get("iss") == expected.issuer),
        ("aud", expected.client_id in audiences),
        ("azp", claims.get("azp", None if len(audiences) > 1 else expected.client_id) == expected.client_id),
        ("exp", _is_time(claims.get("exp")) and now < claims["exp"] + LEEWAY),
        ("iat", _is_time(claims.get("iat")) and claims["iat"] <= now + LEEWAY),
        ("nbf", _is_time(claims.get("nbf", 0)) and claims.get("nbf", 0) <= now + LEEWAY),
        ("nonce", expected.nonce is None or _same(claims.get("nonce"), expected.nonce)),
        ("at_hash", "at_hash" not in claims or _hash_fits(claims["at_hash"], head, expected.access_token)),
        ("sub", is_subject(claims.get("sub"))),
    )
    return next((name for name, passed in checks if not passed), None)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(value: object, expected: str) -> bool:
    return isinstance(value, str) and hmac.compare_digest(value.encode(), expected.encode())


def _hash_fits(value: object, head: TokenHead, access_token: str) -> bool:
    digest = _HASHES[head.algorithm[-3:]](access_token.encode()).digest()
    left = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    return isinstance(value, str) and hmac.compare_digest(value.rstrip("=").encode(), left.encode())


def is_subject(value: object) -> bool:
    """Tell whether `value` can be a `sub`: at most 255 printable ASCII characters, fit for a header."""
    return isinstance(value, str) and _SUBJECT.fullmatch(value) is not None


def accept_userinfo(body: bytes, content_type: str, *, subject: str) -> Claims | None:
    """Read a userinfo answer; None unless it is a JSON object about `subject`.

    Signed answers (`application/jwt`) are not supported, as at ALB. The subject must be the ID token's, or
    the claims may be someone else's (OpenID Connect Core 5.3.2).
    """
    if content_type.split(";")[0].strip().lower() == "application/jwt":
        return None
    claims = parse_object(body)
    if claims is None or not is_subject(claims.get("sub")) or claims["sub"] != subject:
        return None
    return claims


def exceeds_claims_limit(claims: Mapping[str, Any], access_token: str) -> bool:
    """Tell whether claims and access token are more than ALB passes on (11 K)."""
    return len(dump_compact(claims)) + len(access_token) > MAX_CLAIMS_BYTES


def has_key(token: str, keys: KeySet) -> bool:
    """Tell whether `keys` holds the key that a JWT asks for; True for what no key could verify."""
    head = read_head(token)
    return head is None or head.algorithm not in ALGORITHMS or keys.find(head.kid, head.algorithm) is not None


def verify_id_token(token: str, keys: KeySet, expected: Expected, *, now: float) -> Claims | str:
    """Check an ID token whole; give its claims, or the word of the check that failed."""
    head = read_head(token)
    if head is None or head.algorithm not in ALGORITHMS:
        return "shape or algorithm"
    claims = verify_signature(token, head, keys)
    if claims is None:
        return "signature"
    return check_id_token(claims, head, expected, now) or claims
