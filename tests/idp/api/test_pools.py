"""User pools through boto3: made, served at once, changed, removed; what the configuration file declares."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from botocore.exceptions import ClientError

from idp.app import provider_for
from idp.triggers.names import Trigger
from tests.support.api_server import ApiServer, api_server
from tests.support.pools import PASSWORD, POOL_ID

UPDATED = frozenset(
    {
        "AccountRecoverySetting",
        "AdminCreateUserConfig",
        "AutoVerifiedAttributes",
        "DeletionProtection",
        "DeviceConfiguration",
        "EmailConfiguration",
        "EmailVerificationMessage",
        "EmailVerificationSubject",
        "LambdaConfig",
        "MfaConfiguration",
        "Policies",
        "SmsAuthenticationMessage",
        "SmsConfiguration",
        "SmsVerificationMessage",
        "UserAttributeUpdateSettings",
        "UserPoolAddOns",
        "UserPoolTags",
        "UserPoolTier",
        "VerificationMessageTemplate",
    }
)
ROLE = "arn:aws:iam::123456789012:role/sms"
FULL: dict[str, Any] = {
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 12,
            "RequireUppercase": False,
            "RequireLowercase": True,
            "RequireNumbers": True,
            "RequireSymbols": False,
            "PasswordHistorySize": 3,
            "TemporaryPasswordValidityDays": 4,
        },
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]},
    },
    "DeletionProtection": "ACTIVE",
    "AutoVerifiedAttributes": ["email"],
    "UsernameAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
    "VerificationMessageTemplate": {
        "DefaultEmailOption": "CONFIRM_WITH_CODE",
        "EmailSubject": "Your code",
        "EmailMessage": "Code {####}",
        "EmailMessageByLink": "Press {##here##}",
        "SmsMessage": "Code {####}",
    },
    "AdminCreateUserConfig": {
        "AllowAdminCreateUserOnly": True,
        "InviteMessageTemplate": {
            "EmailSubject": "Welcome",
            "EmailMessage": "{username} {####}",
            "SMSMessage": "{username} {####}",
        },
    },
    "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
    "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": True},
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT", "ReplyToEmailAddress": "a@example.com"},
    "SmsConfiguration": {"SnsCallerArn": ROLE, "ExternalId": "x", "SnsRegion": "us-east-1"},
    "MfaConfiguration": "OPTIONAL",
    "UserPoolTags": {"team": "web"},
    "AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 2, "Name": "verified_email"}]},
    "UserPoolTier": "ESSENTIALS",
    "Schema": [
        {
            "Name": "plan",
            "AttributeDataType": "String",
            "Mutable": True,
            "Required": False,
            "DeveloperOnlyAttribute": False,
            "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "9"},
        },
        {"Name": "email", "AttributeDataType": "String", "Mutable": True, "Required": True},
    ],
}


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture
def pool_id(cognito: Any) -> Iterator[str]:
    made = cognito.create_user_pool(PoolName="made")["UserPool"]["Id"]
    yield made
    cognito.delete_user_pool(UserPoolId=made)


def test_a_new_pool_has_cognitos_shape_and_defaults(cognito: Any, pool_id: str) -> None:
    pool = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    assert pool_id.startswith("us-east-1_")
    assert len(pool_id) == len("us-east-1_") + 9
    assert pool["Arn"].endswith(f":userpool/{pool_id}")
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 8
    assert pool["MfaConfiguration"] == "OFF"
    assert pool["DeletionProtection"] == "INACTIVE"
    assert pool["EstimatedNumberOfUsers"] == 0
    assert pool["AdminCreateUserConfig"] == {
        "AllowAdminCreateUserOnly": False,
        "UnusedAccountValidityDays": 7,
    }
    assert [entry["Name"] for entry in pool["SchemaAttributes"]][:3] == ["sub", "name", "given_name"]
    assert len(pool["SchemaAttributes"]) == 20
    assert pool["CreationDate"] == pool["LastModifiedDate"]


def test_every_setting_is_described_as_it_was_given(cognito: Any) -> None:
    made = cognito.create_user_pool(PoolName="full", **FULL)["UserPool"]
    try:
        pool = cognito.describe_user_pool(UserPoolId=made["Id"])["UserPool"]
        for member, value in FULL.items():
            if member not in ("Schema", "AdminCreateUserConfig"):
                assert pool[member] == value, member
        assert pool["AdminCreateUserConfig"] == {
            **FULL["AdminCreateUserConfig"],
            "UnusedAccountValidityDays": 4,
        }
        plan = next(entry for entry in pool["SchemaAttributes"] if entry["Name"] == "custom:plan")
        assert plan == {**FULL["Schema"][0], "Name": "custom:plan"}
        assert next(e for e in pool["SchemaAttributes"] if e["Name"] == "email")["Required"]
        mfa = cognito.get_user_pool_mfa_config(UserPoolId=made["Id"])
        assert mfa["MfaConfiguration"] == "OPTIONAL"
        assert "SmsMfaConfiguration" in mfa
    finally:
        cognito.update_user_pool(UserPoolId=made["Id"])
        cognito.delete_user_pool(UserPoolId=made["Id"])


@pytest.mark.parametrize("settings", [{}, FULL], ids=["plain", "full"])
def test_sending_a_description_back_changes_nothing(cognito: Any, settings: dict[str, Any]) -> None:
    made = cognito.create_user_pool(PoolName="drift", **settings)["UserPool"]["Id"]
    before = cognito.describe_user_pool(UserPoolId=made)["UserPool"]
    members = {key: value for key, value in before.items() if key in UPDATED}
    cognito.update_user_pool(UserPoolId=made, **members)
    after = cognito.describe_user_pool(UserPoolId=made)["UserPool"]
    del before["LastModifiedDate"], after["LastModifiedDate"]
    assert after == before
    cognito.update_user_pool(UserPoolId=made)
    cognito.delete_user_pool(UserPoolId=made)


def test_an_update_resets_what_it_omits_but_not_what_cannot_change(cognito: Any) -> None:
    made = cognito.create_user_pool(PoolName="reset", **FULL)["UserPool"]["Id"]
    cognito.update_user_pool(UserPoolId=made)
    pool = cognito.describe_user_pool(UserPoolId=made)["UserPool"]
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 8
    assert pool["DeletionProtection"] == "INACTIVE"
    assert pool["MfaConfiguration"] == "OFF"
    assert "UserPoolTags" not in pool
    assert "DeviceConfiguration" not in pool
    assert pool["UsernameAttributes"] == ["email"]
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert any(entry["Name"] == "custom:plan" for entry in pool["SchemaAttributes"])
    cognito.delete_user_pool(UserPoolId=made)


def test_a_pool_is_served_at_once(api: ApiServer, cognito: Any, public: Any, pool_id: str) -> None:
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="app",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        CallbackURLs=["https://app.example.com/cb"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid"],
    )["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool_id, Username="ada", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool_id, Username="ada", Password=PASSWORD, Permanent=True)
    result = public.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    with httpx.Client(trust_env=False, base_url=api.url) as browser:
        discovery = browser.get(f"/{pool_id}/.well-known/openid-configuration").json()
        keys = browser.get(f"/{pool_id}/.well-known/jwks.json").json()["keys"]
        page = browser.get(
            "/login",
            params={
                "client_id": client,
                "response_type": "code",
                "redirect_uri": "https://app.example.com/cb",
            },
        )
    kid = jwt.get_unverified_header(result["IdToken"])["kid"]
    key = jwt.PyJWK(next(key for key in keys if key["kid"] == kid))
    claims = jwt.decode(result["IdToken"], key, algorithms=["RS256"], audience=client)
    assert claims["iss"] == discovery["issuer"] == f"{api.url.rstrip('/')}/{pool_id}"
    assert page.status_code == 200
    assert 'name="password"' in page.text
    assert cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]["EstimatedNumberOfUsers"] == 1


def test_a_removed_pool_is_gone_with_everything(cognito: Any, public: Any, api: ApiServer) -> None:
    made = cognito.create_user_pool(PoolName="gone")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=made, ClientName="app")["UserPoolClient"]["ClientId"]
    cognito.delete_user_pool(UserPoolId=made)
    with pytest.raises(ClientError) as error:
        cognito.describe_user_pool(UserPoolId=made)
    assert code_of(error) == "ResourceNotFoundException"
    with pytest.raises(ClientError) as error:
        public.initiate_auth(ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={})
    assert code_of(error) == "ResourceNotFoundException"
    assert httpx.get(f"{api.url}/{made}/.well-known/jwks.json", trust_env=False).status_code == 404


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"AliasAttributes": ["email"], "UsernameAttributes": ["email"]}, "InvalidParameterException"),
        ({"MfaConfiguration": "ON"}, "InvalidParameterException"),
        (
            {"VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_LINK"}},
            "InvalidParameterException",
        ),
        ({"DcrConfiguration": {"EnableStatus": "Enabled"}}, "InvalidParameterException"),
        ({"IssuerConfiguration": {"Type": "UPDATED"}}, "InvalidParameterException"),
        ({"Schema": [{"Name": "x", "Required": True}]}, "InvalidParameterException"),
        ({"Schema": [{"Name": "x", "DeveloperOnlyAttribute": True}]}, "InvalidParameterException"),
        (
            {"UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]}},
            "InvalidParameterException",
        ),
        (
            {
                "AccountRecoverySetting": {
                    "RecoveryMechanisms": [
                        {"Priority": 1, "Name": "admin_only"},
                        {"Priority": 2, "Name": "verified_email"},
                    ]
                }
            },
            "InvalidParameterException",
        ),
    ],
    ids=[
        "alias-and-username",
        "mfa-without-factor",
        "link",
        "dcr",
        "issuer",
        "required-custom",
        "developer-only",
        "update-settings",
        "admin-only",
    ],
)
def test_what_does_not_fit_is_refused(cognito: Any, members: dict[str, Any], code: str) -> None:
    before = len(cognito.list_user_pools(MaxResults=60)["UserPools"])
    with pytest.raises(ClientError) as error:
        cognito.create_user_pool(PoolName="bad", **members)
    assert code_of(error) == code
    assert len(cognito.list_user_pools(MaxResults=60)["UserPools"]) == before


def test_deletion_protection_and_a_domain_keep_a_pool(cognito: Any) -> None:
    made = cognito.create_user_pool(PoolName="kept", DeletionProtection="ACTIVE")["UserPool"]["Id"]
    with pytest.raises(ClientError, match="deletion protection is activated"):
        cognito.delete_user_pool(UserPoolId=made)
    cognito.update_user_pool(UserPoolId=made, DeletionProtection="INACTIVE")
    cognito.create_user_pool_domain(UserPoolId=made, Domain="kept-pool")
    with pytest.raises(ClientError, match="has a domain configured"):
        cognito.delete_user_pool(UserPoolId=made)
    cognito.delete_user_pool_domain(UserPoolId=made, Domain="kept-pool")
    cognito.delete_user_pool(UserPoolId=made)


def test_custom_attributes_are_added_and_used(cognito: Any, pool_id: str) -> None:
    attribute = {"Name": "seats", "AttributeDataType": "Number", "Mutable": True}
    cognito.add_custom_attributes(
        UserPoolId=pool_id,
        CustomAttributes=[{**attribute, "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "5"}}],
    )
    user = {"UserPoolId": pool_id, "Username": "bob", "MessageAction": "SUPPRESS"}
    with pytest.raises(ClientError) as error:
        cognito.admin_create_user(**user, UserAttributes=[{"Name": "custom:seats", "Value": "6"}])
    assert code_of(error) == "InvalidParameterException"
    cognito.admin_create_user(**user, UserAttributes=[{"Name": "custom:seats", "Value": "5"}])
    with pytest.raises(ClientError, match="Existing attribute already has name custom:seats"):
        cognito.add_custom_attributes(UserPoolId=pool_id, CustomAttributes=[attribute])


def test_there_are_at_most_fifty_custom_attributes(cognito: Any, pool_id: str) -> None:
    for start in (0, 25):
        entries = [{"Name": f"a{n}", "AttributeDataType": "String"} for n in range(start, start + 25)]
        cognito.add_custom_attributes(UserPoolId=pool_id, CustomAttributes=entries)
    with pytest.raises(ClientError, match="at most 50"):
        cognito.add_custom_attributes(UserPoolId=pool_id, CustomAttributes=[{"Name": "one-more"}])


def test_tags_come_and_go(cognito: Any, pool_id: str) -> None:
    arn = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]["Arn"]
    cognito.tag_resource(ResourceArn=arn, Tags={"a": "1", "b": "2"})
    cognito.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert cognito.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "2"}


def test_log_delivery_is_kept_through_an_update(cognito: Any, pool_id: str) -> None:
    group = "arn:aws:logs:us-east-1:123456789012:log-group:pool"
    entry = {
        "LogLevel": "ERROR",
        "EventSource": "userNotification",
        "CloudWatchLogsConfiguration": {"LogGroupArn": group},
    }
    cognito.set_log_delivery_configuration(UserPoolId=pool_id, LogConfigurations=[entry])
    cognito.update_user_pool(UserPoolId=pool_id)
    found = cognito.get_log_delivery_configuration(UserPoolId=pool_id)["LogDeliveryConfiguration"]
    assert found == {"UserPoolId": pool_id, "LogConfigurations": [entry]}


def test_pools_are_listed_page_by_page(cognito: Any) -> None:
    made = {cognito.create_user_pool(PoolName=f"page{n}")["UserPool"]["Id"] for n in range(3)}
    pages = cognito.get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 2})
    listed = [pool["Id"] for page in pages for pool in page["UserPools"]]
    assert made | {POOL_ID} <= set(listed)
    assert len(listed) == len(set(listed))
    for pool_id in made:
        cognito.delete_user_pool(UserPoolId=pool_id)


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("update_user_pool", {}),
        ("delete_user_pool", {}),
        ("add_custom_attributes", {"CustomAttributes": [{"Name": "x"}]}),
        ("create_resource_server", {"Identifier": "api", "Name": "api"}),
        ("create_user_pool_domain", {"Domain": "mine"}),
        ("set_log_delivery_configuration", {"LogConfigurations": []}),
    ],
)
def test_a_pool_of_the_file_is_read_but_not_changed(
    cognito: Any, operation: str, members: dict[str, Any]
) -> None:
    before = cognito.describe_user_pool(UserPoolId=POOL_ID)["UserPool"]
    with pytest.raises(ClientError, match="declared in the configuration file") as error:
        getattr(cognito, operation)(UserPoolId=POOL_ID, **members)
    assert code_of(error) == "InvalidParameterException"
    assert cognito.describe_user_pool(UserPoolId=POOL_ID)["UserPool"] == before


def test_pools_and_clients_of_the_api_survive_a_restart(tmp_path: Path, prepared_directory: Path) -> None:
    folder = tmp_path / "data"
    with api_server(folder, prepared_directory) as server:
        cognito = server.boto3()
        made = cognito.create_user_pool(PoolName="durable")["UserPool"]["Id"]
        added = cognito.create_user_pool_client(UserPoolId=POOL_ID, ClientName="web", GenerateSecret=True)
        client = cognito.create_user_pool_client(UserPoolId=made, ClientName="app", GenerateSecret=True)
        key_url = f"/{made}/.well-known/jwks.json"
        keys = httpx.get(server.url + key_url, trust_env=False).json()
        # The balancer finds it without a restart; a name means the file's own client first.
        known = provider_for(server.app, "durable", "app")
        assert known["client_secret"] == client["UserPoolClient"]["ClientSecret"]
        assert provider_for(server.app, POOL_ID, "web")["client_id"] != added["UserPoolClient"]["ClientId"]
    with api_server(folder, folder) as server:
        cognito = server.boto3()
        pools = {pool["Id"] for pool in cognito.list_user_pools(MaxResults=60)["UserPools"]}
        assert pools == {made, POOL_ID}
        found = cognito.describe_user_pool_client(
            UserPoolId=POOL_ID, ClientId=added["UserPoolClient"]["ClientId"]
        )
        assert found["UserPoolClient"] == added["UserPoolClient"]
        assert httpx.get(server.url + key_url, trust_env=False).json() == keys
        assert provider_for(server.app, made, "app")["client_secret"] == known["client_secret"]


def test_triggers_of_a_pool_are_those_that_are_called(api: ApiServer, cognito: Any, pool_id: str) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:check"
    cognito.update_user_pool(UserPoolId=pool_id, LambdaConfig={"PreSignUp": arn})
    described = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    assert described["LambdaConfig"] == {"PreSignUp": arn}
    pool = api.run(api.core.find_pool(pool_id))
    assert pool.lambda_config.function(Trigger.PRE_SIGN_UP) == arn
