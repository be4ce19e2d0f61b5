"""Triggers through the API with boto3: when they run, in which order, with which event, what they change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.support.api_server import ALL_FLOWS, ApiServer, api_document, api_server
from tests.support.pools import PASSWORD, POOL_ID
from tests.support.trigger_functions import ARN, EVERY, FUNCTIONS, Functions

APP = "trigger1example2345678"
V2_POOL, V2_APP = "us-east-1_Version02", "version2example23456"
MACHINE, MACHINE_SECRET = "machine1example23456", "the-secret-of-the-machine-0123456789"


def documents() -> list[dict[str, Any]]:
    first = api_document(LambdaConfig=dict.fromkeys(EVERY, ARN))
    first["UserPoolClients"].append(
        {
            "ClientName": "custom",
            "ClientId": APP,
            "ExplicitAuthFlows": [*ALL_FLOWS, "ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH"],
        }
    )
    version = {"LambdaVersion": "V3_0", "LambdaArn": "everything"}
    machine = {
        "ClientName": "machine",
        "ClientId": MACHINE,
        "ClientSecret": MACHINE_SECRET,
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["api/read", "api/write"],
    }
    second = {
        "UserPoolName": "second",
        "UserPoolId": V2_POOL,
        "LambdaConfig": {"PreTokenGenerationConfig": version},
        "UserPoolResourceServers": [
            {
                "Identifier": "api",
                "Name": "api",
                "Scopes": [
                    {"ScopeName": "read", "ScopeDescription": "r"},
                    {"ScopeName": "write", "ScopeDescription": "w"},
                ],
            }
        ],
        "UserPoolClients": [
            {"ClientName": "app", "ClientId": V2_APP, "ExplicitAuthFlows": ALL_FLOWS},
            machine,
        ],
    }
    return [first, second]


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Functions:
    return Functions(tmp_path_factory.mktemp("functions"))


@pytest.fixture(scope="module")
def api(
    tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path, functions: Functions
) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("triggers") / "data"
    first, second = documents()
    with api_server(
        folder,
        prepared_directory,
        {"UserPools": [first, second]},
        functions=FUNCTIONS,
        functions_folder=functions.folder,
    ) as server:
        yield server


@pytest.fixture(autouse=True)
def forget_events(functions: Functions) -> None:
    functions.take()


def sign_up(api: ApiServer, username: str, **validation: str) -> Any:
    return api.boto3(signed=False).sign_up(
        ClientId=APP,
        Username=username,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": f"{username.partition('<')[0]}@example.com"}],
        ValidationData=[{"Name": name, "Value": value} for name, value in validation.items()],
        ClientMetadata={"from": "the test"},
    )


def sign_in(api: ApiServer, username: str, password: str = PASSWORD, **members: Any) -> Any:
    return api.boto3(signed=False).initiate_auth(
        ClientId=APP,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": password},
        **members,
    )


def code_and_text(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_sign_up_calls_its_triggers_in_order_with_cognitos_event(
    api: ApiServer, functions: Functions
) -> None:
    assert sign_up(api, "ann")["UserConfirmed"] is False
    code = api.latest_code()
    first, second = functions.take()
    assert first == {
        "version": "1",
        "region": "us-east-1",
        "userPoolId": POOL_ID,
        "userName": "ann",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": APP},
        "triggerSource": "PreSignUp_SignUp",
        "request": {
            "userAttributes": {"email": "ann@example.com"},
            "validationData": None,
            "clientMetadata": {"from": "the test"},
        },
        "response": {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
    }
    assert second["triggerSource"] == "CustomMessage_SignUp"
    assert second["request"]["codeParameter"] == "{####}"
    assert code not in str(second), "the code is not the function's to know"
    api.boto3(signed=False).confirm_sign_up(ClientId=APP, Username="ann", ConfirmationCode=code)
    (confirmed,) = functions.take()
    assert confirmed["triggerSource"] == "PostConfirmation_ConfirmSignUp"
    assert confirmed["request"]["userAttributes"]["cognito:user_status"] == "CONFIRMED"
    assert confirmed["request"]["userAttributes"]["email_verified"] == "true"


def test_a_refused_sign_up_leaves_no_user(api: ApiServer) -> None:
    with pytest.raises(ClientError) as error:
        sign_up(api, "rejected", refuse="No!")
    assert code_and_text(error) == ("UserLambdaValidationException", "PreSignUp failed with error No!.")
    assert not api.knows("rejected")


def test_a_function_that_returns_nothing_is_unrecognizable(api: ApiServer) -> None:
    with pytest.raises(ClientError) as error:
        sign_up(api, "nothing", forget="yes")
    assert code_and_text(error) == ("InvalidLambdaResponseException", "Unrecognizable lambda output")
    assert not api.knows("nothing")


def test_a_function_may_confirm_and_verify_at_once(api: ApiServer, functions: Functions) -> None:
    mails = api.mail_count()
    answer = sign_up(api, "quick", confirm="yes", verify="yes")
    assert answer["UserConfirmed"] is True
    assert "CodeDeliveryDetails" not in answer
    assert api.mail_count() == mails
    assert functions.sources() == ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"]
    user = api.boto3().admin_get_user(UserPoolId=POOL_ID, Username="quick")
    assert {"Name": "email_verified", "Value": "true"} in user["UserAttributes"]


def test_a_late_refusal_is_told_though_the_user_is_confirmed(api: ApiServer) -> None:
    with pytest.raises(ClientError) as error:
        sign_up(api, "late-lena", confirm="yes")
    assert code_and_text(error) == (
        "UserLambdaValidationException",
        "PostConfirmation failed with error too late.",
    )
    assert api.boto3().admin_get_user(UserPoolId=POOL_ID, Username="late-lena")["UserStatus"] == "CONFIRMED"


def test_sign_in_calls_its_triggers_in_order(api: ApiServer, functions: Functions) -> None:
    api.add_user("in-order")
    functions.take()
    answer = sign_in(api, "in-order", ClientMetadata={"k": "v"})
    before, after, tokens = functions.take()
    assert [each["triggerSource"] for each in (before, after, tokens)] == [
        "PreAuthentication_Authentication",
        "PostAuthentication_Authentication",
        "TokenGeneration_Authentication",
    ]
    assert before["request"]["validationData"] == {"k": "v"}
    assert after["request"]["newDeviceUsed"] is False
    refreshed = api.boto3(signed=False).initiate_auth(
        ClientId=APP,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": answer["AuthenticationResult"]["RefreshToken"]},
    )
    assert functions.sources() == ["TokenGeneration_RefreshTokens"]
    assert api.claims(refreshed["AuthenticationResult"]["IdToken"])["tenant"] == "blue"


@pytest.mark.parametrize(
    ("username", "text"),
    [
        ("barred", "PreAuthentication failed with error not you."),
        ("after", "PostAuthentication failed with error no entry."),
    ],
)
def test_a_trigger_keeps_somebody_out(api: ApiServer, username: str, text: str) -> None:
    api.add_user(username)
    with pytest.raises(ClientError) as error:
        sign_in(api, username)
    assert code_and_text(error) == ("UserLambdaValidationException", text)


def test_version_1_changes_the_id_token_and_nobodys_identity(api: ApiServer) -> None:
    api.add_user("claims")
    api.boto3().create_group(UserPoolId=POOL_ID, GroupName="own-group")
    api.boto3().admin_add_user_to_group(UserPoolId=POOL_ID, Username="claims", GroupName="own-group")
    result = sign_in(api, "claims")["AuthenticationResult"]
    identity, access = api.claims(result["IdToken"]), api.claims(result["AccessToken"])
    assert identity["tenant"] == "blue"
    assert "email" not in identity
    assert identity["cognito:username"] == "claims"
    assert identity["sub"] == access["sub"] != "somebody-else"
    assert identity["cognito:groups"] == access["cognito:groups"] == ["staff"]
    assert "tenant" not in access


def test_version_3_changes_both_tokens_and_scopes(api: ApiServer) -> None:
    pool = api.run(api.core.find_pool(V2_POOL))
    api.run(
        api.core.administration.add(pool, username="vera", password=PASSWORD, permanent=True, attributes={})
    )
    result = api.boto3(signed=False).initiate_auth(
        ClientId=V2_APP,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "vera", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    identity, access = api.claims(result["IdToken"]), api.claims(result["AccessToken"])
    assert identity["family"] == {"size": 2}
    assert identity["aud"] == access["client_id"] == V2_APP
    assert access["tenant"] == ["blue", 1]
    assert access["scope"].split() == ["aws.cognito.signin.user.admin", "extra/read"]


def test_version_3_runs_for_a_clients_own_tokens(api: ApiServer, functions: Functions) -> None:
    answer = httpx.post(
        f"{api.url}/oauth2/token",
        auth=(MACHINE, MACHINE_SECRET),
        data={"grant_type": "client_credentials", "aws_client_metadata": '{"job": "nightly"}'},
        trust_env=False,
    )
    (event,) = functions.take()
    assert (event["version"], event["triggerSource"]) == ("3", "TokenGeneration_ClientCredentials")
    assert (event["userName"], event["request"]["userAttributes"]) == ("ClientCredentials", {})
    assert event["request"]["groupConfiguration"] is None
    assert event["request"]["clientMetadata"] == {"job": "nightly"}
    claims = api.claims(answer.json()["access_token"])
    assert (claims["scope"], claims["tenant"]) == ("api/read extra/read", ["blue", 1])


def test_the_token_endpoint_runs_the_trigger_too(api: ApiServer, functions: Functions) -> None:
    api.add_user("hosted")
    functions.take()
    tokens = api.tokens("hosted")
    assert functions.sources() == ["TokenGeneration_HostedAuth"]
    assert tokens.id_token is not None
    assert api.claims(tokens.id_token)["tenant"] == "blue"


def custom(api: ApiServer, username: str, answers: list[str]) -> Any:
    public = api.boto3(signed=False)
    step = public.initiate_auth(ClientId=APP, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": username})
    for answer in answers:
        step = public.respond_to_auth_challenge(
            ClientId=APP,
            ChallengeName="CUSTOM_CHALLENGE",
            Session=step["Session"],
            ChallengeResponses={"USERNAME": username, "ANSWER": answer},
        )
    return step


def test_a_custom_flow_asks_until_define_is_content(api: ApiServer, functions: Functions) -> None:
    api.add_user("custom")
    functions.take()
    begun = custom(api, "custom", [])
    assert begun["ChallengeParameters"]["question"] == "what is 1 and 1"
    assert begun["ChallengeParameters"]["number"] == "1"
    assert "sum" not in begun["ChallengeParameters"]
    functions.take()
    done = custom(api, "custom", ["2", "7", "6"])
    assert "AccessToken" in done["AuthenticationResult"]
    assert "ChallengeName" not in done
    events = functions.take()
    assert [event["triggerSource"].partition("_")[0] for event in events] == [
        "PreAuthentication",
        *["DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse"] * 3,
        "DefineAuthChallenge",
        "PostAuthentication",
        "TokenGeneration",
    ]
    last = [event for event in events if event["triggerSource"].startswith("Define")][-1]
    assert last["request"]["session"] == [
        {"challengeName": "CUSTOM_CHALLENGE", "challengeResult": True, "challengeMetadata": "SUM_1"},
        {"challengeName": "CUSTOM_CHALLENGE", "challengeResult": False, "challengeMetadata": "SUM_2"},
        {"challengeName": "CUSTOM_CHALLENGE", "challengeResult": True, "challengeMetadata": "SUM_3"},
    ]


def test_a_custom_flow_that_fails_says_what_a_wrong_password_says(api: ApiServer) -> None:
    api.add_user("failing")
    with pytest.raises(ClientError) as error:
        custom(api, "failing", ["0", "0", "0"])
    assert code_and_text(error) == ("NotAuthorizedException", "Incorrect username or password.")


def test_somebody_of_another_directory_is_taken_over_with_their_password(
    api: ApiServer, functions: Functions
) -> None:
    assert "AccessToken" in sign_in(api, "old-olga", "weak")["AuthenticationResult"]
    events = functions.take()
    assert events[0]["triggerSource"] == "UserMigration_Authentication"
    assert events[0]["request"]["password"] == "weak"
    assert "AccessToken" in sign_in(api, "old-olga", "weak")["AuthenticationResult"]
    assert "UserMigration_Authentication" not in functions.sources()


def test_a_migrated_user_may_have_to_reset_the_password(api: ApiServer) -> None:
    with pytest.raises(ClientError) as error:
        sign_in(api, "old-reset", "weak")
    assert code_and_text(error)[0] == "PasswordResetRequiredException"


def test_somebody_the_other_directory_does_not_know_is_refused(api: ApiServer) -> None:
    with pytest.raises(ClientError) as error:
        sign_in(api, "old-otto", "wrong")
    assert code_and_text(error)[0] == "UserLambdaValidationException"
    assert not api.knows("old-otto")


def test_a_forgotten_password_migrates_too(api: ApiServer, functions: Functions) -> None:
    public = api.boto3(signed=False)
    public.forgot_password(ClientId=APP, Username="old-forgetful")
    code = api.latest_code()
    assert functions.sources() == ["UserMigration_ForgotPassword", "CustomMessage_ForgotPassword"]
    public.confirm_forgot_password(
        ClientId=APP, Username="old-forgetful", ConfirmationCode=code, Password=PASSWORD
    )
    assert functions.sources() == ["PostConfirmation_ConfirmForgotPassword"]
    assert "AccessToken" in sign_in(api, "old-forgetful")["AuthenticationResult"]


def test_a_function_words_a_mail_and_the_name_in_it_is_no_markup(api: ApiServer) -> None:
    sign_up(api, "own-<i>words")
    body = api.latest_mail()
    assert body.startswith("<b>Code</b> ")
    assert body.endswith("for own-&lt;i&gt;words")


def test_a_mail_without_its_code_is_not_sent(api: ApiServer) -> None:
    mails = api.mail_count()
    with pytest.raises(ClientError) as error:
        sign_up(api, "mute-mia")
    assert code_and_text(error)[0] == "CodeDeliveryFailureException"
    assert api.mail_count() == mails


def test_an_administrators_user_has_a_pre_sign_up_of_its_own(api: ApiServer, functions: Functions) -> None:
    api.boto3().admin_create_user(
        UserPoolId=POOL_ID,
        Username="invited",
        UserAttributes=[{"Name": "email", "Value": "invited@example.com"}],
        DesiredDeliveryMediums=["EMAIL"],
        ValidationData=[{"Name": "confirm", "Value": "yes"}],
    )
    first, second = functions.take()
    assert first["triggerSource"] == "PreSignUp_AdminCreateUser"
    assert first["callerContext"]["clientId"] == "CLIENT_ID_NOT_APPLICABLE"
    assert first["request"]["validationData"] == {"confirm": "yes"}
    assert second["triggerSource"] == "CustomMessage_AdminCreateUser"
    assert second["request"]["usernameParameter"] == "{username}"
    user = api.boto3().admin_get_user(UserPoolId=POOL_ID, Username="invited")
    assert user["UserStatus"] == "FORCE_CHANGE_PASSWORD"


def test_a_chosen_password_has_an_occasion_of_its_own(api: ApiServer, functions: Functions) -> None:
    admin = api.boto3()
    admin.admin_create_user(
        UserPoolId=POOL_ID, Username="fresh", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
    )
    step = sign_in(api, "fresh")
    functions.take()
    api.boto3(signed=False).respond_to_auth_challenge(
        ClientId=APP,
        ChallengeName=step["ChallengeName"],
        Session=step["Session"],
        ChallengeResponses={"USERNAME": "fresh", "NEW_PASSWORD": "Another-Horse-88"},
    )
    assert functions.sources()[-1] == "TokenGeneration_NewPasswordChallenge"


def test_a_pool_of_the_api_calls_functions_by_arn(api: ApiServer, functions: Functions) -> None:
    admin = api.boto3()
    pool = admin.create_user_pool(PoolName="made", LambdaConfig={"PreSignUp": ARN})["UserPool"]
    assert pool["LambdaConfig"] == {"PreSignUp": ARN}
    admin.admin_create_user(UserPoolId=pool["Id"], Username="somebody", MessageAction="SUPPRESS")
    assert functions.sources() == ["PreSignUp_AdminCreateUser"]
    with pytest.raises(ClientError) as error:
        admin.create_user_pool(PoolName="other", LambdaConfig={"PreSignUp": "functions.py:handler"})
    assert code_and_text(error)[0] == "InvalidParameterException"
