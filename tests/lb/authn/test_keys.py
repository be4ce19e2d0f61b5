"""Publication of the verification keys."""

import json

import pytest

from lb.authn.keys import serve_key
from lb.authn.signing_keys import SigningKeys

KEYS = SigningKeys.generate()


def test_a_key_is_served_as_pem_by_kid() -> None:
    answer = serve_key(KEYS, f"/.well-known/albacore/keys/{KEYS.current.kid}")
    assert answer is not None
    assert answer.status == 200
    assert answer.body.decode() == KEYS.public_pem(KEYS.current.kid)


def test_all_keys_are_served_as_a_jwk_set() -> None:
    answer = serve_key(KEYS, "/.well-known/albacore/jwks.json")
    assert answer is not None
    assert json.loads(answer.body) == KEYS.jwks()
    assert (b"Content-Type", b"application/json") in answer.headers


@pytest.mark.parametrize(
    "path", ["/", "/.well-known/albacore/keys/", "/.well-known/albacore/keys/../x", "/jwks.json"]
)
def test_other_paths_are_not_ours(path: str) -> None:
    assert serve_key(KEYS, path) is None
