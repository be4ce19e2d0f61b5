"""What users do with their own account, through boto3."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_server import PUBLIC_CLIENT_ID, ApiServer, api_document, api_server
from tests.support.pools import POOL_ID

SCHEMA = [
    {"Name": "plan", "AttributeDataType": "String", "Mutable": True},
    {"Name": "badge", "AttributeDataType": "String", "Mutable": False},
    {"Name": "name", "Required": True},
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """A pool with custom and required attributes, whose client may not write one and not read another."""
    writable = ["email", "name", "nickname", "phone_number", "custom:badge"]
    readable = ["email", "email_verified", "name", "nickname", "custom:plan"]
    document = api_document(
        Schema=SCHEMA, client={"WriteAttributes": writable, "ReadAttributes": [*readable, "custom:badge"]}
    )
    with api_server(tmp_path_factory.mktemp("api") / "data", prepared_directory, document) as server:
        yield server


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """A pool where a new address is verified before it takes the old one's place, and is an alias."""
    document = api_document(
        AliasAttributes=["email"],
        UserAttributeUpdateSettings={"AttributesRequireVerificationBeforeUpdate": ["email"]},
    )
    with api_server(tmp_path_factory.mktemp("strict") / "data", prepared_directory, document) as server:
        yield server


def values_of(public: Any, token: str) -> dict[str, str]:
    return {pair["Name"]: pair["Value"] for pair in public.get_user(AccessToken=token)["UserAttributes"]}


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"Name": name.replace("__", ":"), "Value": value} for name, value in values.items()]


def test_a_new_address_is_unverified_until_its_code_comes_back(api: ApiServer, public: Any) -> None:
    api.add_user("mover", name="Mover")
    token = api.access_token("mover")
    answer = public.update_user_attributes(AccessToken=token, UserAttributes=pairs(email="new@example.org"))
    assert answer["CodeDeliveryDetailsList"] == [
        {"Destination": "n***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    ]
    assert "email_verified" not in values_of(public, token)
    with pytest.raises(public.exceptions.CodeMismatchException):
        public.verify_user_attribute(AccessToken=token, AttributeName="email", Code="nope")
    first = api.latest_code()
    public.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    if api.latest_code() != first:
        with pytest.raises(public.exceptions.CodeMismatchException):
            public.verify_user_attribute(AccessToken=token, AttributeName="email", Code=first)
    public.verify_user_attribute(AccessToken=token, AttributeName="email", Code=api.latest_code())
    assert values_of(public, token)["email_verified"] == "true"


def test_a_code_for_one_address_does_not_verify_another(api: ApiServer, public: Any) -> None:
    api.add_user("swapper", name="Swapper")
    token = api.access_token("swapper")
    public.update_user_attributes(AccessToken=token, UserAttributes=pairs(email="mine@example.org"))
    code = api.latest_code()
    pool = api.run(api.core.find_pool(POOL_ID))
    user, _ = api.run(api.core.administration.get(pool, "swapper"))  # type: ignore[misc]
    api.run(
        api.core.profile.update(
            pool, user.sub, {"email": "victim@example.org", "email_verified": "false"}, client=None
        )
    )
    with pytest.raises(public.exceptions.CodeMismatchException):
        public.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code)


@pytest.mark.parametrize(
    ("changes", "exception", "message"),
    [
        ({"custom__plan": "gold"}, "NotAuthorizedException", "unauthorized attribute"),
        ({"custom__badge": "2"}, "InvalidParameterException", "Attribute cannot be updated"),
        ({"email_verified": "true"}, "NotAuthorizedException", "unauthorized attribute"),
        ({"sub": "x"}, "InvalidParameterException", "did not conform"),
        ({"identities": "[]"}, "NotAuthorizedException", "unauthorized attribute"),
        ({"name": ""}, "InvalidParameterException", "The attribute is required"),
        ({"email": "nowhere"}, "InvalidParameterException", "Invalid email address format"),
    ],
    ids=["not writable", "immutable", "verified", "sub", "identities", "required", "malformed"],
)
def test_attributes_that_are_not_the_users_to_set(
    api: ApiServer, public: Any, changes: dict[str, str], exception: str, message: str
) -> None:
    api.add_user("limited", name="Limited", **{"custom:badge": "1"})
    token = api.access_token("limited")
    before = values_of(public, token)
    with pytest.raises(getattr(public.exceptions, exception), match=message):
        public.update_user_attributes(AccessToken=token, UserAttributes=pairs(**changes))
    assert values_of(public, token) == before


def test_attributes_are_removed_and_what_may_not_be_read_is_not_shown(api: ApiServer, public: Any) -> None:
    api.add_user("remover", name="R", nickname="rem", locale="en")
    token = api.access_token("remover")
    assert "locale" not in values_of(public, token)
    public.delete_user_attributes(AccessToken=token, UserAttributeNames=["nickname"])
    assert "nickname" not in values_of(public, token)
    with pytest.raises(public.exceptions.InvalidParameterException, match="required"):
        public.delete_user_attributes(AccessToken=token, UserAttributeNames=["name"])


def test_there_must_be_something_to_verify(api: ApiServer, public: Any) -> None:
    api.add_user("phoneless", name="P")
    token = api.access_token("phoneless")
    for attribute in ("phone_number", "name", "sub"):
        with pytest.raises(public.exceptions.InvalidParameterException, match="Cannot verify"):
            public.get_user_attribute_verification_code(AccessToken=token, AttributeName=attribute)


def test_a_phone_number_is_verified_by_a_text_message(api: ApiServer, public: Any, cognito: Any) -> None:
    api.add_user("caller", name="C")
    token = api.access_token("caller")
    answer = public.update_user_attributes(
        AccessToken=token, UserAttributes=pairs(phone_number="+821012345678")
    )
    assert answer["CodeDeliveryDetailsList"] == []  # the pool does not verify numbers by itself
    sent = public.get_user_attribute_verification_code(AccessToken=token, AttributeName="phone_number")
    assert sent["CodeDeliveryDetails"] == {
        "Destination": "+********5678",
        "DeliveryMedium": "SMS",
        "AttributeName": "phone_number",
    }
    public.verify_user_attribute(AccessToken=token, AttributeName="phone_number", Code=api.latest_code())
    shown = cognito.admin_get_user(UserPoolId=POOL_ID, Username="caller")["UserAttributes"]
    assert {"Name": "phone_number_verified", "Value": "true"} in shown


def test_a_strangers_mailbox_is_not_filled_by_asking_for_codes(api: ApiServer, public: Any) -> None:
    api.add_user("bomber", name="B")
    token = api.access_token("bomber")
    public.update_user_attributes(AccessToken=token, UserAttributes=pairs(email="bombed@example.org"))
    for _ in range(4):
        public.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    with pytest.raises(public.exceptions.LimitExceededException):
        public.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")


def test_a_user_deletes_themselves(api: ApiServer, public: Any) -> None:
    api.add_user("leaver", name="L")
    token = api.access_token("leaver")
    public.delete_user(AccessToken=token)
    with pytest.raises(public.exceptions.UserNotFoundException):
        public.get_user(AccessToken=token)
    assert not api.signs_in("leaver")


def test_signing_out_everywhere_ends_the_token_itself(api: ApiServer, public: Any) -> None:
    api.add_user("outer", name="O")
    token = api.access_token("outer")
    public.global_sign_out(AccessToken=token)
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Access Token has been revoked"):
        public.get_user(AccessToken=token)


def test_settings_that_cognito_gave_up_point_to_what_replaced_them(api: ApiServer, public: Any) -> None:
    api.add_user("settler", name="S")
    token = api.access_token("settler")
    public.set_user_settings(AccessToken=token, MFAOptions=[])
    with pytest.raises(public.exceptions.InvalidParameterException, match="SetUserMFAPreference"):
        public.set_user_settings(
            AccessToken=token, MFAOptions=[{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
        )


@pytest.mark.parametrize("kind", ["nonsense", "id token", "changed"])
def test_what_is_no_access_token_opens_nothing(api: ApiServer, public: Any, kind: str) -> None:
    api.add_user("tokens", name="T")
    token = api.access_token("tokens")
    tokens = {
        "nonsense": "nonsense",
        "id token": api.tokens("tokens").id_token,
        "changed": f"{token[:-6]}{'A' * 6}",
    }
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid Access Token"):
        public.get_user(AccessToken=tokens[kind])


def test_a_token_without_the_scope_of_the_api_opens_nothing(api: ApiServer, public: Any) -> None:
    api.add_user("scopeless", name="S")
    token = api.tokens("scopeless", scopes=("openid", "email")).access_token
    with pytest.raises(public.exceptions.NotAuthorizedException, match="does not have required scopes"):
        public.get_user(AccessToken=token)


def test_the_old_address_works_until_the_new_one_is_verified(strict: ApiServer) -> None:
    public = strict.boto3(signed=False)
    strict.add_user("careful")
    token = strict.access_token("careful")
    public.update_user_attributes(AccessToken=token, UserAttributes=pairs(email="next@example.org"))
    assert values_of(public, token)["email"] == "careful@example.com"
    assert values_of(public, token)["email_verified"] == "true"
    assert strict.signs_in("careful@example.com")
    assert not strict.signs_in("next@example.org")
    public.verify_user_attribute(AccessToken=token, AttributeName="email", Code=strict.latest_code())
    assert values_of(public, token)["email"] == "next@example.org"
    assert strict.signs_in("next@example.org")
    assert not strict.signs_in("careful@example.com")


def test_an_alias_moves_to_who_proves_to_own_it(strict: ApiServer) -> None:
    public, cognito = strict.boto3(signed=False), strict.boto3()
    strict.add_user("former", email="shared@example.org")
    strict.add_user("owner")
    token = strict.access_token("owner")
    public.update_user_attributes(AccessToken=token, UserAttributes=pairs(email="shared@example.org"))
    public.verify_user_attribute(AccessToken=token, AttributeName="email", Code=strict.latest_code())
    assert cognito.admin_get_user(UserPoolId=POOL_ID, Username="shared@example.org")["Username"] == "owner"
    former = cognito.admin_get_user(UserPoolId=POOL_ID, Username="former")["UserAttributes"]
    assert {"Name": "email_verified", "Value": "false"} in former


def test_a_taken_alias_is_moved_at_confirmation_only_when_asked(strict: ApiServer) -> None:
    public = strict.boto3(signed=False)
    strict.add_user("holder", email="taken@example.org")
    public.sign_up(
        ClientId=PUBLIC_CLIENT_ID,
        Username="comer",
        Password="Correct-Horse-9",
        UserAttributes=pairs(email="taken@example.org"),
    )
    request = {"ClientId": PUBLIC_CLIENT_ID, "Username": "comer", "ConfirmationCode": strict.latest_code()}
    with pytest.raises(public.exceptions.AliasExistsException):
        public.confirm_sign_up(**request)
    public.confirm_sign_up(**request, ForceAliasCreation=True)
    assert strict.signs_in("taken@example.org", "Correct-Horse-9")


def test_a_code_is_sent_again_and_an_administrator_confirms_without_one(
    api: ApiServer, public: Any, cognito: Any
) -> None:
    for name in ("again", "waiver"):
        api.boto3(signed=False).sign_up(
            ClientId=PUBLIC_CLIENT_ID,
            Username=name,
            Password="Correct-Horse-9",
            UserAttributes=pairs(email=f"{name}@example.com", name=name),
        )
    sent = public.resend_confirmation_code(ClientId=PUBLIC_CLIENT_ID, Username="again")
    assert sent["CodeDeliveryDetails"]["AttributeName"] == "email"
    public.confirm_sign_up(ClientId=PUBLIC_CLIENT_ID, Username="again", ConfirmationCode=api.latest_code())
    who = {"UserPoolId": POOL_ID, "Username": "waiver"}
    cognito.admin_confirm_sign_up(**who)
    assert cognito.admin_get_user(**who)["UserStatus"] == "CONFIRMED"
    with pytest.raises(cognito.exceptions.NotAuthorizedException, match="Current status is CONFIRMED"):
        cognito.admin_confirm_sign_up(**who)
