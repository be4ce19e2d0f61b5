"""The identity token, checked by PyJWT as a target would."""

import base64
import json

import jwt
import pytest

from lb.authn.identity import LIFETIME, Signer, identity_headers, sign_claims
from lb.authn.signing_keys import SigningKeys

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/0123456789abcdef"
KEYS = SigningKeys.generate()
SIGNER = Signer(KEYS.current, ARN, "https://issuer", "client-id")
CLAIMS = {"sub": "user-1", "email_verified": True, "name": "홍길동", "email": "a@example.com"}
EXPIRES = 4_000_000_000


def token(claims: dict = CLAIMS) -> str:
    return sign_claims(SIGNER, claims=claims, expires=EXPIRES).decode()


def decode_part(part: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(part))


def test_pyjwt_verifies_it_with_the_published_key() -> None:
    pem = KEYS.public_pem(jwt.get_unverified_header(token())["kid"])
    assert pem is not None
    claims = jwt.decode(token(), pem, algorithms=["ES256"], issuer="https://issuer")
    assert claims["sub"] == "user-1"
    assert claims["name"] == "홍길동"
    assert claims["exp"] == EXPIRES


def test_a_changed_claim_does_not_verify() -> None:
    head, payload, signature = token().split(".")
    changed = base64.urlsafe_b64decode(payload).replace(b"user-1", b"user-2")
    forged = base64.urlsafe_b64encode(changed).decode()
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(f"{head}.{forged}.{signature}", KEYS.public_pem(KEYS.current.kid), algorithms=["ES256"])


def test_header_keys_stand_in_the_observed_order() -> None:
    header = decode_part(token().split(".")[0])
    assert list(header) == ["typ", "kid", "alg", "iss", "client", "signer", "exp"]
    assert header == {
        "typ": "JWT",
        "kid": KEYS.current.kid,
        "alg": "ES256",
        "iss": "https://issuer",
        "client": "client-id",
        "signer": ARN,
        "exp": EXPIRES,
    }


def test_padding_is_kept_in_every_part() -> None:
    for extra in ("", "a", "aa"):
        parts = token(CLAIMS | {"x": extra}).split(".")
        assert [len(part) % 4 for part in parts] == [0, 0, 0]
        assert len(parts[2]) == 88
        assert parts[2].endswith("==")


def test_scalars_are_strings_and_the_rest_stays() -> None:
    sent = {"sub": "s", "t": True, "f": False, "i": 5, "d": 1.5, "n": None, "o": {"a": 1}, "l": [1, "b"]}
    payload = decode_part(token(sent).split(".")[1])
    assert list(payload) == [*sent, "exp", "iss"]
    assert payload["t"] == "true"
    assert (payload["f"], payload["i"], payload["d"], payload["n"]) == ("false", "5", "1.5", "null")
    assert (payload["o"], payload["l"]) == ({"a": 1}, [1, "b"])


def test_claims_cannot_replace_issuer_or_expiry() -> None:
    payload = decode_part(token({"sub": "s", "iss": "https://evil", "exp": 1}).split(".")[1])
    assert (payload["iss"], payload["exp"]) == ("https://issuer", EXPIRES)


def test_three_headers_in_lower_case() -> None:
    headers = identity_headers(SIGNER, claims=CLAIMS, access_token="opaque", now=1000.5)
    assert [name for name, _ in headers] == [
        b"x-amzn-oidc-accesstoken",
        b"x-amzn-oidc-identity",
        b"x-amzn-oidc-data",
    ]
    assert headers[:2] == ((b"x-amzn-oidc-accesstoken", b"opaque"), (b"x-amzn-oidc-identity", b"user-1"))
    assert decode_part(headers[2][1].decode().split(".")[1])["exp"] == 1000 + LIFETIME
