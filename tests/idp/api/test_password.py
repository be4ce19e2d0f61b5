"""Passwords through boto3: forgotten, changed, reset, set, and those that were used before."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_server import PUBLIC_CLIENT_ID, ApiServer, api_document, api_server
from tests.support.pools import OTHER_PASSWORD, PASSWORD, POOL_ID

THIRD = "Third-Horse-7"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """A pool that remembers two passwords."""
    document = api_document(Policies={"PasswordPolicy": {"PasswordHistorySize": 2}})
    with api_server(tmp_path_factory.mktemp("api") / "data", prepared_directory, document) as server:
        yield server


def test_a_forgotten_password_is_replaced_by_the_code(api: ApiServer, public: Any) -> None:
    api.add_user("forgetful")
    sent = public.forgot_password(ClientId=PUBLIC_CLIENT_ID, Username="forgetful")
    assert sent["CodeDeliveryDetails"]["Destination"] == "f***@e***"
    request = {"ClientId": PUBLIC_CLIENT_ID, "Username": "forgetful", "ConfirmationCode": api.latest_code()}
    with pytest.raises(public.exceptions.InvalidPasswordException):
        public.confirm_forgot_password(**request, Password="short")
    with pytest.raises(public.exceptions.CodeMismatchException):
        public.confirm_forgot_password(**{**request, "ConfirmationCode": "x"}, Password=OTHER_PASSWORD)
    with pytest.raises(public.exceptions.PasswordHistoryPolicyViolationException):
        public.confirm_forgot_password(**request, Password=PASSWORD)
    public.confirm_forgot_password(**request, Password=OTHER_PASSWORD)
    assert api.signs_in("forgetful", OTHER_PASSWORD)
    with pytest.raises(public.exceptions.ExpiredCodeException):
        public.confirm_forgot_password(**request, Password=THIRD)


def test_a_user_changes_their_password(api: ApiServer, public: Any) -> None:
    api.add_user("changer")
    token = api.access_token("changer")
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Incorrect username or password"):
        public.change_password(AccessToken=token, PreviousPassword="Wrong-1-password", ProposedPassword=THIRD)
    with pytest.raises(public.exceptions.NotAuthorizedException):
        public.change_password(AccessToken=token, ProposedPassword=THIRD)
    change = {"AccessToken": token, "PreviousPassword": PASSWORD}
    with pytest.raises(public.exceptions.PasswordHistoryPolicyViolationException):
        public.change_password(**change, ProposedPassword=PASSWORD)
    public.change_password(**change, ProposedPassword=OTHER_PASSWORD)
    assert api.signs_in("changer", OTHER_PASSWORD)
    assert not api.signs_in("changer", PASSWORD)
    public.get_user(AccessToken=token)  # tokens stay, as in Cognito


def test_a_stolen_token_does_not_let_anybody_guess_the_password(api: ApiServer, public: Any) -> None:
    api.add_user("victim")
    token = api.access_token("victim")
    for number in range(5):
        with pytest.raises(public.exceptions.NotAuthorizedException):
            public.change_password(
                AccessToken=token, PreviousPassword=f"Guess-{number}-xx", ProposedPassword=OTHER_PASSWORD
            )
    with pytest.raises(public.exceptions.LimitExceededException):
        public.change_password(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=OTHER_PASSWORD)
    assert api.signs_in("victim", PASSWORD)


def test_an_administrator_resets_a_password(api: ApiServer, cognito: Any, public: Any) -> None:
    api.add_user("reset")
    token = api.access_token("reset")
    cognito.admin_reset_user_password(UserPoolId=POOL_ID, Username="reset")
    with pytest.raises(public.exceptions.PasswordResetRequiredException):
        public.get_user(AccessToken=token)
    public.confirm_forgot_password(
        ClientId=PUBLIC_CLIENT_ID,
        Username="reset",
        ConfirmationCode=api.latest_code(),
        Password=OTHER_PASSWORD,
    )
    assert api.signs_in("reset", OTHER_PASSWORD)


def test_who_has_no_verified_address_cannot_be_reset(api: ApiServer, cognito: Any) -> None:
    api.add_user("unverified", email_verified="false")
    with pytest.raises(cognito.exceptions.InvalidParameterException, match="no registered/verified email"):
        cognito.admin_reset_user_password(UserPoolId=POOL_ID, Username="unverified")


def test_an_administrator_sets_a_password_for_good_or_for_once(api: ApiServer, cognito: Any) -> None:
    api.add_user("set")
    who = {"UserPoolId": POOL_ID, "Username": "set"}
    with pytest.raises(cognito.exceptions.InvalidPasswordException):
        cognito.admin_set_user_password(**who, Password="weak", Permanent=True)
    cognito.admin_set_user_password(**who, Password=OTHER_PASSWORD, Permanent=True)
    assert api.signs_in("set", OTHER_PASSWORD)
    with pytest.raises(cognito.exceptions.PasswordHistoryPolicyViolationException):
        cognito.admin_set_user_password(**who, Password=PASSWORD, Permanent=True)
    cognito.admin_set_user_password(**who, Password=THIRD)
    assert cognito.admin_get_user(**who)["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    # Two are remembered, the present one and the one before: the first may come back.
    cognito.admin_set_user_password(**who, Password=PASSWORD, Permanent=True)
