"""Sign-in through the API with boto3: every flow, who may use it, what is told, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_server import ApiServer, api_server
from tests.support.pools import CLIENT_ID, OTHER_PASSWORD, PASSWORD, POOL_ID, read_claims
from tests.support.sign_in_pool import (
    APP,
    HIDING,
    LIMITED,
    ROTATING,
    SrpClient,
    secret_hash,
    sign_in_document,
    stretch_lock,
)

WRONG = "Wrong-Horse-77"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("auth") / "data"
    with api_server(folder, prepared_directory, sign_in_document()) as server:
        for name in ("ann", "bob", "carl", "dora"):
            server.add_user(name)
        yield server


def by_password(public: Any, username: str, password: str = PASSWORD, client_id: str = APP) -> Any:
    return public.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": password},
    )


def by_srp(public: Any, username: str, password: str = PASSWORD, client_id: str = APP) -> Any:
    half = SrpClient(password)
    begun = public.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_SRP_AUTH",
        AuthParameters={"USERNAME": username, "SRP_A": half.a},
    )
    assert begun["ChallengeName"] == "PASSWORD_VERIFIER"
    return public.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName="PASSWORD_VERIFIER",
        ChallengeResponses=half.claim(begun["ChallengeParameters"]),
    )


def code_and_text(error: Any) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_password_gives_tokens_of_the_api(public: Any) -> None:
    answer = by_password(public, "ann")
    assert "ChallengeName" not in answer
    assert answer["ChallengeParameters"] == {}
    result = answer["AuthenticationResult"]
    assert (result["TokenType"], result["ExpiresIn"]) == ("Bearer", 3600)
    assert "NewDeviceMetadata" not in result
    access, identity = read_claims(result["AccessToken"]), read_claims(result["IdToken"])
    assert access["scope"] == "aws.cognito.signin.user.admin"
    assert (access["client_id"], access["username"], access["token_use"]) == (APP, "ann", "access")
    assert not {"version", "aud", "device_key"} & set(access)
    assert (identity["aud"], identity["cognito:username"], identity["token_use"]) == (APP, "ann", "id")
    assert identity["email_verified"] is True
    assert not {"at_hash", "nonce"} & set(identity)
    for claim in ("sub", "iss", "origin_jti", "event_id", "auth_time"):
        assert access[claim] == identity[claim]
    assert public.get_user(AccessToken=result["AccessToken"])["Username"] == "ann"


def test_srp_gives_tokens_without_the_password_on_the_wire(public: Any) -> None:
    assert read_claims(by_srp(public, "ann")["AuthenticationResult"]["AccessToken"])["username"] == "ann"


def test_a_wrong_password_fails_in_every_flow_alike(public: Any) -> None:
    for sign_in in (by_password, by_srp):
        for client_id in (APP, HIDING):
            with pytest.raises(public.exceptions.NotAuthorizedException) as error:
                sign_in(public, "bob", WRONG, client_id)
            assert code_and_text(error)[1] == "Incorrect username or password."


def test_a_secret_hash_is_wanted_over_the_name_that_is_sent(public: Any) -> None:
    def sign_in(username: str, **extra: str) -> Any:
        parameters = {"USERNAME": username, "PASSWORD": PASSWORD, **extra}
        return public.initiate_auth(
            ClientId=CLIENT_ID, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
        )

    assert sign_in("ann", SECRET_HASH=secret_hash("ann"))["AuthenticationResult"]
    with pytest.raises(public.exceptions.NotAuthorizedException, match="SECRET_HASH was not received"):
        sign_in("ann")
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Unable to verify secret hash"):
        sign_in("ann", SECRET_HASH=secret_hash("bob"))


@pytest.mark.parametrize(
    ("client_id", "flow", "parameters", "code", "text"),
    [
        ("nobody", "USER_PASSWORD_AUTH", {}, "ResourceNotFoundException", "client nobody does not exist"),
        (LIMITED, "USER_PASSWORD_AUTH", {"USERNAME": "ann", "PASSWORD": PASSWORD},
         "InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client"),
        (LIMITED, "USER_SRP_AUTH", {"USERNAME": "ann", "SRP_A": "2"},
         "InvalidParameterException", "Auth flow not enabled for this client"),
        (ROTATING, "REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": "x"},
         "InvalidParameterException", "Auth flow not enabled for this client"),
        (APP, "ADMIN_USER_PASSWORD_AUTH", {"USERNAME": "ann", "PASSWORD": PASSWORD},
         "InvalidParameterException", "Initiate Auth method not supported."),
        (APP, "ADMIN_NO_SRP_AUTH", {"USERNAME": "ann", "PASSWORD": PASSWORD},
         "InvalidParameterException", "Initiate Auth method not supported."),
        (APP, "USER_PASSWORD_AUTH", {"PASSWORD": PASSWORD},
         "InvalidParameterException", "Missing required parameter USERNAME"),
        (APP, "USER_PASSWORD_AUTH", {"USERNAME": "ann"},
         "InvalidParameterException", "Missing required parameter PASSWORD"),
        (APP, "USER_SRP_AUTH", {"USERNAME": "ann"},
         "InvalidParameterException", "Missing required parameter SRP_A"),
        (APP, "USER_SRP_AUTH", {"USERNAME": "ann", "SRP_A": "0"},
         "InvalidParameterException", "Invalid value for parameter SRP_A"),
        (APP, "CUSTOM_AUTH", {"USERNAME": "ann"},
         "InvalidParameterException", "Custom auth lambda trigger is not configured for the user pool."),
        (APP, "USER_PASSWORD_AUTH", {"USERNAME": "ghost", "PASSWORD": PASSWORD},
         "UserNotFoundException", "User does not exist."),
        (APP, "USER_SRP_AUTH", {"USERNAME": "ghost", "SRP_A": "2"},
         "UserNotFoundException", "User does not exist."),
        (HIDING, "USER_PASSWORD_AUTH", {"USERNAME": "ghost", "PASSWORD": PASSWORD},
         "NotAuthorizedException", "Incorrect username or password."),
    ],
)  # fmt: skip
def test_what_is_refused_at_once(
    public: Any, client_id: str, flow: str, parameters: dict[str, str], code: str, text: str
) -> None:
    with pytest.raises(public.exceptions.ClientError) as error:
        public.initiate_auth(ClientId=client_id, AuthFlow=flow, AuthParameters=parameters)
    assert code_and_text(error)[0] == code
    assert text in code_and_text(error)[1]


def test_administrators_sign_users_in_and_are_told_the_truth(cognito: Any) -> None:
    def sign_in(username: str, password: str = PASSWORD, flow: str = "ADMIN_USER_PASSWORD_AUTH") -> Any:
        return cognito.admin_initiate_auth(
            UserPoolId=POOL_ID,
            ClientId=HIDING,
            AuthFlow=flow,
            AuthParameters={"USERNAME": username, "PASSWORD": password},
        )

    assert sign_in("ann")["AuthenticationResult"]
    assert sign_in("ann", flow="ADMIN_NO_SRP_AUTH")["AuthenticationResult"]
    assert sign_in("ann", flow="USER_PASSWORD_AUTH")["AuthenticationResult"]
    with pytest.raises(cognito.exceptions.UserNotFoundException):
        sign_in("ghost")


def test_an_administrator_may_send_the_password_later(cognito: Any) -> None:
    asked = cognito.admin_initiate_auth(
        UserPoolId=POOL_ID, ClientId=APP, AuthFlow="ADMIN_NO_SRP_AUTH", AuthParameters={"USERNAME": "ann"}
    )
    assert asked["ChallengeName"] == "ADMIN_NO_SRP_AUTH"
    answer = cognito.admin_respond_to_auth_challenge(
        UserPoolId=POOL_ID,
        ClientId=APP,
        ChallengeName="ADMIN_NO_SRP_AUTH",
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": "ann", "PASSWORD": PASSWORD},
    )
    assert answer["AuthenticationResult"]


def test_admin_sign_in_needs_a_signature(public: Any) -> None:
    with pytest.raises(public.exceptions.ClientError, match="Missing Authentication Token"):
        public.admin_initiate_auth(
            UserPoolId=POOL_ID, ClientId=APP, AuthFlow="ADMIN_NO_SRP_AUTH", AuthParameters={"USERNAME": "ann"}
        )


@pytest.mark.parametrize("sign_in", [by_password, by_srp])
def test_a_temporary_password_is_replaced(api: ApiServer, public: Any, sign_in: Any) -> None:
    name = f"new-{sign_in.__name__}"
    pool = api.run(api.core.find_pool(POOL_ID))
    api.run(api.core.administration.add(pool, username=name, password=PASSWORD))
    asked = sign_in(public, name)
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert json.loads(asked["ChallengeParameters"]["requiredAttributes"]) == []
    assert json.loads(asked["ChallengeParameters"]["userAttributes"]) == {}
    request = {"ClientId": APP, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": asked["Session"]}
    with pytest.raises(public.exceptions.InvalidPasswordException):
        public.respond_to_auth_challenge(
            **request, ChallengeResponses={"USERNAME": name, "NEW_PASSWORD": "short"}
        )
    responses = {"USERNAME": name, "NEW_PASSWORD": OTHER_PASSWORD, "userAttributes.name": "New"}
    answer = public.respond_to_auth_challenge(**request, ChallengeResponses=responses)
    assert read_claims(answer["AuthenticationResult"]["IdToken"])["name"] == "New"
    assert sign_in(public, name, OTHER_PASSWORD)["AuthenticationResult"]
    with pytest.raises(public.exceptions.NotAuthorizedException):
        sign_in(public, name, PASSWORD)
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
        public.respond_to_auth_challenge(**request, ChallengeResponses=responses)


def test_the_user_chooses_how_to_begin(public: Any) -> None:
    offered = public.initiate_auth(ClientId=APP, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": "ann"})
    assert offered["ChallengeName"] == "SELECT_CHALLENGE"
    assert set(offered["AvailableChallenges"]) == {"PASSWORD", "PASSWORD_SRP"}

    def respond(challenge: str, session: str, **responses: str) -> Any:
        return public.respond_to_auth_challenge(
            ClientId=APP,
            ChallengeName=challenge,
            Session=session,
            ChallengeResponses={"USERNAME": "ann", **responses},
        )

    asked = respond("SELECT_CHALLENGE", offered["Session"], ANSWER="PASSWORD")
    assert asked["ChallengeName"] == "PASSWORD"
    assert respond("PASSWORD", asked["Session"], PASSWORD=PASSWORD)["AuthenticationResult"]
    with pytest.raises(public.exceptions.NotAuthorizedException):
        respond("SELECT_CHALLENGE", offered["Session"], ANSWER="PASSWORD")


@pytest.mark.parametrize("client_id", [APP, HIDING])
def test_a_preferred_challenge_comes_at_once(public: Any, client_id: str) -> None:
    def begin(username: str = "ann", **parameters: str) -> Any:
        return public.initiate_auth(
            ClientId=client_id, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": username, **parameters}
        )

    assert begin(PREFERRED_CHALLENGE="PASSWORD", PASSWORD=PASSWORD)["AuthenticationResult"]
    assert begin(PREFERRED_CHALLENGE="PASSWORD")["ChallengeName"] == "PASSWORD"
    assert begin(PREFERRED_CHALLENGE="WEB_AUTHN")["ChallengeName"] == "SELECT_CHALLENGE"
    half = SrpClient()
    begun = begin(PREFERRED_CHALLENGE="PASSWORD_SRP", SRP_A=half.a)
    answer = public.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName="PASSWORD_VERIFIER",
        Session=begun["Session"],
        ChallengeResponses=half.claim(begun["ChallengeParameters"]),
    )
    assert answer["AuthenticationResult"]


def test_names_nobody_has_look_like_names_somebody_has(public: Any) -> None:
    """PreventUserExistenceErrors: the same challenges with the same keys, and the same end."""
    shapes = []
    for name in ("dora", "ghost-1"):
        half = SrpClient(WRONG)
        begun = public.initiate_auth(
            ClientId=HIDING, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": name, "SRP_A": half.a}
        )
        again = public.initiate_auth(
            ClientId=HIDING, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": name, "SRP_A": half.a}
        )
        told = begun["ChallengeParameters"]
        assert told["SALT"] == again["ChallengeParameters"]["SALT"]
        assert told["USERNAME"] == name
        with pytest.raises(public.exceptions.NotAuthorizedException) as error:
            public.respond_to_auth_challenge(
                ClientId=HIDING, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=half.claim(told)
            )
        offered = public.initiate_auth(
            ClientId=HIDING, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": name}
        )
        shapes.append((set(told), len(told["SECRET_BLOCK"]), len(offered["Session"]), code_and_text(error),
                       offered["AvailableChallenges"], set(offered["ChallengeParameters"])))  # fmt: skip
    assert shapes[0] == shapes[1]


def test_an_unconfirmed_user_is_told_so_after_the_right_password_only(public: Any) -> None:
    public.sign_up(ClientId=APP, Username="eve", Password=PASSWORD)
    for sign_in in (by_password, by_srp):
        with pytest.raises(public.exceptions.UserNotConfirmedException):
            sign_in(public, "eve")
        with pytest.raises(public.exceptions.NotAuthorizedException):
            sign_in(public, "eve", WRONG)


@pytest.mark.parametrize(
    ("client_id", "code"), [(APP, "User is disabled."), (HIDING, "Incorrect username or password.")]
)
def test_a_disabled_user_is_told_as_the_client_wants(
    api: ApiServer, public: Any, client_id: str, code: str
) -> None:
    api.add_user(f"off-{client_id}")
    pool = api.run(api.core.find_pool(POOL_ID))
    api.run(api.core.administration.disable(pool, f"off-{client_id}"))
    with pytest.raises(public.exceptions.NotAuthorizedException) as error:
        by_password(public, f"off-{client_id}", client_id=client_id)
    assert code_and_text(error)[1] == code


def test_lockout_is_by_account_whatever_the_flow_the_door_or_the_spelling(
    api: ApiServer, public: Any, cognito: Any
) -> None:
    api.add_user("lou")
    for sign_in in (by_password, by_srp, by_password, by_srp, by_password):
        with pytest.raises(public.exceptions.NotAuthorizedException, match="Incorrect"):
            sign_in(public, "lou", WRONG)
    assert stretch_lock(api, "lou") == 5
    for attempt in (
        lambda: by_password(public, "lou"),
        lambda: by_srp(public, "lou"),
        lambda: by_password(public, "lou", client_id=HIDING),
        lambda: cognito.admin_initiate_auth(
            UserPoolId=POOL_ID, ClientId=APP, AuthFlow="ADMIN_NO_SRP_AUTH",
            AuthParameters={"USERNAME": "lou", "PASSWORD": PASSWORD},
        ),
    ):  # fmt: skip
        with pytest.raises(public.exceptions.NotAuthorizedException, match="Password attempts exceeded"):
            attempt()
