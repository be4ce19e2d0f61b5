"""Calls about an account: by its owner, with second factors, by an administrator; and the OAuth endpoints."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp

from bench.compare_pools.people import (
    OTHER_PASSWORD,
    PASSWORD,
    add_person,
    claims_of,
    email,
    sign_in,
    tokens_of,
)
from bench.compare_pools.play import Decision, DifferenceError, Stage, call, expect, prepare
from bench.compare_pools.setup import CALLBACK, FLOWS
from tests.support.sign_in_pool import DeviceClient

OWN, FACTORS, ADMIN, OAUTH = "One's own account", "Second factors", "Administration", "OAuth 2.0 and pages"


def token_of(stage: Stage, name: str, password: str = PASSWORD) -> str:
    """An access token of a person."""
    return str(tokens_of(stage, name, password)["AccessToken"])


def known(stage: Stage, name: str) -> dict[str, str]:
    """How an administrator names a user."""
    return {"UserPoolId": stage["pool"], "Username": name}


def values_of(items: list[dict[str, str]]) -> dict[str, str]:
    """Attributes as a mapping."""
    return {item["Name"]: item["Value"] for item in items}


@call(OWN, "GetUser")
def get_user(stage: Stage) -> None:
    add_person(stage, "finn")
    found = stage.public.get_user(AccessToken=token_of(stage, "finn"))
    values = values_of(found["UserAttributes"])
    expect((found["Username"], values.get("email")), ("finn", "finn@example.com"), "user")
    stage.made["finn"] = True


@call(OWN, "UpdateUserAttributes")
def update_attributes(stage: Stage) -> None:
    token = token_of(stage, "finn")
    changed = [{"Name": "custom:team", "Value": "blue"}]
    stage.public.update_user_attributes(AccessToken=token, UserAttributes=changed)
    values = values_of(stage.public.get_user(AccessToken=token)["UserAttributes"])
    expect(values.get("custom:team"), "blue", "custom:team")


@call(OWN, "UpdateUserAttributes: nobody may verify their own address", refusal="InvalidParameterException")
def verify_oneself(stage: Stage) -> Decision:
    changed = [{"Name": "email_verified", "Value": "true"}]
    return lambda: stage.public.update_user_attributes(
        AccessToken=token_of(stage, "finn"), UserAttributes=changed
    )


@call(OWN, "ChangePassword")
def change_password(stage: Stage) -> None:
    stage.public.change_password(
        AccessToken=token_of(stage, "finn"), PreviousPassword=PASSWORD, ProposedPassword=OTHER_PASSWORD
    )
    sign_in(stage, "finn", OTHER_PASSWORD)


@call(OWN, "ChangePassword, wrong present password", refusal="NotAuthorizedException")
def change_password_wrongly(stage: Stage) -> Decision:
    add_person(stage, "gwen")
    return lambda: stage.public.change_password(
        AccessToken=token_of(stage, "gwen"), PreviousPassword="Wrong-Horse-1", ProposedPassword=OTHER_PASSWORD
    )


@call(OWN, "ForgotPassword, and ConfirmForgotPassword with the code")
def forgot_password(stage: Stage) -> None:
    add_person(stage, "hugo")
    asked = {"ClientId": stage["app"], "Username": "hugo"}
    code = stage.subject.code_of("hugo@example.com", stage.public.forgot_password(**asked))
    stage.public.confirm_forgot_password(**asked, ConfirmationCode=code, Password=OTHER_PASSWORD)
    sign_in(stage, "hugo", OTHER_PASSWORD)


@call(OWN, "ConfirmForgotPassword with a wrong code", refusal="CodeMismatchException")
def forgot_password_wrongly(stage: Stage) -> Decision:
    add_person(stage, "ines")
    asked = {"ClientId": stage["app"], "Username": "ines"}
    stage.public.forgot_password(**asked)
    return lambda: stage.public.confirm_forgot_password(
        **asked, ConfirmationCode="000000", Password=OTHER_PASSWORD
    )


@call(OWN, "ForgotPassword of nobody: told the same as of somebody")
def forgot_password_of_nobody(stage: Stage) -> None:
    answer = stage.public.forgot_password(ClientId=stage["app"], Username="nobody")
    expect("Destination" in answer["CodeDeliveryDetails"], True, "Destination")


@call(OWN, "DeleteUser, then no sign-in", refusal="NotAuthorizedException")
def delete_oneself(stage: Stage) -> Decision:
    add_person(stage, "jana")
    stage.public.delete_user(AccessToken=token_of(stage, "jana"))
    return lambda: sign_in(stage, "jana")


@call(FACTORS, "AssociateSoftwareToken, VerifySoftwareToken, SetUserMFAPreference")
def set_up_totp(stage: Stage) -> None:
    add_person(stage, "kurt")
    token = token_of(stage, "kurt")
    seed = pyotp.TOTP(stage.public.associate_software_token(AccessToken=token)["SecretCode"])
    done = stage.public.verify_software_token(AccessToken=token, UserCode=seed.now())
    expect(done["Status"], "SUCCESS", "Status")
    settings = {"Enabled": True, "PreferredMfa": True}
    stage.public.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=settings)
    stage.made["seed"] = seed


@call(FACTORS, "VerifySoftwareToken with a wrong code", refusal="EnableSoftwareTokenMFAException")
def set_up_totp_wrongly(stage: Stage) -> Decision:
    add_person(stage, "lena")
    token = token_of(stage, "lena")
    stage.public.associate_software_token(AccessToken=token)
    return lambda: stage.public.verify_software_token(AccessToken=token, UserCode="000000")


@call(FACTORS, "SOFTWARE_TOKEN_MFA with a wrong code", refusal="CodeMismatchException")
def answer_totp_wrongly(stage: Stage) -> Decision:
    stage["seed"]
    return lambda: _answer_totp(stage, "000000")


@call(FACTORS, "SOFTWARE_TOKEN_MFA with the code")
def answer_totp(stage: Stage) -> None:
    # The next code: a code works once, and the present one was spent to set the factor up.
    code = stage["seed"].at(datetime.now(UTC) + timedelta(seconds=30))
    expect("AuthenticationResult" in _answer_totp(stage, code), True, "signed in")


def _answer_totp(stage: Stage, code: str) -> dict[str, Any]:
    first = sign_in(stage, "kurt")
    expect(first.get("ChallengeName"), "SOFTWARE_TOKEN_MFA", "ChallengeName")
    answer = stage.public.respond_to_auth_challenge(
        ClientId=stage["app"],
        ChallengeName="SOFTWARE_TOKEN_MFA",
        Session=first["Session"],
        ChallengeResponses={"USERNAME": "kurt", "SOFTWARE_TOKEN_MFA_CODE": code},
    )
    return dict(answer)


@call(FACTORS, "ConfirmDevice, then AdminListDevices")
def confirm_device(stage: Stage) -> None:
    own = prepare(lambda: _open_pool_with_devices(stage))
    add_person(own, "tara")
    tokens = tokens_of(own, "tara")
    if "NewDeviceMetadata" not in tokens:
        raise DifferenceError("no NewDeviceMetadata")
    device = DeviceClient(tokens["NewDeviceMetadata"])
    stage.public.confirm_device(
        AccessToken=tokens["AccessToken"], DeviceKey=device.key, DeviceSecretVerifierConfig=device.verifier
    )
    found = stage.signed.admin_list_devices(**known(own, "tara"))["Devices"]
    expect([item["DeviceKey"] for item in found], [device.key], "Devices")


def _open_pool_with_devices(stage: Stage) -> Stage:
    devices = {"ChallengeRequiredOnNewDevice": False, "DeviceOnlyRememberedOnUserPrompt": True}
    pool = stage.signed.create_user_pool(PoolName="devices", DeviceConfiguration=devices)["UserPool"]["Id"]
    client = stage.signed.create_user_pool_client(UserPoolId=pool, ClientName="app", ExplicitAuthFlows=FLOWS)
    return replace(stage, made={"pool": pool, "app": client["UserPoolClient"]["ClientId"]})


@call(ADMIN, "AdminCreateUser, and what it answers")
def create_user(stage: Stage) -> None:
    made = stage.signed.admin_create_user(
        **known(stage, "mila"), UserAttributes=email("mila"), DesiredDeliveryMediums=["EMAIL"]
    )["User"]
    expect(made["UserStatus"], "FORCE_CHANGE_PASSWORD", "UserStatus")
    expect("sub" in values_of(made["Attributes"]), True, "has a sub")


@call(ADMIN, "AdminGetUser of nobody", refusal="UserNotFoundException")
def get_nobody(stage: Stage) -> Decision:
    return lambda: stage.signed.admin_get_user(**known(stage, "nobody"))


@call(ADMIN, "AdminUpdateUserAttributes and AdminDeleteUserAttributes")
def change_attributes(stage: Stage) -> None:
    add_person(stage, "nils")
    changed = [{"Name": "nickname", "Value": "N"}]
    stage.signed.admin_update_user_attributes(**known(stage, "nils"), UserAttributes=changed)
    found = values_of(stage.signed.admin_get_user(**known(stage, "nils"))["UserAttributes"])
    expect(found.get("nickname"), "N", "nickname")
    stage.signed.admin_delete_user_attributes(**known(stage, "nils"), UserAttributeNames=["nickname"])
    found = values_of(stage.signed.admin_get_user(**known(stage, "nils"))["UserAttributes"])
    expect("nickname" in found, False, "nickname")


@call(ADMIN, "AdminDisableUser, then no sign-in", refusal="NotAuthorizedException")
def disable_user(stage: Stage) -> Decision:
    add_person(stage, "olga")
    stage.signed.admin_disable_user(**known(stage, "olga"))
    return lambda: sign_in(stage, "olga")


@call(ADMIN, "AdminAddUserToGroup: the group is in the token")
def add_to_group(stage: Stage) -> None:
    add_person(stage, "paul")
    stage.signed.admin_add_user_to_group(**known(stage, "paul"), GroupName=stage["group"])
    stage.made["member"] = "paul"
    expect(claims_of(token_of(stage, "paul")).get("cognito:groups"), ["editors"], "cognito:groups")


@call(ADMIN, "AdminListGroupsForUser and ListUsersInGroup")
def list_group(stage: Stage) -> None:
    group = {"UserPoolId": stage["pool"], "GroupName": stage["group"]}
    users = stage.signed.list_users_in_group(**group)["Users"]
    groups = stage.signed.admin_list_groups_for_user(**known(stage, "paul"))["Groups"]
    found = ([user["Username"] for user in users], [item["GroupName"] for item in groups])
    expect(found, ([stage["member"]], ["editors"]), "members")


@call(ADMIN, "ListUsers with a filter by prefix")
def filter_users(stage: Stage) -> None:
    add_person(stage, "quinn")
    found = stage.signed.list_users(UserPoolId=stage["pool"], Filter='email ^= "qui"')["Users"]
    expect([user["Username"] for user in found], ["quinn"], "found")


@call(ADMIN, "ListUsers with a filter that is none", refusal="InvalidParameterException")
def filter_badly(stage: Stage) -> Decision:
    return lambda: stage.signed.list_users(UserPoolId=stage["pool"], Filter="email is nice")


@call(ADMIN, "ListUsers in pages of two: everybody once")
def page_users(stage: Stage) -> None:
    pages = stage.signed.get_paginator("list_users").paginate(UserPoolId=stage["pool"], Limit=2)
    counts: list[int] = []
    names: list[str] = []
    for page in pages:
        counts.append(len(page["Users"]))
        names.extend(user["Username"] for user in page["Users"])
    expect((max(counts), len(names) - len(set(names))), (2, 0), "largest page and repeats")


@call(ADMIN, "AdminResetUserPassword, then PasswordResetRequired", refusal="PasswordResetRequiredException")
def reset_password(stage: Stage) -> Decision:
    add_person(stage, "rosa")
    stage.signed.admin_reset_user_password(**known(stage, "rosa"))
    return lambda: sign_in(stage, "rosa")


@call(ADMIN, "AdminUserGlobalSignOut ends the access token", refusal="NotAuthorizedException")
def sign_out_user(stage: Stage) -> Decision:
    add_person(stage, "sven")
    token = token_of(stage, "sven")
    stage.signed.admin_user_global_sign_out(**known(stage, "sven"))
    return lambda: stage.public.get_user(AccessToken=token)


@call(OAUTH, "/oauth2/token: client_credentials")
def grant_to_client(stage: Stage) -> None:
    made = stage.signed.create_user_pool_client(
        UserPoolId=stage["pool"],
        ClientName="machine",
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["things/read"],
    )["UserPoolClient"]
    form = {"grant_type": "client_credentials", "scope": "things/read"}
    answer = stage.subject.post_form("/oauth2/token", form, auth=(made["ClientId"], made["ClientSecret"]))
    if answer.status_code != 200:
        raise DifferenceError(f"status: {answer.status_code}")
    expect(claims_of(answer.json()["access_token"]).get("scope"), "things/read", "scope")


@call(OAUTH, "/oauth2/authorize leads to a page to sign in at")
def show_login(stage: Stage) -> None:
    made = stage.signed.create_user_pool_client(
        UserPoolId=stage["pool"],
        ClientName="pages",
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid"],
        CallbackURLs=[CALLBACK],
        SupportedIdentityProviders=["COGNITO"],
    )["UserPoolClient"]
    query = f"client_id={made['ClientId']}&response_type=code&scope=openid&redirect_uri={CALLBACK}"
    answer = stage.subject.get(f"/oauth2/authorize?{query}")
    if answer.is_redirect:
        answer = stage.subject.get(re.sub(r"^https?://[^/]*", "", answer.headers["location"]))
    expect(answer.status_code, 200, "status")
    expect('type="password"' in answer.text, True, "asks for a password")
