"""From SignUp into a sign-in with boto3: whose session it is, and how often it works (cognito.md 4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_server import ApiServer, api_server
from tests.support.pools import PASSWORD, read_claims
from tests.support.sign_in_pool import APP, HIDING, LIMITED, sign_in_document


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    document = sign_in_document(
        Policies={"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}
    )
    with api_server(tmp_path_factory.mktemp("up") / "data", prepared_directory, document) as server:
        yield server


def sign_up(public: Any, name: str, client_id: str = APP) -> Any:
    return public.sign_up(
        ClientId=client_id,
        Username=name,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": f"{name}@example.com"}],
    )


def confirm(public: Any, name: str, code: str, client_id: str = APP, **session: str) -> Any:
    return public.confirm_sign_up(ClientId=client_id, Username=name, ConfirmationCode=code, **session)


def sign_in(public: Any, name: str, session: str, client_id: str = APP) -> Any:
    return public.initiate_auth(
        ClientId=client_id, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": name}, Session=session
    )


def test_who_signs_up_and_confirms_is_signed_in_once(api: ApiServer, public: Any) -> None:
    begun = sign_up(public, "ann")["Session"]
    answer = confirm(public, "ann", api.latest_code(), Session=begun)
    tokens = sign_in(public, "ann", answer["Session"])["AuthenticationResult"]
    said = read_claims(tokens["IdToken"])
    assert (said["email"], said["amr"]) == ("ann@example.com", ["email_otp"])
    for used in (answer["Session"], begun):
        with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
            sign_in(public, "ann", used)
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
        confirm(public, "ann", "123456", Session=begun)


def test_a_session_of_a_sign_up_alone_signs_nobody_in(api: ApiServer, public: Any) -> None:
    begun = sign_up(public, "early")["Session"]
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
        sign_in(public, "early", begun)
    for challenge in ("SELECT_CHALLENGE", "PASSWORD"):
        with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
            public.respond_to_auth_challenge(
                ClientId=APP,
                ChallengeName=challenge,
                Session=begun,
                ChallengeResponses={"USERNAME": "early", "ANSWER": "PASSWORD", "PASSWORD": PASSWORD},
            )
    with pytest.raises(public.exceptions.CodeMismatchException):
        confirm(public, "early", "000000x", Session=begun)
    assert "Session" in confirm(public, "early", api.latest_code(), Session=begun), "a wrong code spends none"


def test_the_sessions_of_others_open_nothing_and_use_no_code_up(
    api: ApiServer, public: Any, cognito: Any
) -> None:
    elsewhere = cognito.create_user_pool(PoolName="elsewhere", AutoVerifiedAttributes=["email"])["UserPool"]
    other = cognito.create_user_pool_client(
        UserPoolId=elsewhere["Id"], ClientName="app", ExplicitAuthFlows=["ALLOW_USER_AUTH"]
    )["UserPoolClient"]["ClientId"]
    foreign = {
        "another pool's": sign_up(public, "vic", other)["Session"],
        "another client's": sign_up(public, "vic2", HIDING)["Session"],
        "another user's": sign_up(public, "mallory")["Session"],
        "made up": "x" * 40,
    }
    own = sign_up(public, "vic")["Session"]
    code = api.latest_code()
    for whose, session in foreign.items():
        for name in ("vic", "nobody-here"):
            with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session") as refused:
                confirm(public, name, code, Session=session)
            assert refused.value.response["Error"]["Message"] == "Invalid session for the user.", whose
    answer = confirm(public, "vic", code, Session=own)
    for name, client_id in (("mallory", APP), ("vic", HIDING), ("vic", other)):
        with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
            sign_in(public, name, answer["Session"], client_id)
    assert "AuthenticationResult" in sign_in(public, "vic", answer["Session"])
    cognito.delete_user_pool(UserPoolId=elsewhere["Id"])


def test_a_client_without_user_auth_gets_no_session(api: ApiServer, public: Any) -> None:
    assert "Session" not in sign_up(public, "plain", LIMITED)
