"""Refreshing, revoking and machine tokens through boto3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.idp.api.test_auth import by_password, code_and_text
from tests.support.api_server import ApiServer, api_server
from tests.support.pools import CLIENT_ID, CLIENT_SECRET, PASSWORD, POOL_ID, read_claims
from tests.support.sign_in_pool import (
    APP,
    HIDING,
    LIMITED,
    MACHINE,
    ROTATING,
    SERVER,
    secret_hash,
    sign_in_document,
)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("tokens") / "data"
    document = sign_in_document(AliasAttributes=["email"])
    with api_server(folder, prepared_directory, document) as server:
        server.add_user("ann")
        yield server


def refresh(
    public: Any, token: str, client_id: str = APP, flow: str = "REFRESH_TOKEN_AUTH", **more: str
) -> Any:
    parameters = {"REFRESH_TOKEN": token, **more}
    return public.initiate_auth(ClientId=client_id, AuthFlow=flow, AuthParameters=parameters)


@pytest.mark.parametrize("flow", ["REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"])
def test_a_refresh_gives_no_refresh_token_and_keeps_where_it_came_from(public: Any, flow: str) -> None:
    first = by_password(public, "ann")["AuthenticationResult"]
    answer = refresh(public, first["RefreshToken"], flow=flow)
    second = answer["AuthenticationResult"]
    assert "ChallengeName" not in answer
    assert set(second) == {"AccessToken", "ExpiresIn", "TokenType", "IdToken"}
    old, new = read_claims(first["AccessToken"]), read_claims(second["AccessToken"])
    for claim in ("auth_time", "origin_jti", "event_id", "sub", "scope"):
        assert new[claim] == old[claim]
    assert new["jti"] != old["jti"]
    assert not {"version"} & set(new)


@pytest.mark.parametrize("name", ["ann", "ann@example.com"])
def test_a_secret_hash_at_a_refresh_is_taken_over_any_name_of_the_user(public: Any, name: str) -> None:
    parameters = {"USERNAME": name, "PASSWORD": PASSWORD, "SECRET_HASH": secret_hash(name)}
    signed_in = public.initiate_auth(
        ClientId=CLIENT_ID, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
    )["AuthenticationResult"]
    sub = read_claims(signed_in["AccessToken"])["sub"]
    token = signed_in["RefreshToken"]
    for fitting in ("ann", "ann@example.com", sub):
        assert refresh(public, token, CLIENT_ID, SECRET_HASH=secret_hash(fitting))["AuthenticationResult"]
    with pytest.raises(public.exceptions.NotAuthorizedException, match="SecretHash does not match"):
        refresh(public, token, CLIENT_ID, SECRET_HASH=secret_hash("bob"))
    with pytest.raises(public.exceptions.NotAuthorizedException, match="SECRET_HASH was not received"):
        refresh(public, token, CLIENT_ID)


@pytest.mark.parametrize("token", ["made-up", "a.b.c"])
def test_made_up_refresh_tokens_are_invalid(public: Any, token: str) -> None:
    for client_id, more in ((APP, {}), (CLIENT_ID, {"SECRET_HASH": secret_hash("ann")})):
        with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid Refresh Token"):
            refresh(public, token, client_id, **more)


def test_a_refresh_token_is_for_its_own_client(public: Any) -> None:
    token = by_password(public, "ann")["AuthenticationResult"]["RefreshToken"]
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid Refresh Token"):
        refresh(public, token, HIDING)


def test_tokens_of_a_disabled_user_are_not_refreshed(api: ApiServer, public: Any) -> None:
    api.add_user("dis")
    token = by_password(public, "dis")["AuthenticationResult"]["RefreshToken"]
    pool = api.run(api.core.find_pool(POOL_ID))
    api.run(api.core.administration.disable(pool, "dis"))
    with pytest.raises(public.exceptions.NotAuthorizedException, match="User is disabled"):
        refresh(public, token)
    api.run(api.core.administration.delete(pool, "dis"))
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid Refresh Token"):
        refresh(public, token)


def test_get_tokens_from_refresh_token_works_without_rotation(public: Any) -> None:
    token = by_password(public, "ann")["AuthenticationResult"]["RefreshToken"]
    for _ in range(2):
        answer = public.get_tokens_from_refresh_token(ClientId=APP, RefreshToken=token)
        assert "RefreshToken" not in answer["AuthenticationResult"]
        assert answer["AuthenticationResult"]["IdToken"]


def test_a_rotated_token_that_comes_again_ends_everything(public: Any) -> None:
    def rotate(token: str) -> str:
        answer = public.get_tokens_from_refresh_token(ClientId=ROTATING, RefreshToken=token)
        return str(answer["AuthenticationResult"]["RefreshToken"])

    first = by_password(public, "ann", client_id=ROTATING)["AuthenticationResult"]["RefreshToken"]
    second = rotate(first)
    with pytest.raises(public.exceptions.RefreshTokenReuseException):
        rotate(first)
    with pytest.raises(public.exceptions.NotAuthorizedException, match="revoked"):
        rotate(second)


def test_a_client_secret_in_clear_is_checked(public: Any) -> None:
    parameters = {"USERNAME": "ann", "PASSWORD": PASSWORD, "SECRET_HASH": secret_hash("ann")}
    token = public.initiate_auth(
        ClientId=CLIENT_ID, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
    )["AuthenticationResult"]["RefreshToken"]
    with pytest.raises(public.exceptions.NotAuthorizedException, match="secret was not received"):
        public.get_tokens_from_refresh_token(ClientId=CLIENT_ID, RefreshToken=token)
    with pytest.raises(public.exceptions.NotAuthorizedException):
        public.get_tokens_from_refresh_token(ClientId=CLIENT_ID, RefreshToken=token, ClientSecret="x" * 24)
    with pytest.raises(public.exceptions.NotAuthorizedException):
        public.get_tokens_from_refresh_token(ClientId=APP, RefreshToken=token, ClientSecret="x" * 24)


def test_revocation_ends_the_family_and_nothing_else(public: Any) -> None:
    mine, other = (by_password(public, "ann")["AuthenticationResult"] for _ in range(2))
    assert public.get_user(AccessToken=mine["AccessToken"])
    public.revoke_token(ClientId=APP, Token=mine["RefreshToken"])
    public.revoke_token(ClientId=APP, Token=mine["RefreshToken"])
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Access Token has been revoked"):
        public.get_user(AccessToken=mine["AccessToken"])
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Refresh Token has been revoked"):
        refresh(public, mine["RefreshToken"])
    assert refresh(public, other["RefreshToken"])["AuthenticationResult"]


def test_what_cannot_be_revoked(public: Any) -> None:
    tokens = by_password(public, "ann")["AuthenticationResult"]
    with pytest.raises(public.exceptions.UnsupportedTokenTypeException):
        public.revoke_token(ClientId=APP, Token=tokens["AccessToken"])
    with pytest.raises(public.exceptions.UnsupportedOperationException):
        public.revoke_token(ClientId=LIMITED, Token="x")
    with pytest.raises(public.exceptions.UnauthorizedException):
        public.revoke_token(ClientId=CLIENT_ID, Token="x")
    with pytest.raises(public.exceptions.UnauthorizedException):
        public.revoke_token(ClientId="nobody", Token="x")
    public.revoke_token(ClientId=HIDING, Token=tokens["RefreshToken"])  # another client's: no effect
    assert refresh(public, tokens["RefreshToken"])["AuthenticationResult"]


def test_a_client_gets_a_token_for_itself(public: Any) -> None:
    answer = public.get_client_token(ClientId=MACHINE, Secret=CLIENT_SECRET.replace("-", "_"))
    result = answer["ClientAuthenticationResult"]
    claims = read_claims(result["AccessToken"])
    assert (claims["sub"], claims["client_id"], claims["scope"]) == (MACHINE, MACHINE, "things/read")
    assert set(result) == {"AccessToken", "ExpiresIn", "TokenType"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Secret": "x" * 30}, "NotAuthorizedException"),
        ({"Scopes": ["things/write"]}, "InvalidParameterException"),
        ({"ClientId": SERVER}, "InvalidParameterException"),
        ({"ClientId": APP}, "NotAuthorizedException"),
    ],
    ids=["secret", "scope", "flow", "public"],
)
def test_a_client_token_is_refused(public: Any, changes: dict[str, Any], code: str) -> None:
    request = {"ClientId": MACHINE, "Secret": CLIENT_SECRET.replace("-", "_"), **changes}
    with pytest.raises(public.exceptions.ClientError) as error:
        public.get_client_token(**request)
    assert code_and_text(error)[0] == code


def test_sessions_are_listed_and_ended_one_by_one(api: ApiServer, public: Any, cognito: Any) -> None:
    api.add_user("sessy")
    first, second = (by_password(public, "sessy")["AuthenticationResult"] for _ in range(2))
    listed = public.list_user_sessions(AccessToken=first["AccessToken"])["Sessions"]
    assert [entry["SessionType"] for entry in listed] == ["TOKEN", "TOKEN"]
    assert {entry["LastIPAddress"] for entry in listed} == {"127.0.0.1"}
    assert all("Boto3" in entry["DeviceType"] for entry in listed)
    other = next(entry for entry in listed if not entry["IsCurrentSession"])
    public.revoke_user_session(AccessToken=first["AccessToken"], SessionId=other["SessionId"])
    with pytest.raises(public.exceptions.NotAuthorizedException, match="revoked"):
        refresh(public, second["RefreshToken"])
    left = cognito.admin_list_user_sessions(UserPoolId=POOL_ID, Username="sessy")["Sessions"]
    assert len(left) == 1
    with pytest.raises(public.exceptions.ResourceNotFoundException):
        public.revoke_user_session(AccessToken=first["AccessToken"], SessionId=other["SessionId"])
    cognito.admin_revoke_user_session(UserPoolId=POOL_ID, Username="sessy", SessionId=left[0]["SessionId"])
    with pytest.raises(public.exceptions.NotAuthorizedException, match="revoked"):
        public.list_user_sessions(AccessToken=first["AccessToken"])


def test_nobody_ends_the_session_of_another(public: Any, api: ApiServer) -> None:
    api.add_user("mallory")
    theirs = public.list_user_sessions(
        AccessToken=by_password(public, "ann")["AuthenticationResult"]["AccessToken"]
    )["Sessions"][0]
    token = by_password(public, "mallory")["AuthenticationResult"]["AccessToken"]
    with pytest.raises(public.exceptions.ResourceNotFoundException):
        public.revoke_user_session(AccessToken=token, SessionId=theirs["SessionId"])
