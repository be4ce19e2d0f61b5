"""Key sets: which keys count, and how they are fetched and kept."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from lb.authn.jwks import (
    FRESH_SECONDS,
    JWT_VALIDATION_LIMITS,
    RETRY_SECONDS,
    STALE_SECONDS,
    KeyLimits,
    KeySet,
    KeysFailure,
    KeySource,
    parse_key_set,
)
from lb.authn.sender import Call, Reply, SendFailure
from lb.authn.single_flight import SingleFlight


def rsa_jwk(bits: int) -> dict[str, Any]:
    public = rsa.generate_private_key(65537, bits).public_key()
    return jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)


RSA, WEAK = rsa_jwk(2048), rsa_jwk(1024)
EC = jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)
ED = jwt.algorithms.OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key(), as_dict=True)
OCT = {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}


def parse(*entries: Any, limits: KeyLimits | None = None) -> KeySet | KeysFailure:
    return parse_key_set(json.dumps({"keys": entries}).encode(), limits or KeyLimits())


USABLE = {
    "rsa": (RSA, "RS256"),
    "rsa-pss": (RSA, "PS512"),
    "rsa for signatures": (RSA | {"use": "sig"}, "RS256"),
    "ec": (EC, "ES256"),
    "ed25519": (ED, "EdDSA"),
}


@pytest.mark.parametrize(("entry", "algorithm"), USABLE.values(), ids=USABLE.keys())
def test_usable_keys_are_found_by_kid(entry: dict, algorithm: str) -> None:
    keys = parse(entry | {"kid": "k"})
    assert isinstance(keys, KeySet)
    assert keys.find("k", algorithm) is not None
    assert keys.find("other", algorithm) is None


UNUSABLE = {
    "symmetric": (OCT, "HS256"),
    "public key as hmac secret": (RSA, "HS256"),
    "none": (RSA, "none"),
    "weak rsa": (WEAK, "RS256"),
    "encryption key": (RSA | {"use": "enc"}, "RS256"),
    "named for another algorithm": (RSA | {"alg": "RS512"}, "RS256"),
    "named for hmac": (RSA | {"alg": "HS256"}, "HS256"),
    "wrong curve": (EC, "ES384"),
    "broken": ({"kty": "RSA", "n": "!", "e": "AQAB"}, "RS256"),
    "half": ({"kty": "RSA", "e": "AQAB"}, "RS256"),
    "point off the curve": (EC | {"x": EC["y"]}, "ES256"),
    "odd types": ({"kty": ["RSA"], "crv": {}}, "RS256"),
}


@pytest.mark.parametrize(("entry", "algorithm"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_other_keys_verify_nothing(entry: dict, algorithm: str) -> None:
    keys = parse(entry | {"kid": "k"})
    assert isinstance(keys, KeySet)
    assert keys.find("k", algorithm) is None


def test_without_kid_only_an_only_key_will_do() -> None:
    one, two = parse(RSA | {"kid": "a"}, EC), parse(RSA | {"kid": "a"}, RSA | {"kid": "b"})
    assert isinstance(one, KeySet)
    assert isinstance(two, KeySet)
    assert one.find(None, "RS256") is not None
    assert two.find(None, "RS256") is None


def test_a_published_private_half_is_not_read() -> None:
    private = rsa.generate_private_key(65537, 2048)
    keys = parse(jwt.algorithms.RSAAlgorithm.to_jwk(private, as_dict=True) | {"kid": "k"})
    assert isinstance(keys, KeySet)
    found = keys.find("k", "RS256")
    assert found is not None
    assert isinstance(found.key, rsa.RSAPublicKey)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"keys": {}}', b"<html>"], ids=repr)
def test_other_documents_are_no_key_set(body: bytes) -> None:
    assert parse_key_set(body, KeyLimits()) is KeysFailure.FAILED


def test_more_keys_than_allowed_are_refused() -> None:
    many = [RSA | {"kid": str(number)} for number in range(11)]
    assert parse(*many, limits=JWT_VALIDATION_LIMITS) is KeysFailure.TOO_LARGE
    assert isinstance(parse(*many[:10], limits=JWT_VALIDATION_LIMITS), KeySet)


class Shelf:
    """A sender that answers what the test puts on it."""

    def __init__(self) -> None:
        self.answer: Reply | SendFailure = Reply(200, "", json.dumps({"keys": [RSA | {"kid": "k"}]}).encode())
        self.calls: list[Call] = []

    async def send(self, call: Call) -> Reply | SendFailure:
        self.calls.append(call)
        return self.answer

    async def aclose(self) -> None:
        pass


def source_of(shelf: Shelf, limits: KeyLimits | None = None) -> KeySource:
    return KeySource("https://idp/jwks", sender=shelf, flights=SingleFlight(), limits=limits)


async def test_keys_are_kept_while_fresh_and_asked_for_again_after() -> None:
    source = source_of(Shelf())
    assert source.current(1000) is None
    assert isinstance(await source.fetch(1000), KeySet)
    assert source.current(1000 + FRESH_SECONDS - 1) is not None
    assert source.current(1000 + FRESH_SECONDS) is None


async def test_unknown_kids_cause_a_fetch_at_most_every_few_seconds() -> None:
    source = source_of(Shelf())
    await source.fetch(1000)
    assert not source.may_refetch(1000 + RETRY_SECONDS - 1)
    assert source.may_refetch(1000 + RETRY_SECONDS)


async def test_a_clock_put_right_does_not_stop_the_fetching() -> None:
    """A machine that starts with a wrong clock, years ahead, gets the right time a little later."""
    source = source_of(Shelf())
    await source.fetch(1_000_000)
    assert source.may_refetch(1000)
    assert source.current(1000) is None, "the issuer's keys may have changed a hundred times until then"
    assert isinstance(await source.fetch(1000), KeySet)
    assert source.current(1001) is not None


async def test_an_outage_leaves_the_old_keys_in_use_for_a_day() -> None:
    shelf = Shelf()
    source = source_of(shelf)
    await source.fetch(1000)
    shelf.answer = SendFailure.TIMEOUT
    later = 1000 + FRESH_SECONDS
    assert isinstance(await source.fetch(later), KeySet)
    assert source.current(later + 1) is not None, "and the next requests do not wait for it again"
    assert source.current(later + RETRY_SECONDS) is None
    assert await source.fetch(1000 + STALE_SECONDS) is KeysFailure.TIMEOUT


FAILURES = {
    "timeout": (SendFailure.TIMEOUT, KeysFailure.TIMEOUT),
    "unreachable": (SendFailure.UNREACHABLE, KeysFailure.FAILED),
    "too large": (SendFailure.TOO_LARGE, KeysFailure.TOO_LARGE),
    "not found": (Reply(404, "", b'{"keys": []}'), KeysFailure.FAILED),
    "redirect": (Reply(302, "", b""), KeysFailure.FAILED),
    "nonsense": (Reply(200, "", b"nonsense"), KeysFailure.FAILED),
}


@pytest.mark.parametrize(("answer", "failure"), FAILURES.values(), ids=FAILURES.keys())
async def test_failures_are_told_apart(answer: Reply | SendFailure, failure: KeysFailure) -> None:
    shelf = Shelf()
    shelf.answer = answer
    assert await source_of(shelf).fetch(1000) is failure


async def test_the_size_limit_is_asked_of_the_sender() -> None:
    shelf = Shelf()
    await source_of(shelf, JWT_VALIDATION_LIMITS).fetch(1000)
    assert shelf.calls[0].max_bytes == 150 * 1024
