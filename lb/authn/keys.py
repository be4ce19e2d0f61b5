"""Publishes the keys that verify identity tokens: `/.well-known/albacore/keys/{kid}` and `.../jwks.json`.

AWS serves PEM by kid from a regional host and no JWK set; we serve both, on the load balancer itself.
"""

from __future__ import annotations

from lb.authn.jsontext import dump_compact
from lb.authn.signing_keys import SigningKeys
from lb.outcomes import Answer

PREFIX = "/.well-known/albacore/"
JWKS_PATH = PREFIX + "jwks.json"
KEY_PREFIX = PREFIX + "keys/"
_CACHE = (b"Cache-Control", b"public, max-age=300")


def serve_key(keys: SigningKeys, path: str) -> Answer | None:
    """Answer a request for a public key, or None when `path` is no key's."""
    if path == JWKS_PATH:
        return Answer(200, ((b"Content-Type", b"application/json"), _CACHE), dump_compact(keys.jwks()))
    if not path.startswith(KEY_PREFIX):
        return None
    pem = keys.public_pem(path.removeprefix(KEY_PREFIX))
    return None if pem is None else Answer(200, ((b"Content-Type", b"text/plain"), _CACHE), pem.encode())
