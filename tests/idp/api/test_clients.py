"""App clients through boto3: settings, secrets, tokens by either secret, what is refused."""

import base64
import hashlib
import hmac
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.support.api_server import ApiServer
from tests.support.pools import CLIENT_ID, PASSWORD, POOL_ID

FULL: dict[str, Any] = {
    "AccessTokenValidity": 30,
    "IdTokenValidity": 45,
    "RefreshTokenValidity": 90,
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"},
    "ReadAttributes": ["email", "email_verified", "name"],
    "WriteAttributes": ["email", "name"],
    "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "SupportedIdentityProviders": ["COGNITO"],
    "CallbackURLs": ["https://app.example.com/cb", "http://localhost:3000/cb", "myapp://callback"],
    "LogoutURLs": ["https://app.example.com/bye"],
    "DefaultRedirectURI": "https://app.example.com/cb",
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthScopes": ["openid", "email"],
    "AllowedOAuthFlowsUserPoolClient": True,
    "PreventUserExistenceErrors": "ENABLED",
    "EnableTokenRevocation": False,
    "EnablePropagateAdditionalUserContextData": True,
    "AuthSessionValidity": 7,
    "RefreshTokenRotation": {"Feature": "DISABLED", "RetryGracePeriodSeconds": 0},
}
READ_ONLY = {"ClientSecret", "CreationDate", "LastModifiedDate"}


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def pool_id(cognito: Any) -> str:
    made = str(cognito.create_user_pool(PoolName="clients")["UserPool"]["Id"])
    cognito.create_resource_server(
        UserPoolId=made,
        Identifier="orders",
        Name="Orders",
        Scopes=[{"ScopeName": "read", "ScopeDescription": "read orders"}],
    )
    return made


def make(cognito: Any, pool_id: str, **members: Any) -> dict[str, Any]:
    client: dict[str, Any] = cognito.create_user_pool_client(
        UserPoolId=pool_id, **{"ClientName": "app", **members}
    )["UserPoolClient"]
    return client


def describe(cognito: Any, client: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = cognito.describe_user_pool_client(
        UserPoolId=client["UserPoolId"], ClientId=client["ClientId"]
    )["UserPoolClient"]
    return found


def test_a_new_client_has_cognitos_shape_and_defaults(cognito: Any, pool_id: str) -> None:
    client = make(cognito, pool_id)
    assert len(client["ClientId"]) == 26
    assert "ClientSecret" not in client
    assert client["RefreshTokenValidity"] == 30
    assert client["TokenValidityUnits"] == {}
    assert client["AllowedOAuthFlowsUserPoolClient"] is False
    assert client["EnableTokenRevocation"] is True
    assert client["PreventUserExistenceErrors"] == "LEGACY"
    assert client["AuthSessionValidity"] == 3
    for absent in ("CallbackURLs", "AllowedOAuthFlows", "ReadAttributes", "SupportedIdentityProviders"):
        assert absent not in client


def test_every_setting_is_described_as_it_was_given(cognito: Any, pool_id: str) -> None:
    client = make(cognito, pool_id, GenerateSecret=True, **FULL)
    described = describe(cognito, client)
    assert described == client
    assert {member: described[member] for member in FULL} == FULL
    assert len(described["ClientSecret"]) == 52


@pytest.mark.parametrize("settings", [{}, FULL], ids=["plain", "full"])
def test_sending_a_description_back_changes_nothing(
    cognito: Any, pool_id: str, settings: dict[str, Any]
) -> None:
    before = make(cognito, pool_id, GenerateSecret=True, **settings)
    answer = cognito.update_user_pool_client(
        **{key: value for key, value in before.items() if key not in READ_ONLY}
    )["UserPoolClient"]
    after = describe(cognito, before)
    assert answer == after
    del before["LastModifiedDate"], after["LastModifiedDate"]
    assert after == before


def test_an_update_resets_what_it_omits_but_keeps_name_and_secret(cognito: Any, pool_id: str) -> None:
    client = make(cognito, pool_id, GenerateSecret=True, **FULL)
    cognito.update_user_pool_client(UserPoolId=pool_id, ClientId=client["ClientId"])
    after = describe(cognito, client)
    plain = make(cognito, pool_id)
    for member in ("ClientId", "LastModifiedDate", "CreationDate"):
        del after[member], plain[member]
    assert after.pop("ClientSecret") == client["ClientSecret"]
    assert after == plain


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"GenerateSecret": True, "ClientSecret": "s" * 24}, "InvalidParameterException"),
        ({"AllowedOAuthScopes": ["orders/write"]}, "ScopeDoesNotExistException"),
        (
            {"AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["orders/read"]},
            "InvalidOAuthFlowException",
        ),
        (
            {"AllowedOAuthFlows": ["client_credentials", "code"], "GenerateSecret": True},
            "InvalidOAuthFlowException",
        ),
        ({"AllowedOAuthFlowsUserPoolClient": True}, "InvalidParameterException"),
        ({"SupportedIdentityProviders": ["Google"]}, "InvalidParameterException"),
        ({"CallbackURLs": ["http://app.example.com/cb"]}, "InvalidParameterException"),
        ({"CallbackURLs": ["javascript:alert(1)"]}, "InvalidParameterException"),
        ({"CallbackURLs": ["https://app.example.com/#x"]}, "InvalidParameterException"),
        ({"DefaultRedirectURI": "https://app.example.com/other"}, "InvalidParameterException"),
        ({"ExplicitAuthFlows": ["ALLOW_USER_AUTH", "USER_PASSWORD_AUTH"]}, "InvalidParameterException"),
        (
            {"AccessTokenValidity": 4, "TokenValidityUnits": {"AccessToken": "minutes"}},
            "InvalidParameterException",
        ),
        ({"RefreshTokenValidity": 3651}, "InvalidParameterException"),
        ({"ReadAttributes": ["custom:unknown"]}, "InvalidParameterException"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_what_does_not_fit_is_refused(cognito: Any, pool_id: str, members: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        make(cognito, pool_id, **members)
    assert code_of(error) == code


def token(api: ApiServer, client_id: str, secret: str) -> httpx.Response:
    return httpx.post(
        f"{api.url}/oauth2/token",
        auth=(client_id, secret),
        data={"grant_type": "client_credentials"},
        trust_env=False,
    )


def test_either_of_two_secrets_is_taken_everywhere(
    api: ApiServer, cognito: Any, public: Any, pool_id: str
) -> None:
    machine = make(
        cognito,
        pool_id,
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["orders/read"],
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
    )
    of = {"UserPoolId": pool_id, "ClientId": machine["ClientId"]}
    first = cognito.list_user_pool_client_secrets(**of)["ClientSecrets"]
    second = cognito.add_user_pool_client_secret(**of)["ClientSecretDescriptor"]
    cognito.admin_create_user(UserPoolId=pool_id, Username="eve", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool_id, Username="eve", Password=PASSWORD, Permanent=True)
    for secret in (machine["ClientSecret"], second["ClientSecretValue"]):
        answer = token(api, machine["ClientId"], secret)
        assert answer.json()["access_token"]
        digest = hmac.new(secret.encode(), b"eve" + machine["ClientId"].encode(), hashlib.sha256).digest()
        assert public.initiate_auth(
            ClientId=machine["ClientId"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={
                "USERNAME": "eve",
                "PASSWORD": PASSWORD,
                "SECRET_HASH": base64.b64encode(digest).decode(),
            },
        )["AuthenticationResult"]
    with pytest.raises(ClientError) as error:
        cognito.add_user_pool_client_secret(**of)
    assert code_of(error) == "LimitExceededException"
    listed = cognito.list_user_pool_client_secrets(**of)["ClientSecrets"]
    assert [entry["ClientSecretId"] for entry in listed] == [
        second["ClientSecretId"],
        first[0]["ClientSecretId"],
    ]
    assert not any("ClientSecretValue" in entry for entry in listed)
    cognito.delete_user_pool_client_secret(**of, ClientSecretId=first[0]["ClientSecretId"])
    assert token(api, machine["ClientId"], machine["ClientSecret"]).status_code == 400
    assert token(api, machine["ClientId"], second["ClientSecretValue"]).status_code == 200
    with pytest.raises(ClientError, match="only secret"):
        cognito.delete_user_pool_client_secret(**of, ClientSecretId=second["ClientSecretId"])


def test_a_chosen_secret_is_not_shown_again(cognito: Any, pool_id: str) -> None:
    client = make(cognito, pool_id, ClientSecret="chosen_secret_of_the_tests_1")
    of = {"UserPoolId": pool_id, "ClientId": client["ClientId"]}
    added = cognito.add_user_pool_client_secret(**of, ClientSecret="chosen_secret_of_the_tests_2")
    assert "ClientSecretValue" not in added["ClientSecretDescriptor"]
    with pytest.raises(ClientError) as error:
        cognito.delete_user_pool_client_secret(**of, ClientSecretId="other")
    assert code_of(error) == "ResourceNotFoundException"


def test_a_public_client_gets_no_secret_later(cognito: Any, pool_id: str) -> None:
    client = make(cognito, pool_id)
    with pytest.raises(ClientError, match="is public"):
        cognito.add_user_pool_client_secret(UserPoolId=pool_id, ClientId=client["ClientId"])


def test_a_removed_client_is_gone(cognito: Any, pool_id: str) -> None:
    client = make(cognito, pool_id)
    of = {"UserPoolId": pool_id, "ClientId": client["ClientId"]}
    cognito.delete_user_pool_client(**of)
    for call in (cognito.describe_user_pool_client, cognito.delete_user_pool_client):
        with pytest.raises(ClientError) as error:
            call(**of)
        assert code_of(error) == "ResourceNotFoundException"


def test_clients_are_listed_page_by_page(cognito: Any) -> None:
    pool_id = cognito.create_user_pool(PoolName="listed")["UserPool"]["Id"]
    made = {make(cognito, pool_id, ClientName=f"c{n}")["ClientId"] for n in range(5)}
    pages = cognito.get_paginator("list_user_pool_clients").paginate(
        UserPoolId=pool_id, PaginationConfig={"PageSize": 2}
    )
    listed = [client["ClientId"] for page in pages for client in page["UserPoolClients"]]
    assert sorted(listed) == sorted(made)
    assert (
        cognito.list_user_pool_clients(UserPoolId=pool_id, MaxResults=1, ClientType="DCR")["UserPoolClients"]
        == []
    )


def test_a_client_of_the_file_is_read_but_not_changed(cognito: Any) -> None:
    of = {"UserPoolId": POOL_ID, "ClientId": CLIENT_ID}
    before = cognito.describe_user_pool_client(**of)["UserPoolClient"]
    assert before["ClientName"] == "web"
    for call in (
        cognito.update_user_pool_client,
        cognito.delete_user_pool_client,
        cognito.add_user_pool_client_secret,
    ):
        with pytest.raises(ClientError, match="declared in the configuration file"):
            call(**of)
    assert cognito.describe_user_pool_client(**of)["UserPoolClient"] == before


def test_a_client_of_another_pool_is_not_found(cognito: Any, pool_id: str) -> None:
    with pytest.raises(ClientError) as error:
        cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=CLIENT_ID)
    assert code_of(error) == "ResourceNotFoundException"


HOSTILE_PARTS = ("+= =,.@-", "a" * 128)


@pytest.mark.parametrize("name", HOSTILE_PARTS)
def test_names_are_kept_as_they_are(cognito: Any, pool_id: str, name: str) -> None:
    assert describe(cognito, make(cognito, pool_id, ClientName=name))["ClientName"] == name


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a<b", 'x" onload="y'])
def test_markup_is_no_name(cognito: Any, pool_id: str, name: str) -> None:
    with pytest.raises(ClientError) as error:
        make(cognito, pool_id, ClientName=name)
    assert code_of(error) == "InvalidParameterException"
