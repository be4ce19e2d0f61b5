"""Proof key for code exchange, S256 only (RFC 7636; RFC 9700 2.1.1). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_proven(challenge: str | None, verifier: str | None) -> bool:
    """Whether the verifier answers the challenge.

    A verifier without a challenge is refused too: somebody stripped the challenge from the authorize
    request, and the client believes itself protected (the downgrade of RFC 9700 4.8.2).
    """
    if challenge is None or verifier is None:
        return challenge is None and verifier is None
    if not _VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(build_challenge(verifier).encode(), challenge.encode("utf-8", "surrogatepass"))


def build_challenge(verifier: str) -> str:
    """Compute the S256 challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()
