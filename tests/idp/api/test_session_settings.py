"""Session tracking through the API with boto3: settings, and who is signed out by them (cognito.md 1.13)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.api_server import ApiServer
from tests.support.pools import PASSWORD, POOL_ID

ROTATION = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}


@pytest.fixture(scope="module")
def place(api: ApiServer, cognito: Any) -> Iterator[tuple[str, str]]:
    """A pool with a client that rotates, and somebody in it under two names."""
    pool = cognito.create_user_pool(PoolName="tracked", AliasAttributes=["email"])["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="app",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        RefreshTokenRotation=ROTATION,
    )["UserPoolClient"]["ClientId"]
    attributes = [
        {"Name": "email", "Value": "ann@example.com"},
        {"Name": "email_verified", "Value": "true"},
    ]
    cognito.admin_create_user(
        UserPoolId=pool, Username="ann", UserAttributes=attributes, MessageAction="SUPPRESS"
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username="ann", Password=PASSWORD, Permanent=True)
    yield pool, client
    cognito.delete_user_pool(UserPoolId=pool)


def track(cognito: Any, pool: str, most: int, *, how: str = "ENABLED") -> Any:
    answer = cognito.set_user_pool_session_configuration(
        UserPoolId=pool, UserSessionTracking=how, TokenSession={"MaxPerUser": most}
    )
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def sign_in(public: Any, client: str, name: str = "ann") -> Any:
    return public.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]


def refresh(public: Any, client: str, token: str) -> Any:
    return public.get_tokens_from_refresh_token(ClientId=client, RefreshToken=token)["AuthenticationResult"]


def count(cognito: Any, pool: str) -> int:
    return len(cognito.admin_list_user_sessions(UserPoolId=pool, Username="ann")["Sessions"])


def test_settings_have_defaults_and_are_replaced(cognito: Any, place: tuple[str, str]) -> None:
    pool, client = place
    told = cognito.get_user_pool_session_configuration(UserPoolId=pool)
    assert (told["UserSessionTracking"], told["TokenSession"]) == ("DISABLED", {"MaxPerUser": 20})
    told = cognito.get_user_pool_client_session_configuration(UserPoolId=pool, ClientId=client)
    assert told["SSOSession"] == {"MaxValidityMinutes": 60}
    with pytest.raises(cognito.exceptions.InvalidParameterException, match="not enabled"):
        cognito.set_user_pool_client_session_configuration(
            UserPoolId=pool, ClientId=client, SSOSession={"MaxValidityMinutes": 5}
        )
    stored = {"UserPoolId": pool, "UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 7}}
    assert track(cognito, pool, 7) == stored
    cognito.set_user_pool_client_session_configuration(
        UserPoolId=pool, ClientId=client, SSOSession={"MaxValidityMinutes": 0}
    )
    cognito.update_user_pool(UserPoolId=pool)
    cognito.update_user_pool_client(
        UserPoolId=pool,
        ClientId=client,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        RefreshTokenRotation=ROTATION,
    )
    track(cognito, pool, 7, how="DISABLED")
    assert cognito.get_user_pool_session_configuration(UserPoolId=pool)["TokenSession"] == {"MaxPerUser": 7}
    told = cognito.get_user_pool_client_session_configuration(UserPoolId=pool, ClientId=client)
    assert told["SSOSession"] == {"MaxValidityMinutes": 0}, "dormant, not gone"


def test_values_out_of_bounds_other_pools_and_tiers_are_refused(
    cognito: Any, place: tuple[str, str], api: ApiServer
) -> None:
    pool, client = place
    wrong = cognito.exceptions.InvalidParameterException
    document = {"UserPoolId": pool, "UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 101}}
    with pytest.raises(wrong, match="less than or equal to 100"):
        cognito.set_user_pool_session_configuration(**document)
    with pytest.raises(wrong, match="configuration file"):
        track(cognito, POOL_ID, 2)
    with pytest.raises(cognito.exceptions.ResourceNotFoundException):
        cognito.get_user_pool_client_session_configuration(UserPoolId=POOL_ID, ClientId=client)
    lite = cognito.create_user_pool(PoolName="lite", UserPoolTier="LITE")["UserPool"]["Id"]
    with pytest.raises(cognito.exceptions.FeatureUnavailableInTierException):
        track(cognito, lite, 2)
    cognito.delete_user_pool(UserPoolId=lite)
    assert "__type" in api.post("SetUserPoolSessionConfiguration", document).json(), "wants a signature"


def test_one_session_too_many_ends_the_one_not_used_for_longest(
    cognito: Any, public: Any, place: tuple[str, str]
) -> None:
    pool, client = place
    track(cognito, pool, 2)
    first, second = sign_in(public, client), sign_in(public, client, "ann@example.com")
    kept = refresh(public, client, first["RefreshToken"])
    sign_in(public, client, "ann@example.com")
    assert count(cognito, pool) == 2
    with pytest.raises(public.exceptions.NotAuthorizedException):
        refresh(public, client, second["RefreshToken"])
    with pytest.raises(public.exceptions.NotAuthorizedException):
        public.get_user(AccessToken=second["AccessToken"])
    for _ in range(3):
        kept = refresh(public, client, kept["RefreshToken"])
    assert count(cognito, pool) == 2, "a refresh is no new session"


def test_a_lowered_number_is_reached_at_the_next_sign_in(
    cognito: Any, public: Any, place: tuple[str, str]
) -> None:
    pool, client = place
    track(cognito, pool, 5)
    for _ in range(4):
        sign_in(public, client)
    track(cognito, pool, 1)
    assert count(cognito, pool) > 1
    last = sign_in(public, client)
    assert count(cognito, pool) == 1
    assert public.get_user(AccessToken=last["AccessToken"])["Username"] == "ann"
    track(cognito, pool, 1, how="DISABLED")
    sign_in(public, client)
    assert count(cognito, pool) == 2
