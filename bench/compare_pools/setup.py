"""Calls of whoever sets a pool up: pools, clients, groups, and the parts of a pool."""

from __future__ import annotations

import boto3
from botocore.config import Config

from bench.compare_pools.play import Decision, Stage, call, expect
from bench.compare_pools.subjects import REGION

CALLBACK = "https://app.example.com/callback"
FLOWS = [
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
]
AREA = "Pools and clients"


@call(AREA, "CreateUserPool")
def create_pool(stage: Stage) -> None:
    answer = stage.signed.create_user_pool(
        PoolName="compared",
        AutoVerifiedAttributes=["email"],
        Policies={"PasswordPolicy": {"MinimumLength": 10, "RequireNumbers": True}},
    )
    stage.made["pool"] = answer["UserPool"]["Id"]
    expect(answer["UserPool"]["Name"], "compared", "Name")


@call(AREA, "DescribeUserPool: what was set, and the standard attributes")
def describe_pool(stage: Stage) -> None:
    pool = stage.signed.describe_user_pool(UserPoolId=stage["pool"])["UserPool"]
    expect(pool["Policies"]["PasswordPolicy"]["MinimumLength"], 10, "MinimumLength")
    names = {item["Name"] for item in pool.get("SchemaAttributes", [])}
    expect({"sub", "email", "phone_number"} - names, set(), "missing")


@call(AREA, "CreateUserPool with a schema: the standard attributes stay")
def create_pool_with_schema(stage: Stage) -> None:
    team = {"Name": "team", "AttributeDataType": "String", "Mutable": True}
    pool = stage.signed.create_user_pool(PoolName="schema", Schema=[team])["UserPool"]
    found = stage.signed.describe_user_pool(UserPoolId=pool["Id"])["UserPool"]
    names = {item["Name"] for item in found.get("SchemaAttributes", [])}
    expect(", ".join(sorted({"email", "custom:team"} - names)), "", "missing")


@call(AREA, "ListUserPools")
def list_pools(stage: Stage) -> None:
    pools = stage.signed.list_user_pools(MaxResults=10)["UserPools"]
    expect(stage["pool"] in [pool["Id"] for pool in pools], True, "listed")


@call(AREA, "DescribeUserPool of no pool", refusal="ResourceNotFoundException")
def describe_nothing(stage: Stage) -> Decision:
    return lambda: stage.signed.describe_user_pool(UserPoolId="us-east-1_Nothing00")


@call(AREA, "AddCustomAttributes")
def add_attribute(stage: Stage) -> None:
    attribute = {"Name": "team", "AttributeDataType": "String", "Mutable": True}
    stage.signed.add_custom_attributes(UserPoolId=stage["pool"], CustomAttributes=[attribute])


@call(AREA, "CreateUserPoolClient with a secret")
def create_server_client(stage: Stage) -> None:
    made = stage.signed.create_user_pool_client(
        UserPoolId=stage["pool"], ClientName="server", GenerateSecret=True, ExplicitAuthFlows=FLOWS
    )["UserPoolClient"]
    stage.made["server"] = (made["ClientId"], made["ClientSecret"])


@call(AREA, "CreateUserPoolClient for an app")
def create_app_client(stage: Stage) -> None:
    made = stage.signed.create_user_pool_client(
        UserPoolId=stage["pool"],
        ClientName="app",
        ExplicitAuthFlows=FLOWS,
        PreventUserExistenceErrors="ENABLED",
    )["UserPoolClient"]
    stage.made["app"] = made["ClientId"]
    expect("ClientSecret" in made, False, "has a secret")


@call(AREA, "UpdateUserPoolClient: what is left out goes back to its default")
def update_client(stage: Stage) -> None:
    asked = {"UserPoolId": stage["pool"], "ClientName": "spare"}
    made = stage.signed.create_user_pool_client(**asked, CallbackURLs=[CALLBACK])["UserPoolClient"]
    stage.signed.update_user_pool_client(**asked, ClientId=made["ClientId"], AccessTokenValidity=2)
    known = {"UserPoolId": stage["pool"], "ClientId": made["ClientId"]}
    found = stage.signed.describe_user_pool_client(**known)["UserPoolClient"]
    expect(found.get("AccessTokenValidity"), 2, "AccessTokenValidity")
    expect(found.get("CallbackURLs", []), [], "CallbackURLs")


@call(AREA, "ListUserPoolClients")
def list_clients(stage: Stage) -> None:
    found = stage.signed.list_user_pool_clients(UserPoolId=stage["pool"], MaxResults=10)["UserPoolClients"]
    expect(stage["app"] in [client["ClientId"] for client in found], True, "listed")


@call(AREA, "CreateGroup and GetGroup")
def create_group(stage: Stage) -> None:
    group = {"UserPoolId": stage["pool"], "GroupName": "editors"}
    stage.signed.create_group(**group, Precedence=5)
    stage.made["group"] = "editors"
    expect(stage.signed.get_group(**group)["Group"].get("Precedence"), 5, "Precedence")


@call(AREA, "CreateGroup, the name taken", refusal="GroupExistsException")
def create_group_again(stage: Stage) -> Decision:
    return lambda: stage.signed.create_group(UserPoolId=stage["pool"], GroupName=stage["group"])


@call(AREA, "CreateResourceServer and DescribeResourceServer")
def create_resource_server(stage: Stage) -> None:
    known = {"UserPoolId": stage["pool"], "Identifier": "things"}
    scopes = [{"ScopeName": "read", "ScopeDescription": "read things"}]
    stage.signed.create_resource_server(**known, Name="things", Scopes=scopes)
    found = stage.signed.describe_resource_server(**known)["ResourceServer"]
    expect([scope["ScopeName"] for scope in found["Scopes"]], ["read"], "Scopes")


@call(AREA, "CreateIdentityProvider and ListIdentityProviders")
def create_provider(stage: Stage) -> None:
    details = {
        "client_id": "pool",
        "client_secret": "a-secret-of-the-provider",
        "attributes_request_method": "GET",
        "oidc_issuer": "https://id.example.com",
        "authorize_scopes": "openid email",
        "authorize_url": "https://id.example.com/authorize",
        "token_url": "https://id.example.com/token",
        "attributes_url": "https://id.example.com/userinfo",
        "jwks_uri": "https://id.example.com/keys",
    }
    stage.signed.create_identity_provider(
        UserPoolId=stage["pool"], ProviderName="Partner", ProviderType="OIDC", ProviderDetails=details
    )
    found = stage.signed.list_identity_providers(UserPoolId=stage["pool"])["Providers"]
    expect([provider["ProviderName"] for provider in found], ["Partner"], "Providers")


@call(AREA, "CreateUserPoolDomain and DescribeUserPoolDomain")
def create_domain(stage: Stage) -> None:
    stage.signed.create_user_pool_domain(UserPoolId=stage["pool"], Domain="compared-pools")
    found = stage.signed.describe_user_pool_domain(Domain="compared-pools")["DomainDescription"]
    expect(found.get("UserPoolId"), stage["pool"], "UserPoolId")


@call(AREA, "SetUserPoolMfaConfig and GetUserPoolMfaConfig")
def set_mfa(stage: Stage) -> None:
    pool = {"UserPoolId": stage["pool"]}
    stage.signed.set_user_pool_mfa_config(
        **pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="OPTIONAL"
    )
    expect(stage.signed.get_user_pool_mfa_config(**pool)["MfaConfiguration"], "OPTIONAL", "MfaConfiguration")


@call(AREA, "A signature with a wrong key", refusal="InvalidSignatureException")
def sign_wrongly(stage: Stage) -> Decision:
    stranger = boto3.client(
        "cognito-idp",
        region_name=REGION,
        endpoint_url=stage.subject.url,
        aws_access_key_id=stage.signed._request_signer._credentials.access_key,
        aws_secret_access_key="not-the-secret-access-key",
        config=Config(retries={"max_attempts": 0}),
    )
    return lambda: stranger.list_users(UserPoolId=stage["pool"])


@call(AREA, "ListUsers without a signature", refusal="MissingAuthenticationTokenException")
def sign_nothing(stage: Stage) -> Decision:
    return lambda: stage.public.list_users(UserPoolId=stage["pool"])
