"""What targets learn about the user: the three `x-amzn-oidc-*` headers (alb.md 3.5).

`x-amzn-oidc-data` is a JWT that keeps the base64 padding in all its parts, signed over the padded text, with
scalars as strings: so do the tokens captured from AWS, and verifiers made for those accept ours. Pure.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from lb.authn.jsontext import dump_compact
from lb.authn.signing_keys import SigningKey
from lb.outcomes import HeaderList

ACCESS_TOKEN_HEADER = b"x-amzn-oidc-accesstoken"
IDENTITY_HEADER = b"x-amzn-oidc-identity"
DATA_HEADER = b"x-amzn-oidc-data"
LIFETIME = 120
"""Seconds until the token expires; AWS's live one to two minutes (observed)."""
_ES256 = ec.ECDSA(SHA256())


@dataclass(frozen=True, slots=True)
class Signer:
    """Who vouches for whom: the signing key, this load balancer's ARN, the issuer and client of the login."""

    key: SigningKey
    arn: str
    issuer: str
    client_id: str


def identity_headers(
    signer: Signer, *, claims: Mapping[str, Any], access_token: str, now: float
) -> HeaderList:
    """Build the identity headers for one session. `claims` must hold `sub`."""
    return (
        (ACCESS_TOKEN_HEADER, access_token.encode("ascii")),
        (IDENTITY_HEADER, str(claims["sub"]).encode("ascii")),
        (DATA_HEADER, sign_claims(signer, claims=claims, expires=int(now) + LIFETIME)),
    )


def sign_claims(signer: Signer, *, claims: Mapping[str, Any], expires: int) -> bytes:
    """Sign `claims` as ALB does: observed header order, padding kept, `exp` in header and payload alike."""
    header = {
        "typ": "JWT",
        "kid": signer.key.kid,
        "alg": "ES256",
        "iss": signer.issuer,
        "client": signer.client_id,
        "signer": signer.arn,
        "exp": expires,
    }
    payload = {name: _as_alb(value) for name, value in claims.items() if name not in {"exp", "iss"}}
    payload |= {"exp": expires, "iss": signer.issuer}
    text = _padded(dump_compact(header)) + b"." + _padded(dump_compact(payload))
    r, s = decode_dss_signature(signer.key.private.sign(text, _ES256))
    return text + b"." + _padded(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def _as_alb(value: Any) -> Any:
    """Spell a scalar as a string; objects and lists stay as they are."""
    if isinstance(value, str | dict | list):
        return value
    return json.dumps(value)


def _padded(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets)
