"""Users by name for administrators, through boto3, paginators included."""

import json
from typing import Any

import pytest

from tests.support.api_server import PUBLIC_CLIENT_ID, ApiServer
from tests.support.pools import OTHER_PASSWORD, POOL_ID


def values_of(user: dict[str, Any], key: str = "UserAttributes") -> dict[str, str]:
    return {pair["Name"]: pair["Value"] for pair in user[key]}


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def test_a_created_user_is_invited_and_has_a_temporary_password(api: ApiServer, cognito: Any) -> None:
    created = cognito.admin_create_user(
        UserPoolId=POOL_ID,
        Username="invited",
        UserAttributes=pairs(email="invited@example.com", email_verified="true"),
        DesiredDeliveryMediums=["EMAIL"],
    )["User"]
    assert (created["Username"], created["UserStatus"], created["Enabled"]) == (
        "invited",
        "FORCE_CHANGE_PASSWORD",
        True,
    )
    assert next(iter(created["Attributes"]))["Name"] == "sub"
    first = api.latest_mail()
    assert "invited" in first
    again = cognito.admin_create_user(UserPoolId=POOL_ID, Username="invited", MessageAction="RESEND")
    assert again["User"]["Username"] == "invited"
    assert api.latest_mail() != first


def newest(api: ApiServer, count: int) -> list[tuple[str, str]]:
    """The newest messages: to whom, and what they say."""

    async def read() -> list[tuple[str, str]]:
        await api.core.outbox.drain()
        return [(mail.recipient, mail.body) for mail in await api.core.outbox.messages(count)]

    return api.run(read())


def test_an_invitation_goes_to_the_phone_or_both_ways_with_one_password(
    api: ApiServer, cognito: Any, public: Any
) -> None:
    phone, email = "+12025550177", "both@example.com"
    cognito.admin_create_user(UserPoolId=POOL_ID, Username="phoned", UserAttributes=pairs(phone_number=phone))
    [(recipient, body)] = newest(api, 1)
    assert recipient == phone
    assert body.startswith("Your username is phoned and temporary password is ")
    cognito.admin_create_user(
        UserPoolId=POOL_ID,
        Username="both",
        UserAttributes=pairs(phone_number=phone, email=email),
        DesiredDeliveryMediums=["SMS", "EMAIL"],
    )
    sent = dict(newest(api, 2))
    assert set(sent) == {phone, email}
    assert sent[phone] == sent[email]
    cognito.admin_create_user(
        UserPoolId=POOL_ID, Username="both", MessageAction="RESEND", DesiredDeliveryMediums=["SMS"]
    )
    [(recipient, again), (_, before)] = newest(api, 2)
    assert recipient == phone
    assert again != before
    old, new = (text.removesuffix(".").rpartition(" ")[2] for text in (sent[phone], again))
    for password, is_good in ((old, False), (new, True)):
        parameters = {"USERNAME": "both", "PASSWORD": password}
        request = {"ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH"}
        if is_good:
            answer = public.initiate_auth(**request, AuthParameters=parameters)
            assert answer["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
        else:
            with pytest.raises(public.exceptions.NotAuthorizedException):
                public.initiate_auth(**request, AuthParameters=parameters)


def test_a_pool_words_its_invitations_by_text_message(api: ApiServer, cognito: Any) -> None:
    text = "{username}: {####}"
    made = cognito.create_user_pool(
        PoolName="texting", AdminCreateUserConfig={"InviteMessageTemplate": {"SMSMessage": text}}
    )["UserPool"]
    assert made["AdminCreateUserConfig"]["InviteMessageTemplate"] == {"SMSMessage": text}
    cognito.admin_create_user(
        UserPoolId=made["Id"], Username="ann", UserAttributes=pairs(phone_number="+12025550188")
    )
    [(_, body)] = newest(api, 1)
    assert body.startswith("ann: ")
    with pytest.raises(cognito.exceptions.InvalidParameterException, match="must contain"):
        cognito.create_user_pool(
            PoolName="mute", AdminCreateUserConfig={"InviteMessageTemplate": {"SMSMessage": "Hello {####}"}}
        )
    cognito.delete_user_pool(UserPoolId=made["Id"])


def test_a_suppressed_invitation_sends_nothing(api: ApiServer, cognito: Any) -> None:
    before = api.mail_count()
    cognito.admin_create_user(
        UserPoolId=POOL_ID,
        Username="quiet",
        TemporaryPassword=OTHER_PASSWORD,
        UserAttributes=pairs(email="quiet@example.com"),
        MessageAction="SUPPRESS",
    )
    assert api.mail_count() == before


@pytest.mark.parametrize(
    ("changes", "exception"),
    [
        ({"Username": "present"}, "UsernameExistsException"),
        ({"TemporaryPassword": "weak"}, "InvalidPasswordException"),
        ({"MessageAction": "RESEND"}, "UserNotFoundException"),
        ({"MessageAction": "RESEND", "Username": "present"}, "UnsupportedUserStateException"),
        ({"DesiredDeliveryMediums": ["SMS"]}, "InvalidParameterException"),
        (
            {"DesiredDeliveryMediums": ["EMAIL", "SMS"], "UserAttributes": pairs(email="n@example.com")},
            "InvalidParameterException",
        ),
        ({"DesiredDeliveryMediums": ["EMAIL"]}, "InvalidParameterException"),
        ({"UserPoolId": "us-east-1_Nowhere01"}, "ResourceNotFoundException"),
        ({"UserAttributes": pairs(nonsense="x")}, "InvalidParameterException"),
    ],
    ids=[
        "taken",
        "weak",
        "resend nobody",
        "resend confirmed",
        "sms",
        "both, no phone",
        "no address",
        "pool",
        "attribute",
    ],
)
def test_a_creation_that_is_refused_says_why(
    api: ApiServer, cognito: Any, changes: dict[str, Any], exception: str
) -> None:
    api.add_user("present")
    with pytest.raises(getattr(cognito.exceptions, exception)):
        cognito.admin_create_user(**{"UserPoolId": POOL_ID, "Username": "newcomer", **changes})


@pytest.mark.parametrize(
    "operation",
    [
        "admin_get_user",
        "admin_delete_user",
        "admin_enable_user",
        "admin_disable_user",
        "admin_user_global_sign_out",
        "admin_reset_user_password",
        "admin_confirm_sign_up",
        "admin_list_groups_for_user",
    ],
)
def test_an_unknown_user_is_said_to_be_unknown(cognito: Any, operation: str) -> None:
    with pytest.raises(cognito.exceptions.UserNotFoundException, match="User does not exist"):
        getattr(cognito, operation)(UserPoolId=POOL_ID, Username="nobody")


def test_attributes_are_changed_and_removed(api: ApiServer, cognito: Any) -> None:
    api.add_user("edited", nickname="Ed")
    who = {"UserPoolId": POOL_ID, "Username": "edited"}
    cognito.admin_update_user_attributes(
        **who, UserAttributes=pairs(email="edited@example.org", email_verified="true", locale="de")
    )
    cognito.admin_delete_user_attributes(**who, UserAttributeNames=["nickname"])
    values = values_of(cognito.admin_get_user(**who))
    assert (values["email"], values["email_verified"], values["locale"]) == (
        "edited@example.org",
        "true",
        "de",
    )
    assert "nickname" not in values


def test_disabling_ends_tokens_for_good(api: ApiServer, cognito: Any, public: Any) -> None:
    api.add_user("barred")
    token, who = api.access_token("barred"), {"UserPoolId": POOL_ID, "Username": "barred"}
    cognito.admin_disable_user(**who)
    assert cognito.admin_get_user(**who)["Enabled"] is False
    assert not api.signs_in("barred")
    cognito.admin_enable_user(**who)
    assert api.signs_in("barred")
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Access Token has been revoked"):
        public.get_user(AccessToken=token)


def test_an_administrator_signs_a_user_out_everywhere(api: ApiServer, cognito: Any, public: Any) -> None:
    api.add_user("signed-out")
    token = api.access_token("signed-out")
    cognito.admin_user_global_sign_out(UserPoolId=POOL_ID, Username="signed-out")
    with pytest.raises(public.exceptions.NotAuthorizedException, match="revoked"):
        public.get_user(AccessToken=token)


def test_a_deleted_user_is_gone_by_name_and_by_sub(api: ApiServer, cognito: Any) -> None:
    api.add_user("deleted")
    sub = values_of(cognito.admin_get_user(UserPoolId=POOL_ID, Username="deleted"))["sub"]
    assert cognito.admin_get_user(UserPoolId=POOL_ID, Username=sub)["Username"] == "deleted"
    cognito.admin_delete_user(UserPoolId=POOL_ID, Username=sub)
    with pytest.raises(cognito.exceptions.UserNotFoundException):
        cognito.admin_get_user(UserPoolId=POOL_ID, Username="deleted")


def test_a_paginator_lists_every_user_once_while_others_are_added(api: ApiServer, cognito: Any) -> None:
    for number in range(7):
        api.add_user(f"listed-{number}")
    paginator = cognito.get_paginator("list_users")
    seen = []
    for page in paginator.paginate(UserPoolId=POOL_ID, PaginationConfig={"PageSize": 3}):
        assert len(page["Users"]) <= 3
        seen += [user["Username"] for user in page["Users"]]
        api.add_user(f"between-{len(seen)}")
    assert len(seen) == len(set(seen))
    assert {f"listed-{number}" for number in range(7)} <= set(seen)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('email = "FILTERED@example.com"', {"filtered"}),
        ('email ^= "filter"', {"filtered", "filter_ed"}),
        ('username ^= "filter_"', {"filter_ed"}),
        ('username ^= "filter%"', set()),
        (r'name = "say \"hi\""', {"filtered"}),
        ('status = "Disabled"', {"filter_ed"}),
        ('cognito:user_status = "confirmed"', None),
        ("", None),
    ],
    ids=["any case", "prefix", "underscore", "percent", "quotes", "disabled", "status", "empty"],
)
def test_a_filter_narrows_the_list(api: ApiServer, cognito: Any, text: str, found: set[str] | None) -> None:
    if not api.knows("filtered"):
        api.add_user("filtered", name='say "hi"')
        api.add_user("filter_ed")
        cognito.admin_disable_user(UserPoolId=POOL_ID, Username="filter_ed")
    users = cognito.list_users(UserPoolId=POOL_ID, Filter=text)["Users"]
    names = {user["Username"] for user in users}
    assert names >= {"filtered"} if found is None else names & {"filtered", "filter_ed"} == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("email", "Error while parsing filter"),
        ('email = "a" and name = "b"', "Error while parsing filter"),
        ("email = 'a'", "Error while parsing filter"),
        ('custom:plan = "gold"', "Invalid search attribute: custom:plan"),
        ('password_hash ^= "$"', "Invalid search attribute: password_hash"),
    ],
    ids=["no value", "two conditions", "quotes", "custom", "column"],
)
def test_a_filter_that_cannot_be_understood_is_refused(cognito: Any, text: str, message: str) -> None:
    with pytest.raises(cognito.exceptions.InvalidParameterException, match=message):
        cognito.list_users(UserPoolId=POOL_ID, Filter=text)


def test_only_wanted_attributes_are_listed(api: ApiServer, cognito: Any) -> None:
    api.add_user("narrow")
    wanted = {"UserPoolId": POOL_ID, "Filter": 'username = "narrow"'}
    (user,) = cognito.list_users(**wanted, AttributesToGet=["email"])["Users"]
    assert values_of(user, "Attributes") == {"email": "narrow@example.com"}
    for name in ("nickname", "nonsense"):
        with pytest.raises(cognito.exceptions.InvalidParameterException, match="requested attributes"):
            cognito.list_users(**wanted, AttributesToGet=[name])


def test_a_token_of_another_list_is_refused(api: ApiServer, cognito: Any) -> None:
    for number in range(3):
        api.add_user(f"page-{number}")
    token = cognito.list_users(UserPoolId=POOL_ID, Limit=1)["PaginationToken"]
    with pytest.raises(cognito.exceptions.InvalidParameterException, match="Invalid PaginationToken"):
        cognito.list_users(UserPoolId=POOL_ID, Limit=1, PaginationToken=token, Filter='email ^= "page"')
    with pytest.raises(cognito.exceptions.InvalidParameterException, match="Invalid PaginationToken"):
        cognito.list_users(UserPoolId=POOL_ID, Limit=1, PaginationToken=f"{token[:-2]}AA")


def test_an_account_elsewhere_is_linked_and_shown(api: ApiServer, cognito: Any) -> None:
    api.add_user("linked")
    google = {
        "ProviderName": "Google",
        "ProviderAttributeName": "Cognito_Subject",
        "ProviderAttributeValue": "1093",
    }
    link = {
        "UserPoolId": POOL_ID,
        "DestinationUser": {"ProviderName": "Cognito", "ProviderAttributeValue": "linked"},
        "SourceUser": google,
    }
    cognito.admin_link_provider_for_user(**link)
    who = {"UserPoolId": POOL_ID, "Username": "linked"}
    (identity,) = json.loads(values_of(cognito.admin_get_user(**who))["identities"])
    assert identity["userId"] == "1093"
    assert identity["providerName"] == "Google"
    assert identity["primary"] is False
    with pytest.raises(cognito.exceptions.AliasExistsException):
        cognito.admin_link_provider_for_user(**link)
    claims = api.claims(api.tokens("linked").id_token)
    assert claims["identities"][0]["primary"] == "false"
    assert claims["identities"][0]["dateCreated"] == str(identity["dateCreated"])
    cognito.admin_disable_provider_for_user(UserPoolId=POOL_ID, User=google)
    assert "identities" not in values_of(cognito.admin_get_user(**who))
    with pytest.raises(cognito.exceptions.UserNotFoundException):
        cognito.admin_disable_provider_for_user(UserPoolId=POOL_ID, User=google)


def test_at_most_five_accounts_are_linked_and_none_that_is_a_user(api: ApiServer, cognito: Any) -> None:
    api.add_user("many")
    api.add_user("OIDC_known")
    link = {
        "UserPoolId": POOL_ID,
        "DestinationUser": {"ProviderName": "Cognito", "ProviderAttributeValue": "many"},
    }
    with pytest.raises(cognito.exceptions.InvalidParameterException, match="Merging is not"):
        cognito.admin_link_provider_for_user(
            **link, SourceUser={"ProviderName": "OIDC", "ProviderAttributeValue": "known"}
        )
    for number in range(5):
        cognito.admin_link_provider_for_user(
            **link, SourceUser={"ProviderName": "OIDC", "ProviderAttributeValue": f"{number}"}
        )
    with pytest.raises(cognito.exceptions.LimitExceededException):
        cognito.admin_link_provider_for_user(
            **link, SourceUser={"ProviderName": "OIDC", "ProviderAttributeValue": "5"}
        )


def test_a_user_can_be_kept_from_signing_in_with_a_password(api: ApiServer, cognito: Any) -> None:
    api.add_user("elsewhere")
    cognito.admin_disable_provider_for_user(
        UserPoolId=POOL_ID, User={"ProviderName": "Cognito", "ProviderAttributeValue": "elsewhere"}
    )
    assert not api.signs_in("elsewhere")
    status = cognito.admin_get_user(UserPoolId=POOL_ID, Username="elsewhere")["UserStatus"]
    assert status == "EXTERNAL_PROVIDER"


def test_the_old_settings_of_an_administrator_point_to_what_replaced_them(
    api: ApiServer, cognito: Any
) -> None:
    api.add_user("old-settings")
    who = {"UserPoolId": POOL_ID, "Username": "old-settings"}
    cognito.admin_set_user_settings(**who, MFAOptions=[])
    with pytest.raises(cognito.exceptions.InvalidParameterException, match="SetUserMFAPreference"):
        cognito.admin_set_user_settings(**who, MFAOptions=[{"DeliveryMedium": "SMS"}])
