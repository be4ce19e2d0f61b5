"""Risk configurations, blocked addresses and the history of sign-ins, as boto3 sees them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.api_server import PUBLIC_CLIENT_ID, ApiServer, api_document, api_server
from tests.support.pools import CLIENT_ID, PASSWORD, POOL_ID
from tests.support.sign_in_pool import secret_hash

OTHER_POOL = "us-east-1_Other0001"
LOCAL = {"BlockedIPRangeList": ["127.0.0.0/8", "::1/128"]}
POOL = {"UserPoolId": POOL_ID}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    told = {"ExplicitAuthFlows": flows, "EnablePropagateAdditionalUserContextData": True}
    document = [
        api_document(client=told, UserPoolAddOns={"AdvancedSecurityMode": "ENFORCED"}),
        {"UserPoolName": "other", "UserPoolId": OTHER_POOL},
    ]
    with api_server(tmp_path_factory.mktemp("risk") / "data", prepared_directory, document) as server:
        yield server


def sign_in(public: Any, username: str, password: str = PASSWORD) -> str:
    parameters = {"USERNAME": username, "PASSWORD": password}
    try:
        public.initiate_auth(
            ClientId=PUBLIC_CLIENT_ID, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
        )
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "signed in"


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_configuration_is_set_described_inherited_and_reset(cognito: Any) -> None:
    compromised = {"EventFilter": ["SIGN_UP"], "Actions": {"EventAction": "NO_ACTION"}}
    cognito.set_risk_configuration(**POOL, CompromisedCredentialsRiskConfiguration=compromised)
    for of_client in ({}, {"ClientId": CLIENT_ID}):
        told = cognito.describe_risk_configuration(**POOL, **of_client)["RiskConfiguration"]
        assert told["CompromisedCredentialsRiskConfiguration"] == compromised
        assert told.get("ClientId") == of_client.get("ClientId")
        assert "LastModifiedDate" in told
    cognito.set_risk_configuration(**POOL)
    told = cognito.describe_risk_configuration(**POOL)["RiskConfiguration"]
    assert told["CompromisedCredentialsRiskConfiguration"]["Actions"] == {"EventAction": "BLOCK"}
    assert "LastModifiedDate" not in told


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"UserPoolId": OTHER_POOL}, "UserPoolAddOnNotEnabledException"),
        ({"UserPoolId": "us-east-1_Nowhere"}, "ResourceNotFoundException"),
        ({**POOL, "ClientId": "nowhere"}, "ResourceNotFoundException"),
        ({**POOL, "RiskExceptionConfiguration": {"BlockedIPRangeList": ["x"]}}, "InvalidParameterException"),
    ],
    ids=["pool without", "no pool", "no client", "no range"],
)
def test_what_cannot_be_set_is_refused(cognito: Any, members: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        cognito.set_risk_configuration(**members)
    assert code_of(error) == code


def test_blocked_addresses_neither_sign_in_nor_up_and_that_tells_no_names(
    api: ApiServer, cognito: Any, public: Any
) -> None:
    api.add_user("blocked")
    cognito.set_risk_configuration(**POOL, ClientId=PUBLIC_CLIENT_ID, RiskExceptionConfiguration=LOCAL)
    assert [sign_in(public, name) for name in ("blocked", "nobody")] == ["NotAuthorizedException"] * 2
    with pytest.raises(ClientError) as error:
        public.sign_up(ClientId=PUBLIC_CLIENT_ID, Username="fresh", Password=PASSWORD)
    assert error.value.response["Error"]["Message"] == "Request not allowed due to security reasons."
    assert not api.knows("fresh")
    cognito.set_risk_configuration(**POOL, ClientId=PUBLIC_CLIENT_ID)
    assert sign_in(public, "blocked") == "signed in"


def test_the_history_has_attempts_newest_first_in_pages(api: ApiServer, cognito: Any, public: Any) -> None:
    api.add_user("ann")
    sign_in(public, "ann", "Wrong-Horse-9")
    sign_in(public, "ann")
    pages = cognito.get_paginator("admin_list_user_auth_events").paginate(
        **POOL, Username="ann", PaginationConfig={"PageSize": 1}
    )
    events = [event for page in pages for event in page["AuthEvents"]]
    assert [(event["EventType"], event["EventResponse"]) for event in events] == [
        ("SignIn", "Pass"),
        ("SignIn", "Fail"),
    ]
    assert events[1]["ChallengeResponses"] == [{"ChallengeName": "Password", "ChallengeResponse": "Failure"}]
    assert events[0]["EventContextData"] == {"IpAddress": "127.0.0.1", "DeviceName": "AWS SDK, Linux"}
    assert PASSWORD not in str(events)


def test_tokens_name_the_event_of_their_sign_in(api: ApiServer, cognito: Any, public: Any) -> None:
    api.add_user("ida")
    told = public.initiate_auth(
        ClientId=PUBLIC_CLIENT_ID,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ida", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    (event,) = cognito.admin_list_user_auth_events(**POOL, Username="ida")["AuthEvents"]
    assert api.claims(told["AccessToken"])["event_id"] == event["EventId"]


def test_feedback_is_kept_with_the_event_of_that_user_only(api: ApiServer, cognito: Any, public: Any) -> None:
    for name in ("bea", "cem"):
        api.add_user(name)
        sign_in(public, name)
    (event,) = cognito.admin_list_user_auth_events(**POOL, Username="bea")["AuthEvents"]
    feedback = {**POOL, "EventId": event["EventId"], "FeedbackValue": "Invalid"}
    with pytest.raises(ClientError) as error:
        cognito.admin_update_auth_event_feedback(**feedback, Username="cem")
    assert code_of(error) == "ResourceNotFoundException"
    cognito.admin_update_auth_event_feedback(**feedback, Username="bea")
    (event,) = cognito.admin_list_user_auth_events(**POOL, Username="bea")["AuthEvents"]
    assert (event["EventFeedback"]["FeedbackValue"], event["EventFeedback"]["Provider"]) == (
        "Invalid",
        "Admin",
    )


def is_blocking(*levels: str) -> dict[str, Any]:
    actions = {f"{level}Action": {"EventAction": "BLOCK", "Notify": False} for level in levels}
    return {"AccountTakeoverRiskConfiguration": {"Actions": actions}}


def outcome_of(call: Callable[..., Any], **members: Any) -> str:
    """The message of a refusal, or `signed in`."""
    try:
        call(**members)
    except ClientError as error:
        return str(error.response["Error"]["Message"])
    return "signed in"


REFUSED = "Unable to login because of security reasons."


def from_address(api: ApiServer, *, forwarded: str, agent: str = "Chrome") -> Any:
    """boto3 behind a trusted proxy, which adds what it writes into X-Forwarded-For."""
    client = api.boto3(signed=False)

    def add(request: Any, **_: Any) -> None:
        for name, value in {"X-Forwarded-For": forwarded, "User-Agent": agent}.items():
            request.headers[name] = value

    client.meta.events.register("before-send.cognito-idp", add)
    return client


@pytest.fixture
def blocking(cognito: Any) -> Iterator[None]:
    """Whatever is unusual is blocked."""
    cognito.set_risk_configuration(**POOL, **is_blocking("Low", "Medium", "High"))
    yield
    cognito.set_risk_configuration(**POOL)


@pytest.mark.usefixtures("blocking")
def test_an_unusual_sign_in_is_blocked_whatever_the_client_says_of_its_address(api: ApiServer) -> None:
    api.add_user("dia")
    app = {"ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH"}
    told = {**app, "AuthParameters": {"USERNAME": "dia", "PASSWORD": PASSWORD}}
    home = from_address(api, forwarded="198.51.100.7")
    assert outcome_of(home.initiate_auth, **told) == "signed in"
    # What stands before the proxy's own entry is the client's word, and so is what a public client tells.
    for forged in ("203.0.113.7", "198.51.100.7, 203.0.113.7"):
        away = from_address(api, forwarded=forged)
        assert outcome_of(away.initiate_auth, **told) == REFUSED
        context = {"UserContextData": {"IpAddress": "198.51.100.7"}}
        assert outcome_of(away.initiate_auth, **told, **context) == REFUSED
    wrong = {**app, "AuthParameters": {"USERNAME": "dia", "PASSWORD": "Wrong-Horse-9"}}
    assert outcome_of(away.initiate_auth, **wrong) == "Incorrect username or password."
    assert outcome_of(home.initiate_auth, **told) == "signed in"


@pytest.mark.usefixtures("blocking")
def test_encoded_data_can_make_a_known_browser_new_and_never_a_new_one_known(api: ApiServer) -> None:
    api.add_user("eli")
    told = {
        "ClientId": PUBLIC_CLIENT_ID,
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "eli", "PASSWORD": PASSWORD},
    }

    def tries(device: str | None, agent: str = "Chrome/1.0") -> str:
        payload = json.dumps({"contextData": {"DeviceId": device, "UserAgent": "Chrome"}})
        encoded = base64.b64encode(json.dumps({"payload": payload}).encode()).decode()
        context = {"UserContextData": {"EncodedData": encoded}} if device else {}
        client = from_address(api, forwarded="198.51.100.7", agent=agent)
        return outcome_of(client.initiate_auth, **told, **context)

    assert tries("mine") == "signed in"
    assert tries("mine", "CHROME/2.0") == "signed in"
    assert [tries("other"), tries(None), tries("mine", "curl")] == [REFUSED] * 3


@pytest.mark.usefixtures("blocking")
def test_an_apps_own_server_tells_where_its_users_are(api: ApiServer, cognito: Any, public: Any) -> None:
    api.add_user("fay")
    parameters = {"USERNAME": "fay", "PASSWORD": PASSWORD, "SECRET_HASH": secret_hash("fay")}

    def by_secret(address: str) -> str:
        context = {"UserContextData": {"IpAddress": address}}
        app = {"ClientId": CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters}
        return outcome_of(public.initiate_auth, **app, **context)

    def by_key(address: str | None) -> str:
        headers = [{"headerName": "user-agent", "headerValue": "Boto3/1 linux"}]
        server = {"ServerName": "app", "ServerPath": "/login", "HttpHeaders": headers}
        context = {"ContextData": {"IpAddress": address, **server}} if address else {}
        app = {"ClientId": CLIENT_ID, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": parameters}
        return outcome_of(cognito.admin_initiate_auth, **POOL, **app, **context)

    assert by_secret("198.51.100.7") == "signed in"
    event = cognito.admin_list_user_auth_events(**POOL, Username="fay")["AuthEvents"][0]
    assert event["EventContextData"]["IpAddress"] == "198.51.100.7"
    assert by_secret("203.0.113.7") == REFUSED
    assert by_key("203.0.113.7") == REFUSED
    assert by_key(None) == "signed in"  # nothing is known, and nothing unusual
    assert by_key("nonsense") == by_secret("nonsense") == "IpAddress is not an IP address"
    event = cognito.admin_list_user_auth_events(**POOL, Username="fay")["AuthEvents"][1]
    assert event["EventRisk"]["RiskDecision"] == "Block"
    assert event["EventResponse"] == "Fail"


NOTIFY = {
    "SourceArn": "arn:aws:ses:us-east-1:111111111111:identity/login@example.com",
    "BlockEmail": {"Subject": "Blocked", "TextBody": "{username} {event-id} {feedback-token}"},
}


def notifying(action: str) -> dict[str, Any]:
    actions = {f"{level}Action": {"EventAction": action, "Notify": True} for level in ("Low", "Medium")}
    return {"AccountTakeoverRiskConfiguration": {"Actions": actions, "NotifyConfiguration": NOTIFY}}


def test_the_token_of_a_mail_lets_its_user_vouch_for_its_event_and_for_nothing_else(
    api: ApiServer, cognito: Any, public: Any
) -> None:
    told = {"ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH"}
    away, tokens = from_address(api, forwarded="203.0.113.7"), {}
    for name in ("gus", "hal"):
        api.add_user(name)
        parameters = {"AuthParameters": {"USERNAME": name, "PASSWORD": PASSWORD}}
        home = from_address(api, forwarded="198.51.100.7")
        assert outcome_of(home.initiate_auth, **told, **parameters) == "signed in"
        cognito.set_risk_configuration(**POOL, **notifying("BLOCK"))
        assert outcome_of(away.initiate_auth, **told, **parameters) == REFUSED
        tokens[name] = api.latest_mail().split()[1:]
    (event, token), (other_event, other_token) = tokens["gus"], tokens["hal"]
    right = {**POOL, "Username": "gus", "EventId": event, "FeedbackToken": token, "FeedbackValue": "Valid"}
    for wrong in (
        {"EventId": other_event},
        {"FeedbackToken": other_token},
        {"FeedbackToken": "AQ" + token[2:][::-1]},
        {"Username": "hal"},
        {"Username": "nobody"},
        {"UserPoolId": OTHER_POOL},
    ):
        assert (
            outcome_of(public.update_auth_event_feedback, **{**right, **wrong}) == "Invalid feedback token."
        )
    public.update_auth_event_feedback(**right)
    events = cognito.admin_list_user_auth_events(**POOL, Username="gus")["AuthEvents"]
    (found,) = [each for each in events if each["EventId"] == event]
    assert (found["EventFeedback"]["FeedbackValue"], found["EventFeedback"]["Provider"]) == ("Valid", "User")
    assert found["EventRisk"]["RiskDecision"] == "Block"
    parameters = {"AuthParameters": {"USERNAME": "gus", "PASSWORD": PASSWORD}}
    assert outcome_of(away.initiate_auth, **told, **parameters) == "signed in"
    described = cognito.describe_risk_configuration(**POOL)["RiskConfiguration"]
    assert described["AccountTakeoverRiskConfiguration"]["NotifyConfiguration"] == NOTIFY
    cognito.set_risk_configuration(**POOL)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"From": "nobody"}, "NotifyConfiguration.From: must be an address"),
        ({"MfaEmail": {"Subject": "a\nb"}}, "NotifyConfiguration.MfaEmail.Subject"),
    ],
    ids=["sender", "subject"],
)
def test_mails_that_could_not_be_sent_are_refused(cognito: Any, members: dict[str, Any], told: str) -> None:
    takeover = {"Actions": {}, "NotifyConfiguration": {**NOTIFY, **members}}
    message = outcome_of(cognito.set_risk_configuration, **POOL, AccountTakeoverRiskConfiguration=takeover)
    assert told in message
