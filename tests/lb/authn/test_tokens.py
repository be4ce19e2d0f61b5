"""What a provider's answers must be before they are believed."""

import base64
import hashlib
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lb.authn.jwks import KeyLimits, KeySet, parse_key_set
from lb.authn.tokens import (
    Expected,
    Tokens,
    accept_tokens,
    accept_userinfo,
    exceeds_claims_limit,
    has_key,
    is_subject,
    read_head,
    verify_id_token,
)
from tests.support.oidc_provider import forge_hs256

NOW = 1_700_000_000
KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = rsa.generate_private_key(65537, 2048)
EXPECTED = Expected("https://issuer", "client", "nonce-1", "access-1")
CLAIMS = {
    "iss": "https://issuer",
    "aud": "client",
    "sub": "u",
    "exp": NOW + 300,
    "iat": NOW,
    "nonce": "nonce-1",
}


def _key_set() -> KeySet:
    rsa_jwk = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "r"}
    ec_jwk = jwt.algorithms.ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True) | {"kid": "e"}
    keys = parse_key_set(json.dumps({"keys": [rsa_jwk, ec_jwk]}).encode(), KeyLimits())
    assert isinstance(keys, KeySet)
    return keys


KEYS = _key_set()


def id_token(*, key: Any = KEY, algorithm: str = "RS256", kid: str | None = "r", **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not ...}
    return jwt.encode(claims, key, algorithm=algorithm, headers={} if kid is None else {"kid": kid})


def verify(token: str, expected: Expected = EXPECTED, now: float = NOW) -> Any:
    return verify_id_token(token, KEYS, expected, now=now)


def at_hash(access_token: str) -> str:
    digest = hashlib.sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


GOOD: dict[str, dict[str, Any]] = {
    "plain": {},
    "audience list of one": {"aud": ["client"]},
    "audience list with azp": {"aud": ["other", "client"], "azp": "client"},
    "azp of ours": {"azp": "client"},
    "at_hash": {"at_hash": at_hash("access-1")},
    "just expired": {"exp": NOW - 59},
    "issuer's clock ahead": {"iat": NOW + 59, "nbf": NOW + 59},
    "fractional times": {"iat": NOW + 0.5},
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD.keys())
def test_good_tokens_give_their_claims(changes: dict[str, Any]) -> None:
    assert verify(id_token(**changes))["sub"] == "u"


BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "other issuer": ("iss", {"iss": "https://evil"}),
    "issuer with a slash more": ("iss", {"iss": "https://issuer/"}),
    "no issuer": ("iss", {"iss": ...}),
    "other audience": ("aud", {"aud": "other"}),
    "our name inside another": ("aud", {"aud": "client-2"}),
    "no audience": ("aud", {"aud": ...}),
    "several audiences, no azp": ("azp", {"aud": ["client", "other"]}),
    "azp of another": ("azp", {"azp": "other"}),
    "expired": ("exp", {"exp": NOW - 61}),
    "no expiry": ("exp", {"exp": ...}),
    "expiry as text": ("exp", {"exp": str(NOW + 300)}),
    "expiry as true": ("exp", {"exp": True}),
    "issued in the future": ("iat", {"iat": NOW + 61}),
    "no issue time": ("iat", {"iat": ...}),
    "not yet valid": ("nbf", {"nbf": NOW + 61}),
    "nonce of another login": ("nonce", {"nonce": "nonce-2"}),
    "no nonce": ("nonce", {"nonce": ...}),
    "nonce of another type": ("nonce", {"nonce": ["nonce-1"]}),
    "at_hash of another token": ("at_hash", {"at_hash": at_hash("access-2")}),
    "at_hash of another type": ("at_hash", {"at_hash": 5}),
    "no subject": ("sub", {"sub": ...}),
    "subject with a line break": ("sub", {"sub": "u\r\nx-admin: 1"}),
}


@pytest.mark.parametrize(("word", "changes"), BAD.values(), ids=BAD.keys())
def test_bad_claims_are_named(word: str, changes: dict[str, Any]) -> None:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not ...}
    # PyJWT refuses to encode some of these claims: sign the text itself.
    token = jwt.PyJWS().encode(json.dumps(claims).encode(), KEY, "RS256", headers={"kid": "r"})
    assert verify(token) == word


def _spell(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts).decode()


def _hs256_with_public_key() -> str:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return forge_hs256(CLAIMS, pem, "r")


FORGED = {
    "alg none": _spell({"alg": "none"}, CLAIMS),
    "alg None": _spell({"alg": "None", "kid": "r"}, CLAIMS, b"x"),
    "alg none with a signature": _spell({"alg": "none", "kid": "r"}, CLAIMS, b"x"),
    "no alg": _spell({"kid": "r"}, CLAIMS, b"x"),
    "hs256 with the public key": _hs256_with_public_key(),
    "signed by another key": id_token(key=OTHER),
    "unknown kid": id_token(kid="other"),
    "kid of the other key type": id_token(kid="e"),
    "signature of another token": ".".join([*id_token().split(".")[:2], id_token(sub="v").split(".")[2]]),
    "no signature": id_token().rsplit(".", 1)[0] + ".",
    "five parts": id_token() + ".a.b",
    "two parts": id_token().rsplit(".", 1)[0],
    "with a line break": id_token() + "\n",
    "not a token": "opaque",
    "empty": "",
    "key in its own header": jwt.encode(
        CLAIMS,
        OTHER,
        algorithm="RS256",
        headers={
            "kid": "x",
            "jwk": jwt.algorithms.RSAAlgorithm.to_jwk(OTHER.public_key(), as_dict=True),
            "jku": "https://evil/jwks",
        },
    ),
    "critical extension": jwt.encode(
        CLAIMS, KEY, algorithm="RS256", headers={"kid": "r", "crit": ["exp"], "exp": 1}
    ),
    "kid of another type": _spell({"alg": "RS256", "kid": ["r"]}, CLAIMS, b"x"),
    "header no object": _spell([], CLAIMS, b"x"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_forged_tokens_are_refused(token: str) -> None:
    assert verify(token) in {"signature", "shape or algorithm"}


def test_ec_signatures_verify_too() -> None:
    assert verify(id_token(key=EC_KEY, algorithm="ES256", kid="e"))["sub"] == "u"


def test_no_nonce_is_asked_of_a_refreshed_token() -> None:
    assert verify(id_token(nonce=...), Expected("https://issuer", "client", None, "access-1"))["sub"] == "u"


def test_has_key_asks_for_a_refetch_only_where_a_key_could_help() -> None:
    assert has_key(id_token(), KEYS)
    assert not has_key(id_token(kid="new"), KEYS)
    assert has_key("garbage", KEYS)
    assert has_key(FORGED["alg none"], KEYS)


def test_read_head_keeps_padding_out_of_the_way() -> None:
    """ALB's own tokens keep padding; nobody's header may be refused for it."""
    header = base64.urlsafe_b64encode(b'{"alg":"ES256"}').decode()
    head = read_head(f"{header}.e30=.AA==")
    assert head is not None
    assert head.algorithm == "ES256"


def answer(**changes: Any) -> bytes:
    whole = {"access_token": "a", "token_type": "Bearer", "id_token": "i", "expires_in": 60} | changes
    return json.dumps({name: value for name, value in whole.items() if value is not ...}).encode()


def test_a_token_answer_is_read() -> None:
    assert accept_tokens(answer(refresh_token="r")) == Tokens("a", "i", "r", 60)
    assert accept_tokens(answer(id_token=..., token_type="bearer")) == Tokens("a", None, None, 60)


LIFETIMES = [(60, 60), ("60", 60), (60.9, 60), (0, 0), (-5, 0), (10**30, 315360000)]


@pytest.mark.parametrize(("sent", "read"), [*LIFETIMES, (None, None), ("soon", None), (True, None)], ids=repr)
def test_lifetimes_are_read_leniently_and_bounded(sent: Any, read: int | None) -> None:
    tokens = accept_tokens(answer(expires_in=sent))
    assert tokens is not None
    assert tokens.expires_in == read


UNUSABLE = {
    "no access token": answer(access_token=...),
    "empty access token": answer(access_token=""),
    "access token that splits the header": answer(access_token="a\r\nx-admin: 1"),
    "access token with a space": answer(access_token="a b"),
    "access token beyond ascii": answer(access_token="é"),
    "access token no text": answer(access_token=5),
    "other type": answer(token_type="mac"),
    "type no text": answer(token_type=["Bearer"]),
    "id token no text": answer(id_token=5),
    "refresh token no text": answer(refresh_token={}),
    "form encoded": b"access_token=a&token_type=bearer",
    "list": b"[]",
}


@pytest.mark.parametrize("body", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_unusable_token_answers_are_refused(body: bytes) -> None:
    assert accept_tokens(body) is None


def test_reprs_hold_no_token() -> None:
    assert "secret" not in repr(Tokens("secret-a", "secret-i", "secret-r", 1))
    assert "nonce-1" not in repr(EXPECTED)


def test_userinfo_must_be_about_the_same_subject() -> None:
    """Token substitution: OpenID Connect Core 5.3.2."""
    assert accept_userinfo(b'{"sub":"u","x":1}', "application/json", subject="u") == {"sub": "u", "x": 1}
    assert accept_userinfo(b'{"sub":"v"}', "application/json", subject="u") is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b'{"sub":5}', "application/json"),
        (b"[]", "application/json"),
        (b'{"sub":"u"}', "application/jwt"),
        (b'{"sub":"u"}', "Application/JWT; charset=utf-8"),
        (b"<html>", "text/html"),
    ],
)
def test_other_userinfo_is_refused(body: bytes, kind: str) -> None:
    assert accept_userinfo(body, kind, subject="u") is None


@pytest.mark.parametrize("subject", ["a", "auth0|5f7", "a b", "x" * 255])
def test_subjects_fit_for_a_header(subject: str) -> None:
    assert is_subject(subject)


@pytest.mark.parametrize("subject", ["", " a", "a ", "a\n", "a\x00b", "é", "x" * 256, None, 5])
def test_subjects_unfit_for_a_header(subject: object) -> None:
    assert not is_subject(subject)


def test_eleven_kilobytes_are_the_limit() -> None:
    claims = {"sub": "u", "x": "y" * 1000}
    size = len(json.dumps(claims, separators=(",", ":")))
    assert not exceeds_claims_limit(claims, "a" * (11 * 1024 - size))
    assert exceeds_claims_limit(claims, "a" * (11 * 1024 - size + 1))
