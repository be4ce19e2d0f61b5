"""Verifies `x-amzn-oidc-data`, as any app behind an ALB should.

Everything here would be the same behind AWS, where the keys are at
https://public-keys.auth.elb.<region>.amazonaws.com/<kid> (ALB user guide, "User claims encoding and signature
verification"). The `signer` check matters: anybody can make a load balancer that signs tokens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt

HEADER = "x-amzn-oidc-data"
_KID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAX_KEYS = 8


@dataclass(frozen=True, slots=True)
class Expected:
    """Who must have signed, for whom, and where the keys are."""

    keys_url: str
    """`<keys_url>/<kid>` is a public key in PEM."""
    signer: str
    client: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The token is not to be believed."""

    why: str


@dataclass(slots=True)
class Verifier:
    """Verifies tokens, keeping the few keys that there are."""

    expected: Expected
    _keys: dict[str, str] = field(default_factory=dict, repr=False)

    async def verify(self, token: str) -> Mapping[str, Any] | Refused:
        """Return the verified claims of the user, or why there are none."""
        try:
            head = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            return Refused("this is not a token")
        wrong = self._check_head(head)
        if wrong is not None:
            return wrong
        key = await self._key(head["kid"])
        if key is None:
            return Refused("the load balancer does not have this key")
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["ES256"],
                issuer=self.expected.issuer,
                options={"require": ["exp", "iss", "sub"]},
            )
        except jwt.InvalidTokenError as error:
            return Refused(str(error))
        return claims

    def _check_head(self, head: Mapping[str, Any]) -> Refused | None:
        if head.get("signer") != self.expected.signer:
            return Refused("signed by another load balancer")
        if head.get("client") != self.expected.client:
            return Refused("meant for another client")
        # The key id becomes part of a URL: nothing but a UUID may.
        if not _KID.fullmatch(str(head.get("kid"))):
            return Refused("the key id is not a UUID")
        return None

    async def _key(self, kid: str) -> str | None:
        if kid not in self._keys:
            async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
                try:
                    answer = await client.get(f"{self.expected.keys_url}/{kid}")
                except httpx.HTTPError:
                    return None
            if answer.status_code != 200:
                return None
            if len(self._keys) >= _MAX_KEYS:
                self._keys.clear()
            self._keys[kid] = answer.text
        return self._keys[kid]
