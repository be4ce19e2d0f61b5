"""Who exists: told to clients that ask for the truth, and to no other, by text or work (cognito.md 4.10)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_server import PUBLIC_CLIENT_ID, ApiServer, api_document, api_server
from tests.support.pools import OTHER_PASSWORD, PASSWORD, POOL_ID

HIDING = "hiding1example234567"
NAMES = ("known", "disabled", "unverified", "unconfirmed", "confirmed-too", "nobody", "nobody-either")
"""One of each kind; the last two nobody has."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """A pool with a client that is told the truth and one that is not, and a user of each kind."""
    document = api_document(Policies={"PasswordPolicy": {"PasswordHistorySize": 3}})
    hiding = {"ClientName": "hiding", "ClientId": HIDING, "PreventUserExistenceErrors": "ENABLED"}
    document["UserPoolClients"] = [*document["UserPoolClients"], hiding]
    with api_server(tmp_path_factory.mktemp("api") / "data", prepared_directory, document) as server:
        for name in ("known", "disabled", "confirmed-too"):
            server.add_user(name)
        server.add_user("unverified", email_verified="false")
        server.boto3().admin_disable_user(UserPoolId=POOL_ID, Username="disabled")
        server.post(
            "SignUp",
            {
                "ClientId": PUBLIC_CLIENT_ID,
                "Username": "unconfirmed",
                "Password": PASSWORD,
                "UserAttributes": [{"Name": "email", "Value": "unconfirmed@example.com"}],
            },
        )
        yield server


REQUESTS: dict[str, dict[str, str]] = {
    "ForgotPassword": {},
    "ConfirmForgotPassword": {"ConfirmationCode": "000000x", "Password": OTHER_PASSWORD},
    "ResendConfirmationCode": {},
    "ConfirmSignUp": {"ConfirmationCode": "000000x"},
}


def ask(api: ApiServer, operation: str, client_id: str, name: str) -> tuple[int, Any, int]:
    """Status, body with what differs by name taken out, and how many passwords were hashed."""
    before = api.core.hasher.operations
    answer = api.post(operation, {"ClientId": client_id, "Username": name, **REQUESTS[operation]})
    body = re.sub(r'"Destination":"\w\*\*\*@\w\*\*\*"', '"Destination":"masked"', answer.text)
    return answer.status_code, body, api.core.hasher.operations - before


@pytest.mark.parametrize("operation", ["ForgotPassword", "ConfirmForgotPassword", "ResendConfirmationCode"])
def test_a_hiding_client_cannot_tell_names_apart(api: ApiServer, operation: str) -> None:
    asked = ("known", "disabled", "unverified", "nobody", "nobody-either")
    answers = {name: ask(api, operation, HIDING, name) for name in asked}
    assert len(set(answers.values())) == 1, answers


def test_a_hiding_client_cannot_tell_who_is_confirmed(api: ApiServer) -> None:
    answers = {name: ask(api, "ConfirmSignUp", HIDING, name)[:2] for name in ("known", "disabled", "nobody")}
    assert len(set(answers.values())) == 1, answers


def test_the_work_is_the_same_for_names_nobody_has(api: ApiServer) -> None:
    for operation in REQUESTS:
        costs = {ask(api, operation, HIDING, name)[2] for name in NAMES}
        assert len(costs) == 1, operation


@pytest.mark.parametrize(
    ("operation", "name", "code"),
    [
        ("ForgotPassword", "nobody", "UserNotFoundException"),
        ("ForgotPassword", "disabled", "NotAuthorizedException"),
        ("ForgotPassword", "unverified", "InvalidParameterException"),
        ("ConfirmForgotPassword", "nobody", "UserNotFoundException"),
        ("ResendConfirmationCode", "nobody", "UserNotFoundException"),
        ("ConfirmSignUp", "nobody", "UserNotFoundException"),
        ("ConfirmSignUp", "known", "NotAuthorizedException"),
    ],
)
def test_a_client_that_asks_for_the_truth_gets_it(
    api: ApiServer, operation: str, name: str, code: str
) -> None:
    answer = api.post(operation, {"ClientId": PUBLIC_CLIENT_ID, "Username": name, **REQUESTS[operation]})
    assert answer.json()["__type"] == code


@pytest.mark.parametrize("client_id", [PUBLIC_CLIENT_ID, HIDING])
def test_signing_up_tells_that_a_name_is_taken_in_both_modes(api: ApiServer, client_id: str) -> None:
    answer = api.post("SignUp", {"ClientId": client_id, "Username": "known", "Password": PASSWORD})
    assert answer.json()["__type"] == "UsernameExistsException"


def test_a_code_that_is_right_tells_only_who_has_it(api: ApiServer) -> None:
    """The check against earlier passwords takes time; without the right code it does not happen."""
    api.post("ForgotPassword", {"ClientId": HIDING, "Username": "confirmed-too"})
    code = api.latest_code()
    wrong = ask(api, "ConfirmForgotPassword", HIDING, "confirmed-too")[2]
    before = api.core.hasher.operations
    answer = api.post(
        "ConfirmForgotPassword",
        {"ClientId": HIDING, "Username": "confirmed-too", "ConfirmationCode": code, "Password": PASSWORD},
    )
    assert answer.json()["__type"] == "PasswordHistoryPolicyViolationException"
    assert wrong == 1
    assert api.core.hasher.operations - before == 1
