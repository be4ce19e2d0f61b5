"""The keys that sign identity tokens, and how they are published."""

import json
import uuid

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lb.authn.signing_keys import SigningKeys, rotate_signing_keys


def test_kid_is_a_uuid_and_both_forms_are_the_same_key() -> None:
    keys = SigningKeys.generate()
    kid = keys.current.kid
    assert str(uuid.UUID(kid)) == kid
    pem = keys.public_pem(kid)
    assert pem is not None
    assert pem.startswith("-----BEGIN PUBLIC KEY-----\n")
    (jwk,) = keys.jwks()["keys"]
    assert jwt.PyJWK(jwk).key.public_numbers() == keys.current.private.public_key().public_numbers()
    assert (jwk["alg"], jwk["use"], jwk["crv"], jwk["kid"]) == ("ES256", "sig", "P-256", kid)
    assert "d" not in jwk
    assert keys.public_pem("other") is None


def test_the_file_is_private_and_read_again(tmp_path) -> None:
    path = tmp_path / "signing.json"
    kid = SigningKeys.load_or_create(path).current.kid
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKeys.load_or_create(path).current.kid == kid


def test_rotation_signs_with_the_new_and_still_publishes_the_old(tmp_path) -> None:
    path = tmp_path / "signing.json"
    first = SigningKeys.load_or_create(path).current.kid
    second = rotate_signing_keys(path, now=1.0, keep=2)
    assert second.current.kid != first
    assert second.public_pem(first) is not None
    third = rotate_signing_keys(path, now=2.0, keep=2)
    assert third.public_pem(first) is None
    assert [kid for kid, _ in SigningKeys.load(path).describe()] == [second.current.kid, third.current.kid]


def test_an_exposed_file_is_reported(tmp_path, caplog) -> None:
    path = tmp_path / "signing.json"
    SigningKeys.load_or_create(path)
    path.chmod(0o640)
    SigningKeys.load(path)
    assert "chmod 600" in caplog.text


def _rsa_pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"keys": []}',
        '{"keys": [{"kid": "x"}]}',
        json.dumps({"keys": [{"kid": str(uuid.uuid4()), "created": 0, "pem": _rsa_pem()}]}),
    ],
    ids=["empty", "list", "no keys", "no key", "broken", "rsa"],
)
def test_a_wrong_file_is_named_without_its_text(tmp_path, content: str) -> None:
    path = tmp_path / "signing.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ValueError, match=r"signing\.json|at least one") as caught:
        SigningKeys.load(path)
    assert "PRIVATE" not in str(caught.value)


def test_repr_holds_no_private_key() -> None:
    keys = SigningKeys.generate()
    assert repr(keys) == f"SigningKeys({keys.current.kid})"
    assert "private" not in repr(keys.current).lower()
