"""Sign-up through boto3, with a client that has a secret and one that has none."""

import base64
import hashlib
import hmac
from typing import Any

import pytest

from tests.support.api_server import PUBLIC_CLIENT_ID, ApiServer
from tests.support.pools import CLIENT_ID, CLIENT_SECRET, PASSWORD


def secret_hash(username: str) -> str:
    message = (username + CLIENT_ID).encode()
    return base64.b64encode(hmac.new(CLIENT_SECRET.encode(), message, hashlib.sha256).digest()).decode()


def test_a_user_signs_up_confirms_and_sees_their_attributes(api: ApiServer, public: Any) -> None:
    answer = public.sign_up(
        ClientId=PUBLIC_CLIENT_ID,
        Username="ann",
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": "ann@example.com"}, {"Name": "name", "Value": "Ann"}],
    )
    assert answer["UserConfirmed"] is False
    assert answer["CodeDeliveryDetails"] == {
        "Destination": "a***@e***",
        "DeliveryMedium": "EMAIL",
        "AttributeName": "email",
    }
    with pytest.raises(public.exceptions.CodeMismatchException):
        public.confirm_sign_up(ClientId=PUBLIC_CLIENT_ID, Username="ann", ConfirmationCode="000000x")
    public.confirm_sign_up(ClientId=PUBLIC_CLIENT_ID, Username="ann", ConfirmationCode=api.latest_code())
    seen = public.get_user(AccessToken=api.access_token("ann"))
    assert seen["Username"] == "ann"
    values = {pair["Name"]: pair["Value"] for pair in seen["UserAttributes"]}
    assert values == {
        "sub": answer["UserSub"],
        "email": "ann@example.com",
        "email_verified": "true",
        "name": "Ann",
    }


def test_a_client_with_a_secret_must_prove_it(api: ApiServer, public: Any) -> None:
    request = {"ClientId": CLIENT_ID, "Username": "bob", "Password": PASSWORD}
    with pytest.raises(public.exceptions.NotAuthorizedException, match="SECRET_HASH was not received"):
        public.sign_up(**request)
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Unable to verify secret hash"):
        public.sign_up(**request, SecretHash=secret_hash("someone else"))
    assert public.sign_up(**request, SecretHash=secret_hash("bob"))["UserSub"]


@pytest.mark.parametrize(
    ("changes", "exception", "message"),
    [
        ({"ClientId": "nobody"}, "ResourceNotFoundException", "User pool client nobody does not exist."),
        ({"Password": "short"}, "InvalidPasswordException", "Password not long enough"),
        ({"Username": "taken"}, "UsernameExistsException", "User already exists"),
        ({"SecretHash": "abc"}, "NotAuthorizedException", "not configured with a secret"),
        (
            {"UserAttributes": [{"Name": "email", "Value": "nowhere"}]},
            "InvalidParameterException",
            "Invalid email address format",
        ),
    ],
    ids=["client", "password", "name", "hash", "attribute"],
)
def test_a_sign_up_that_is_refused_says_why(
    api: ApiServer, public: Any, changes: dict[str, Any], exception: str, message: str
) -> None:
    api.add_user("taken")
    request = {"ClientId": PUBLIC_CLIENT_ID, "Username": "carl", "Password": PASSWORD, **changes}
    with pytest.raises(getattr(public.exceptions, exception), match=message):
        public.sign_up(**request)
