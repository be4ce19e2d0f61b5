"""Reads access and ID tokens of our own: signature, issuer, kind, by our keys. Expiry is for the caller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import jwt

from idp.tokens.keys import KeyRing, LoadedKey

LONGEST_TOKEN: Final = 16_384
_SIGNATURE_ONLY: Final = {
    # Times are checked against our clock by the caller; the issuer needs the pool that the key belongs to.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
}


def read_access_token(
    token: str, *, keys: KeyRing, issuer_of: Callable[[str], str]
) -> tuple[str, dict[str, Any]] | None:
    """Return the pool id and the claims of an access token of ours, expired or not, or None."""
    return _read(token, "access", "client_id", keys=keys, issuer_of=issuer_of)


def read_id_token(
    token: str, *, keys: KeyRing, issuer_of: Callable[[str], str]
) -> tuple[str, dict[str, Any]] | None:
    """Likewise of an ID token."""
    read = _read(token, "id", "aud", keys=keys, issuer_of=issuer_of)
    return read if read is not None and isinstance(read[1]["aud"], str) else None


def _read(
    token: str, use: str, audience: str, *, keys: KeyRing, issuer_of: Callable[[str], str]
) -> tuple[str, dict[str, Any]] | None:
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        options = {**_SIGNATURE_ONLY, "require": ["exp", "iat", "iss", "sub", "token_use", audience]}
        key = keys.find(jwt.get_unverified_header(token).get("kid"))
        if key is None or key.use != use:
            return None
        claims = jwt.decode(token, key.public, algorithms=["RS256"], options=options)  # type: ignore[arg-type]
    except (jwt.PyJWTError, ValueError):
        return None
    return (key.pool_id, claims) if _is_ours(claims, key, issuer_of) else None


def _is_ours(claims: dict[str, Any], key: LoadedKey, issuer_of: Callable[[str], str]) -> bool:
    return (
        claims["token_use"] == key.use
        and claims["iss"] == issuer_of(key.pool_id)
        and isinstance(claims["exp"], int)
    )


def is_jwt(token: str) -> bool:
    """Whether a text is a JWT: at the revocation endpoint, not a refresh token."""
    try:
        return token.count(".") == 2 and "alg" in jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        return False
