"""jwt-validation: which bearer tokens pass."""

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.responses import JSONResponse, PlainTextResponse

from lb.authn.bearer import CACHE_SECONDS, BearerHandler, check_claim, check_standard_claims, read_bearer
from lb.authn.jwks import FRESH_SECONDS, RETRY_SECONDS
from lb.authn.runtime import compile_pre_action
from lb.outcomes import Answer, Pending, Proceed
from lb.reasons import Reason
from rules.actions import AdditionalClaim, ClaimFormat, JwtValidation
from tests.support.login_browser import build_head
from tests.support.oidc_provider import forge_hs256

NOW = 1_700_000_000


def bearer(token: str) -> bytes:
    return b"Bearer " + token.encode()


class Api:
    """A jwt-validation rule before an API, and tokens for it."""

    def __init__(self, world: Any, *claims: AdditionalClaim) -> None:
        self.world = world
        base = world.provider.base
        action = JwtValidation(f"{base}/jwks", base, claims)
        handler = compile_pre_action(action, binding="b", provider=None, runtime=world.runtime)
        assert isinstance(handler, BearerHandler)
        self.handler = handler

    def token(
        self, *, key: Any = None, algorithm: str = "RS256", kid: str | None = None, **changes: Any
    ) -> str:
        claims = {"iss": self.world.provider.base, "sub": "caller", "exp": int(time.time()) + 600} | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        headers = {"kid": kid or self.world.provider.kid}
        return jwt.encode(claims, key or self.world.provider.key, algorithm=algorithm, headers=headers)

    async def call(self, *authorizations: bytes) -> Proceed | Answer:
        head = build_head(
            "https://api.example/", headers=tuple((b"authorization", v) for v in authorizations)
        )
        outcome = self.handler.handle(head, self.world.clock())
        return await outcome.run() if isinstance(outcome, Pending) else outcome

    async def reason(self, *authorizations: bytes) -> Reason | None:
        outcome = await self.call(*authorizations)
        return outcome.reason if isinstance(outcome, Answer) else None


@pytest.fixture
def api(world) -> Api:
    return Api(world)


async def test_a_valid_token_passes_unchanged(api) -> None:
    outcome = await api.call(bearer(api.token()))
    assert outcome == Proceed(action="jwt-validation", subject="caller")


async def test_keys_are_fetched_once_and_tokens_verified_once(api) -> None:
    token = bearer(api.token())
    first = await api.call(token)
    assert await api.call(token) is first
    assert await api.reason(bearer(api.token(jti="2"))) is None
    assert api.world.provider.count("/jwks") == 1


async def test_an_expired_token_is_refused_though_remembered(api) -> None:
    token = bearer(api.token(exp=int(time.time()) + 20))
    assert await api.reason(token) is None
    api.world.clock.ahead += 21
    assert CACHE_SECONDS > 21
    assert await api.reason(token) is Reason.JWT_CLAIM_VALUE_INVALID


SHAPES = {
    "none": ((), Reason.JWT_HEADER_NOT_PRESENT),
    "empty": ((b"",), Reason.JWT_REQUEST_FORMAT_INVALID),
    "basic": ((b"Basic dTpw",), Reason.JWT_REQUEST_FORMAT_INVALID),
    "no token": ((b"Bearer ",), Reason.JWT_REQUEST_FORMAT_INVALID),
    "two words": ((b"Bearer a b",), Reason.JWT_REQUEST_FORMAT_INVALID),
    "opaque": ((b"Bearer abc",), Reason.JWT_REQUEST_FORMAT_INVALID),
    "two parts": ((b"Bearer a.b",), Reason.JWT_REQUEST_FORMAT_INVALID),
    "no json": ((b"Bearer YQ.YQ.YQ",), Reason.JWT_REQUEST_FORMAT_INVALID),
    "too long": ((b"Bearer " + b"a" * 20_000,), Reason.JWT_REQUEST_FORMAT_INVALID),
    "bytes": ((b"Bearer \xff.\xff.\xff",), Reason.JWT_REQUEST_FORMAT_INVALID),
    "two headers": ((b"Bearer e30.e30.e30", b"Bearer e30.e30.e30"), Reason.JWT_REQUEST_FORMAT_INVALID),
}


@pytest.mark.parametrize(("values", "reason"), SHAPES.values(), ids=SHAPES.keys())
def test_headers_without_a_token(values: tuple[bytes, ...], reason: Reason) -> None:
    assert read_bearer(values) is reason


def test_the_scheme_is_case_insensitive() -> None:
    head = jwt.utils.base64url_encode(b'{"alg":"RS256"}')
    assert not isinstance(read_bearer([b"bEARER  " + head + b".e30.AA"]), Reason)


async def test_signatures_other_than_rs256_are_refused(api) -> None:
    provider = api.world.provider
    other = rsa.generate_private_key(65537, 2048)
    claims = {"iss": provider.base, "exp": int(time.time()) + 600}
    none = jwt.encode(claims, None, algorithm="none", headers={"kid": provider.kid})
    forged = [
        api.token(key=other),
        api.token(algorithm="RS512"),
        api.token(algorithm="PS256"),
        forge_hs256(claims, provider.public_pem, provider.kid),
        none + "AA",
        api.token()[:-4] + "AAAA",
    ]
    for token in forged:
        assert await api.reason(bearer(token)) is Reason.JWT_SIGNATURE_INVALID


STANDARD: dict[str, tuple[dict[str, Any], Reason | None]] = {
    "good": ({}, None),
    "not before and issued now": ({"nbf": NOW, "iat": NOW}, None),
    "issuer's clock a little ahead": ({"nbf": NOW + 60, "iat": NOW + 60}, None),
    "no issuer": ({"iss": ...}, Reason.JWT_CLAIM_NOT_PRESENT),
    "no expiry": ({"exp": ...}, Reason.JWT_CLAIM_NOT_PRESENT),
    "issuer no text": ({"iss": 5}, Reason.JWT_CLAIM_FORMAT_INVALID),
    "expiry no number": ({"exp": str(NOW + 9)}, Reason.JWT_CLAIM_FORMAT_INVALID),
    "expiry true": ({"exp": True}, Reason.JWT_CLAIM_FORMAT_INVALID),
    "not before no number": ({"nbf": "x"}, Reason.JWT_CLAIM_FORMAT_INVALID),
    "issued no number": ({"iat": None}, Reason.JWT_CLAIM_FORMAT_INVALID),
    "other issuer": ({"iss": "https://j"}, Reason.JWT_CLAIM_VALUE_INVALID),
    "expired": ({"exp": NOW}, Reason.JWT_CLAIM_VALUE_INVALID),
    "not yet valid": ({"nbf": NOW + 61}, Reason.JWT_CLAIM_VALUE_INVALID),
    "issued in the future": ({"iat": NOW + 61}, Reason.JWT_CLAIM_VALUE_INVALID),
}


@pytest.mark.parametrize(("changes", "reason"), STANDARD.values(), ids=STANDARD.keys())
def test_standard_claims(changes: dict[str, Any], reason: Reason | None) -> None:
    whole = {"iss": "https://i", "exp": NOW + 1} | changes
    claims = {name: value for name, value in whole.items() if value is not ...}
    assert check_standard_claims(claims, "https://i", NOW) is reason


ONE, LIST, WORDS = ClaimFormat.SINGLE_STRING, ClaimFormat.STRING_ARRAY, ClaimFormat.SPACE_SEPARATED_VALUES
ADDITIONAL: dict[str, tuple[ClaimFormat, Any, Reason | None]] = {
    "string": (ONE, "a", None),
    "second of the values": (ONE, "b", None),
    "other string": (ONE, "c", Reason.JWT_CLAIM_VALUE_INVALID),
    "string with a value inside": (ONE, "a b", Reason.JWT_CLAIM_VALUE_INVALID),
    "list for a string": (ONE, ["a"], Reason.JWT_CLAIM_FORMAT_INVALID),
    "number for a string": (ONE, 5, Reason.JWT_CLAIM_FORMAT_INVALID),
    "list": (LIST, ["x", "b"], None),
    "list without": (LIST, ["x"], Reason.JWT_CLAIM_VALUE_INVALID),
    "empty list": (LIST, [], Reason.JWT_CLAIM_VALUE_INVALID),
    "string for a list": (LIST, "a", Reason.JWT_CLAIM_FORMAT_INVALID),
    "mixed list": (LIST, ["a", 5], Reason.JWT_CLAIM_FORMAT_INVALID),
    "words": (WORDS, "x b y", None),
    "longer words": (WORDS, "ax xb", Reason.JWT_CLAIM_VALUE_INVALID),
    "list for words": (WORDS, ["a"], Reason.JWT_CLAIM_FORMAT_INVALID),
    "missing": (ONE, ..., Reason.JWT_CLAIM_NOT_PRESENT),
    "null": (ONE, None, Reason.JWT_CLAIM_FORMAT_INVALID),
}


@pytest.mark.parametrize(("format_", "held", "reason"), ADDITIONAL.values(), ids=ADDITIONAL.keys())
def test_additional_claims(format_: ClaimFormat, held: Any, reason: Reason | None) -> None:
    claims = {} if held is ... else {"c": held}
    assert check_claim(AdditionalClaim("c", format_, ("a", "b")), claims) is reason


async def test_all_additional_claims_must_hold(world) -> None:
    api = Api(world, AdditionalClaim("scope", WORDS, ("read",)), AdditionalClaim("tenant", ONE, ("t1",)))
    assert await api.reason(bearer(api.token(scope="read write", tenant="t1"))) is None
    assert await api.reason(bearer(api.token(scope="write", tenant="t1"))) is Reason.JWT_CLAIM_VALUE_INVALID
    assert await api.reason(bearer(api.token(scope="read"))) is Reason.JWT_CLAIM_NOT_PRESENT


async def test_a_refusal_says_bearer_and_why_to_machines(api) -> None:
    stranger, forger = await api.call(), await api.call(b"Bearer x")
    assert (b"WWW-Authenticate", b"Bearer") in stranger.headers
    assert (b"WWW-Authenticate", b'Bearer error="invalid_token"') in forger.headers
    assert (stranger.status, stranger.actions) == (401, ("jwt-validation",))


KEY_FAILURES = {
    "down": (PlainTextResponse("", 503), Reason.JWKS_FAILED),
    "nonsense": (PlainTextResponse("nonsense"), Reason.JWKS_FAILED),
    "too large": (PlainTextResponse("x" * 160_000), Reason.JWKS_TOO_LARGE),
    "too many keys": (JSONResponse({"keys": [{}] * 11}), Reason.JWKS_TOO_LARGE),
}


@pytest.mark.parametrize(("answer", "reason"), KEY_FAILURES.values(), ids=KEY_FAILURES.keys())
async def test_without_keys_nothing_passes(api, answer: Any, reason: Reason) -> None:
    api.world.provider.behaviour.answers["/jwks"] = answer
    outcome = await api.call(bearer(api.token()))
    assert isinstance(outcome, Answer)
    assert (outcome.status, outcome.reason) == (500, reason)
    assert not any(name == b"WWW-Authenticate" for name, _ in outcome.headers)


async def test_a_rotated_key_is_fetched_but_a_flood_of_unknown_ones_is_not(api) -> None:
    provider = api.world.provider
    assert await api.reason(bearer(api.token())) is None
    provider.kid = "key-2"
    assert await api.reason(bearer(api.token())) is Reason.JWT_SIGNATURE_INVALID
    api.world.clock.ahead += RETRY_SECONDS
    assert await api.reason(bearer(api.token())) is None
    for number in range(5):
        assert await api.reason(bearer(api.token(kid=f"x{number}"))) is Reason.JWT_SIGNATURE_INVALID
    assert provider.count("/jwks") == 2


async def test_an_outage_of_the_key_endpoint_does_not_stop_the_api(api) -> None:
    assert await api.reason(bearer(api.token())) is None
    api.world.provider.behaviour.answers["/jwks"] = PlainTextResponse("", 503)
    api.world.clock.ahead += FRESH_SECONDS + 1
    assert await api.reason(bearer(api.token(exp=int(time.time()) + 5000, jti="2"))) is None


async def test_forged_tokens_are_not_remembered(api) -> None:
    token = api.token()
    await api.call(bearer(token))
    payload = json.loads(jwt.utils.base64url_decode(token.split(".")[1]))
    payload["sub"] = "admin"
    changed = jwt.utils.base64url_encode(json.dumps(payload).encode()).decode()
    forged = ".".join([token.split(".")[0], changed, token.split(".")[2]])
    for _ in range(2):
        assert await api.reason(bearer(forged)) is Reason.JWT_SIGNATURE_INVALID
