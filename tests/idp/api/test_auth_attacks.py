"""What an attacker sends to sign in: foreign, forged and replayed pieces of other sign-ins; odd tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from idp.signin import srp
from tests.idp.api.test_auth import by_password
from tests.support.api_server import ApiServer, api_server
from tests.support.pools import OTHER_PASSWORD, PASSWORD, POOL_ID, read_claims
from tests.support.sign_in_pool import APP, HIDING, SrpClient, sign_in_document, stretch_lock


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("attacks") / "data"
    document = sign_in_document(AliasAttributes=["email"], UsernameConfiguration={"CaseSensitive": False})
    with api_server(folder, prepared_directory, document) as server:
        for name in ("ann", "bob"):
            server.add_user(name)
        yield server


def begin_srp(public: Any, half: SrpClient, username: str = "ann", client_id: str = APP) -> dict[str, str]:
    begun = public.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_SRP_AUTH",
        AuthParameters={"USERNAME": username, "SRP_A": half.a},
    )
    return dict(begun["ChallengeParameters"])


def verify(public: Any, claim: dict[str, str], client_id: str = APP, **more: Any) -> Any:
    return public.respond_to_auth_challenge(
        ClientId=client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=claim, **more
    )


def begin_new_password(api: ApiServer, public: Any, username: str) -> str:
    pool = api.run(api.core.find_pool(POOL_ID))
    api.run(api.core.administration.add(pool, username=username, password=PASSWORD))
    return str(by_password(public, username)["Session"])


def answer_new_password(public: Any, session: str, username: str, client_id: str = APP) -> Any:
    return public.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=session,
        ChallengeResponses={"USERNAME": username, "NEW_PASSWORD": OTHER_PASSWORD},
    )


@pytest.mark.parametrize("multiple", [0, 1, 2, 3])
def test_a_public_value_that_fixes_the_shared_secret_is_refused(public: Any, multiple: int) -> None:
    """A = 0 mod N makes S = 0 for every password (RFC 5054 2.5.4)."""
    for client_id in (APP, HIDING):
        with pytest.raises(public.exceptions.InvalidParameterException):
            public.initiate_auth(
                ClientId=client_id,
                AuthFlow="USER_SRP_AUTH",
                AuthParameters={"USERNAME": "ann", "SRP_A": f"{multiple * srp.N:x}"},
            )


def test_a_claim_that_was_right_is_not_right_again(public: Any) -> None:
    half = SrpClient()
    claim = half.claim(begin_srp(public, half))
    assert verify(public, claim)["AuthenticationResult"]
    with pytest.raises(public.exceptions.NotAuthorizedException):
        verify(public, claim)


def test_a_secret_block_is_for_its_own_client_and_user(public: Any) -> None:
    half = SrpClient()
    claim = half.claim(begin_srp(public, half))
    with pytest.raises(public.exceptions.NotAuthorizedException):
        verify(public, claim, HIDING)
    for name in ("bob", "bob@example.com", "ghost"):
        with pytest.raises(public.exceptions.NotAuthorizedException):
            verify(public, {**claim, "USERNAME": name})
    assert verify(public, {**claim, "USERNAME": "Ann@Example.com"})["AuthenticationResult"]


@pytest.mark.parametrize(
    "stamp", ["Tue Nov 3 01:02:03 UTC 2015", "", "now"], ids=["old", "nothing", "nonsense"]
)
def test_a_claim_of_another_time_is_wrong(public: Any, stamp: str) -> None:
    half = SrpClient()
    told = begin_srp(public, half)
    claim = half.claim(told, now=srp.parse_timestamp(stamp))
    if srp.parse_timestamp(stamp) is None:
        claim["TIMESTAMP"] = stamp
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Incorrect username or password"):
        verify(public, claim)


@pytest.mark.parametrize("field", ["PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"])
@pytest.mark.parametrize(
    "value", [None, "", "AAAA", "!", "A" * 20_000], ids=["absent", "empty", "other", "odd", "long"]
)
def test_a_claim_with_a_piece_missing_or_made_up(
    api: ApiServer, public: Any, field: str, value: str | None
) -> None:
    half, name = SrpClient(), f"{field[-5:]}{len(value or 'none')}".lower()
    api.add_user(name)
    claim = {**half.claim(begin_srp(public, half, name)), field: value or ""}
    if value is None:
        del claim[field]
    with pytest.raises(public.exceptions.ClientError) as error:
        verify(public, claim)
    assert error.value.response["Error"]["Code"] in {"NotAuthorizedException", "InvalidParameterException"}
    again = SrpClient()
    assert verify(public, again.claim(begin_srp(public, again, name)))["AuthenticationResult"]


def test_a_session_of_another_challenge_client_or_user(api: ApiServer, public: Any) -> None:
    session = begin_new_password(api, public, "mary")
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
        answer_new_password(public, session, "mary", HIDING)
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
        answer_new_password(public, session, "ann")
    for challenge in ("PASSWORD", "SELECT_CHALLENGE", "MFA_SETUP", "SOFTWARE_TOKEN_MFA", "CUSTOM_CHALLENGE"):
        with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
            public.respond_to_auth_challenge(
                ClientId=APP,
                ChallengeName=challenge,
                Session=session,
                ChallengeResponses={"USERNAME": "mary", "ANSWER": "PASSWORD", "PASSWORD": PASSWORD},
            )
    assert answer_new_password(public, session, "MARY")["AuthenticationResult"]


def test_a_session_does_not_outlive_the_password_it_began_with(api: ApiServer, public: Any) -> None:
    session = begin_new_password(api, public, "nora")
    pool = api.run(api.core.find_pool(POOL_ID))
    api.run(api.core.administration.set_password(pool, "nora", "Another-Temp-1", permanent=False))
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
        answer_new_password(public, session, "nora")


def test_a_session_of_the_pages_is_none_of_the_api(api: ApiServer, public: Any) -> None:
    async def begin_on_the_page() -> str:
        known = await api.core.client(APP)
        assert known is not None
        pool, client = known
        await api.core.administration.add(pool, username="olga", password=PASSWORD)
        asked = await api.core.signin.with_password(
            pool, client, username="olga", password=PASSWORD, address="192.0.2.1"
        )
        return asked.session  # type: ignore[union-attr]

    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
        answer_new_password(public, api.run(begin_on_the_page()), "olga")


@pytest.mark.parametrize("session", ["A" * 20, "AQ" * 400, "x" * 4096])
def test_made_up_sessions(public: Any, session: str) -> None:
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
        answer_new_password(public, session, "ann")


def test_lockout_counts_aliases_and_other_spellings_as_one_account(api: ApiServer, public: Any) -> None:
    api.add_user("vic")
    for name in ("vic", "VIC", "vic@example.com", "Vic@Example.COM", "ＶＩＣ"):
        with pytest.raises(public.exceptions.NotAuthorizedException, match="Incorrect"):
            by_password(public, name, "Wrong-Horse-77")
    assert stretch_lock(api, "vic") == 5
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Password attempts exceeded"):
        by_password(public, "vic@example.com")


def forge(tokens: dict[str, str], how: str, api: ApiServer) -> str:
    """An access token that an attacker makes of what they can see."""
    token = tokens["AccessToken"]
    claims, header = read_claims(token), jwt.get_unverified_header(token)
    key = api.core.keys.find(header["kid"])
    assert key is not None
    pem = key.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    foreign = jwt.encode(claims, own, algorithm="RS256", headers={"kid": header["kid"]})
    head, _, signature = token.split(".")
    changed = _b64(json.dumps({**claims, "username": "bob"}))
    made = {
        "alg-none": _unsigned({**header, "alg": "none"}, claims) + ".",
        "hs256-with-the-public-key": _hmac_signed({"alg": "HS256", "kid": header["kid"]}, claims, pem),
        "kid-that-is-a-path": jwt.encode(claims, own, algorithm="RS256", headers={"kid": "../../dev/null"}),
        "own-key": foreign,
        "key-in-the-header": jwt.encode(
            claims, own, algorithm="RS256",
            headers={"kid": header["kid"], "jwk": {"kty": "RSA"}, "jku": "https://evil.example/"},
        ),
        "kid-of-the-id-key": jwt.encode(
            claims, own, algorithm="RS256", headers=jwt.get_unverified_header(tokens["IdToken"])
        ),
        "changed": f"{head}.{changed}.{signature}",
        "id-token": tokens["IdToken"],
        "refresh-token": tokens["RefreshToken"],
    }  # fmt: skip
    return made[how]


def _b64(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{_b64(json.dumps(header))}.{_b64(json.dumps(claims))}"


def _hmac_signed(header: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
    head = _unsigned(header, claims)
    return f"{head}.{_b64(hmac.new(key, head.encode(), hashlib.sha256).digest())}"


@pytest.mark.parametrize(
    "how",
    ["alg-none", "hs256-with-the-public-key", "kid-that-is-a-path", "own-key", "key-in-the-header",
     "kid-of-the-id-key", "changed", "id-token", "refresh-token"],
)  # fmt: skip
def test_operations_take_no_other_token_than_ours(api: ApiServer, public: Any, how: str) -> None:
    tokens = by_password(public, "ann")["AuthenticationResult"]
    forged = forge(tokens, how, api)
    for operation in (public.get_user, public.list_user_sessions):
        with pytest.raises(public.exceptions.NotAuthorizedException):
            operation(AccessToken=forged)


def test_a_token_of_the_pages_without_the_scope_opens_no_operation(api: ApiServer, public: Any) -> None:
    async def make() -> str:
        known = await api.core.client(APP)
        assert known is not None
        pool, client = known
        user, _ = await api.core.administration.get(pool, "ann")  # type: ignore[misc]
        code = await api.core.tokens.create_code(
            pool, client, user=user, redirect_uri="x", scopes=("openid",), nonce=None,
            code_challenge=None, auth_time=0,
        )  # fmt: skip
        tokens = await api.core.tokens.redeem_code(
            pool, client, code=code, redirect_uri="x", code_verifier=None
        )
        return str(tokens.access_token)  # type: ignore[union-attr]

    token = api.run(make())
    with pytest.raises(public.exceptions.NotAuthorizedException, match="required scopes"):
        public.list_user_sessions(AccessToken=token)


def test_nothing_secret_is_logged(api: ApiServer, public: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "idp")
    half = SrpClient()
    told = begin_srp(public, half)
    claim = half.claim(told)
    tokens = verify(public, claim)["AuthenticationResult"]
    session = begin_new_password(api, public, "pam")
    by_password(public, "ann")
    assert "sign-in pool=" in caplog.text
    hidden = [PASSWORD, session, told["SECRET_BLOCK"], claim["PASSWORD_CLAIM_SIGNATURE"],
              tokens["AccessToken"], tokens["RefreshToken"], tokens["IdToken"]]  # fmt: skip
    assert not [secret for secret in hidden if secret in caplog.text]
