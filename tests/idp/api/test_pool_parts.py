"""Resource servers, domains and identity providers through boto3."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.api_server import ApiServer
from tests.support.pools import POOL_ID

SCOPES = [{"ScopeName": "read", "ScopeDescription": "Read"}]
GOOGLE = {"client_id": "id", "client_secret": "google-secret-value", "authorize_scopes": "openid email"}
OIDC = {
    "client_id": "id",
    "client_secret": "s",
    "attributes_request_method": "GET",
    "oidc_issuer": "https://idp.example.com",
    "authorize_scopes": "openid",
}


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def pool_id(cognito: Any) -> str:
    return str(cognito.create_user_pool(PoolName="parts")["UserPool"]["Id"])


def test_a_resource_server_is_made_changed_and_removed(cognito: Any, pool_id: str) -> None:
    of = {"UserPoolId": pool_id, "Identifier": "https://orders.example.com"}
    made = cognito.create_resource_server(**of, Name="Orders", Scopes=SCOPES)["ResourceServer"]
    assert made == {**of, "Name": "Orders", "Scopes": SCOPES}
    with pytest.raises(ClientError, match="already exists"):
        cognito.create_resource_server(**of, Name="again")
    cognito.update_resource_server(**of, Name="Renamed")
    found = cognito.describe_resource_server(**of)["ResourceServer"]
    assert found == {**of, "Name": "Renamed", "Scopes": []}
    cognito.delete_resource_server(**of)
    for call in (cognito.describe_resource_server, cognito.delete_resource_server):
        with pytest.raises(ClientError) as error:
            call(**of)
        assert code_of(error) == "ResourceNotFoundException"


def test_resource_servers_are_limited_and_listed_page_by_page(cognito: Any) -> None:
    pool_id = cognito.create_user_pool(PoolName="servers")["UserPool"]["Id"]
    for n in range(25):
        cognito.create_resource_server(UserPoolId=pool_id, Identifier=f"api{n}", Name=f"api{n}")
    with pytest.raises(ClientError) as error:
        cognito.create_resource_server(UserPoolId=pool_id, Identifier="more", Name="more")
    assert code_of(error) == "LimitExceededException"
    pages = cognito.get_paginator("list_resource_servers").paginate(
        UserPoolId=pool_id, PaginationConfig={"PageSize": 10}
    )
    listed = [server["Identifier"] for page in pages for server in page["ResourceServers"]]
    assert sorted(listed) == sorted(f"api{n}" for n in range(25))


def test_two_scopes_of_one_name_are_refused(cognito: Any, pool_id: str) -> None:
    with pytest.raises(ClientError) as error:
        cognito.create_resource_server(UserPoolId=pool_id, Identifier="x", Name="x", Scopes=SCOPES * 2)
    assert code_of(error) == "InvalidParameterException"


def test_a_domain_is_made_described_changed_and_removed(cognito: Any, pool_id: str) -> None:
    of = {"UserPoolId": pool_id, "Domain": "shop-login"}
    assert cognito.describe_user_pool_domain(Domain="shop-login")["DomainDescription"] == {}
    cognito.create_user_pool_domain(**of)
    described = cognito.describe_user_pool_domain(Domain="shop-login")["DomainDescription"]
    assert described["UserPoolId"] == pool_id
    assert described["Status"] == "ACTIVE"
    assert cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]["Domain"] == "shop-login"
    assert cognito.update_user_pool_domain(**of, ManagedLoginVersion=2)["ManagedLoginVersion"] == 2
    other = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]
    with pytest.raises(ClientError, match="already associated with another user pool"):
        cognito.create_user_pool_domain(UserPoolId=other, Domain="shop-login")
    with pytest.raises(ClientError, match="already has a domain"):
        cognito.create_user_pool_domain(UserPoolId=pool_id, Domain="second")
    with pytest.raises(ClientError, match="No such domain"):
        cognito.delete_user_pool_domain(UserPoolId=other, Domain="shop-login")
    cognito.delete_user_pool_domain(**of)
    assert cognito.describe_user_pool_domain(Domain="shop-login")["DomainDescription"] == {}


@pytest.mark.parametrize("domain", ["my-cognito", "aws-login", "amazonian"])
def test_reserved_words_are_no_domain(cognito: Any, pool_id: str, domain: str) -> None:
    with pytest.raises(ClientError, match="reserved word"):
        cognito.create_user_pool_domain(UserPoolId=pool_id, Domain=domain)


def test_a_provider_is_made_described_changed_and_removed(cognito: Any, pool_id: str) -> None:
    of = {"UserPoolId": pool_id, "ProviderName": "Google"}
    made = cognito.create_identity_provider(
        **of,
        ProviderType="Google",
        ProviderDetails=GOOGLE,
        AttributeMapping={"email": "email"},
        IdpIdentifiers=["example.com"],
    )["IdentityProvider"]
    found = cognito.describe_identity_provider(**of)["IdentityProvider"]
    assert found == made
    assert found["AttributeMapping"] == {"email": "email", "username": "sub"}
    assert found["ProviderDetails"]["oidc_issuer"] == "https://accounts.google.com"
    assert {key: found["ProviderDetails"][key] for key in GOOGLE} == GOOGLE
    by_identifier = cognito.get_identity_provider_by_identifier(
        UserPoolId=pool_id, IdpIdentifier="example.com"
    )
    assert by_identifier["IdentityProvider"] == made
    with pytest.raises(ClientError) as error:
        cognito.create_identity_provider(**of, ProviderType="Google", ProviderDetails=GOOGLE)
    assert code_of(error) == "DuplicateProviderException"
    changed = cognito.update_identity_provider(**of, IdpIdentifiers=[])["IdentityProvider"]
    assert changed["IdpIdentifiers"] == []
    assert changed["ProviderDetails"] == made["ProviderDetails"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="c", SupportedIdentityProviders=["Google", "COGNITO"]
    )["UserPoolClient"]
    assert client["SupportedIdentityProviders"] == ["Google", "COGNITO"]
    cognito.delete_identity_provider(**of)
    for call in (cognito.describe_identity_provider, cognito.delete_identity_provider):
        with pytest.raises(ClientError) as error:
            call(**of)
        assert code_of(error) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("kind", "details", "word"),
    [
        ("Google", {"client_id": "x"}, "client_secret"),
        ("OIDC", {**OIDC, "oidc_issuer": ""}, "oidc_issuer"),
        ("OIDC", {**OIDC, "attributes_request_method": "PUT"}, "GET or POST"),
        ("SAML", {"IDPSignout": "true"}, "MetadataURL or MetadataFile"),
        ("SignInWithApple", {"client_id": "x"}, "team_id"),
    ],
)
def test_a_provider_without_what_it_needs_is_refused(
    cognito: Any, pool_id: str, kind: str, details: dict[str, str], word: str
) -> None:
    with pytest.raises(ClientError, match=word) as error:
        cognito.create_identity_provider(
            UserPoolId=pool_id, ProviderName="bad-one", ProviderType=kind, ProviderDetails=details
        )
    assert code_of(error) == "InvalidParameterException"


def test_an_identifier_means_one_provider_and_lists_have_pages(cognito: Any) -> None:
    pool_id = cognito.create_user_pool(PoolName="providers")["UserPool"]["Id"]
    for n in range(3):
        cognito.create_identity_provider(
            UserPoolId=pool_id,
            ProviderName=f"oidc-{n}",
            ProviderType="OIDC",
            ProviderDetails=OIDC,
            IdpIdentifiers=[f"id{n}"],
        )
    with pytest.raises(ClientError) as error:
        cognito.update_identity_provider(
            UserPoolId=pool_id, ProviderName="oidc-0", IdpIdentifiers=["id0", "id2"]
        )
    assert code_of(error) == "DuplicateProviderException"
    kept = cognito.describe_identity_provider(UserPoolId=pool_id, ProviderName="oidc-0")
    assert kept["IdentityProvider"]["IdpIdentifiers"] == ["id0"]
    pages = cognito.get_paginator("list_identity_providers").paginate(
        UserPoolId=pool_id, PaginationConfig={"PageSize": 2}
    )
    assert [entry["ProviderName"] for page in pages for entry in page["Providers"]] == [
        "oidc-0",
        "oidc-1",
        "oidc-2",
    ]


def test_secrets_of_providers_are_sealed_at_rest(api: ApiServer, cognito: Any) -> None:
    cognito.create_identity_provider(
        UserPoolId=POOL_ID,
        ProviderName="Sealed",
        ProviderType="Google",
        ProviderDetails={**GOOGLE, "client_secret": "needle-in-the-database"},
    )
    files = [path.read_bytes() for path in api.folder.iterdir() if "sqlite3" in path.name]
    assert files
    assert not any(b"needle-in-the-database" in content for content in files)
