"""Risk configurations, blocked addresses and the history of sign-ins, as boto3 sees them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.api_server import PUBLIC_CLIENT_ID, ApiServer, api_document, api_server
from tests.support.pools import CLIENT_ID, PASSWORD, POOL_ID

OTHER_POOL = "us-east-1_Other0001"
LOCAL = {"BlockedIPRangeList": ["127.0.0.0/8", "::1/128"]}
POOL = {"UserPoolId": POOL_ID}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    document = [
        api_document(UserPoolAddOns={"AdvancedSecurityMode": "ENFORCED"}),
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
        (
            {
                **POOL,
                "AccountTakeoverRiskConfiguration": {
                    "Actions": {"HighAction": {"Notify": False, "EventAction": "BLOCK"}}
                },
            },
            "InvalidParameterException",
        ),
    ],
    ids=["pool without", "no pool", "no client", "no range", "adaptive rules"],
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
    assert events[0]["EventContextData"] == {"IpAddress": "127.0.0.1"}
    assert PASSWORD not in str(events)


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
