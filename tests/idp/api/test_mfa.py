"""Second factors through the API with boto3; pyotp is the app."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from tests.support.api_server import ApiServer, api_server
from tests.support.pools import PASSWORD, POOL_ID
from tests.support.sign_in_pool import APP, HIDING, sign_in_document

PHONE = "+12025550123"
ON = {"Enabled": True}
FIRST = {"Enabled": True, "PreferredMfa": True}
TOTP, SMS, MAIL = "SOFTWARE_TOKEN_MFA", "SMS_MFA", "EMAIL_OTP"
RECOVERY = {
    "RecoveryMechanisms": [
        {"Name": "verified_email", "Priority": 1},
        {"Name": "verified_phone_number", "Priority": 2},
    ]
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """A pool where MFA is everybody's own choice."""
    document = sign_in_document(
        MfaConfiguration="OPTIONAL",
        EnabledMfas=[TOTP, SMS, MAIL],
        Policies={"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "SMS_OTP"]}},
    )
    with api_server(tmp_path_factory.mktemp("mfa") / "data", prepared_directory, document) as server:
        yield server


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """A pool where MFA is required."""
    document = sign_in_document(
        MfaConfiguration="ON", EnabledMfas=[TOTP, MAIL], AccountRecoverySetting=RECOVERY
    )
    with api_server(tmp_path_factory.mktemp("strict") / "data", prepared_directory, document) as server:
        yield server


class App:
    """An authenticator app that goes through the codes it may show, so that none is used twice."""

    def __init__(self, seed: str) -> None:
        self._totp, self._at, self._drift = pyotp.TOTP(seed), int(time.time()), -1

    def next_code(self) -> str:
        code = self._totp.at(self._at, counter_offset=self._drift)
        self._drift += 1
        return code


def sign_in(public: Any, name: str, client_id: str = APP) -> Any:
    return public.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
    )


def answer(public: Any, challenge: Any, client_id: str = APP, **responses: str) -> Any:
    username = challenge["ChallengeParameters"].get("USERNAME", "")
    return public.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": username, **responses},
    )


def token_of(public: Any, name: str) -> str:
    return str(sign_in(public, name)["AuthenticationResult"]["AccessToken"])


def set_up_app(public: Any, token: str) -> App:
    app = App(public.associate_software_token(AccessToken=token)["SecretCode"])
    verified = public.verify_software_token(
        AccessToken=token, UserCode=app.next_code(), FriendlyDeviceName="phone"
    )
    assert verified["Status"] == "SUCCESS"
    return app


def test_an_app_is_associated_verified_preferred_and_asked_for(api: ApiServer, public: Any) -> None:
    api.add_user("tina")
    token = token_of(public, "tina")
    with pytest.raises(public.exceptions.InvalidParameterException, match="has not verified"):
        public.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=FIRST)
    app = set_up_app(public, token)
    assert "UserMFASettingList" not in public.get_user(AccessToken=token)
    public.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=FIRST)
    told = public.get_user(AccessToken=token)
    assert (told["UserMFASettingList"], told["PreferredMfaSetting"]) == ([TOTP], TOTP)
    challenge = sign_in(public, "tina")
    assert challenge["ChallengeName"] == TOTP
    assert challenge["ChallengeParameters"]["FRIENDLY_DEVICE_NAME"] == "phone"
    with pytest.raises(public.exceptions.CodeMismatchException, match="Invalid code received for user"):
        answer(public, challenge, SOFTWARE_TOKEN_MFA_CODE="000000")
    code = app.next_code()
    assert "AccessToken" in answer(public, challenge, SOFTWARE_TOKEN_MFA_CODE=code)["AuthenticationResult"]
    with pytest.raises(public.exceptions.ExpiredCodeException, match="already been used once"):
        answer(public, sign_in(public, "tina"), SOFTWARE_TOKEN_MFA_CODE=code)
    with pytest.raises(public.exceptions.NotAuthorizedException):
        answer(public, challenge, SOFTWARE_TOKEN_MFA_CODE=app.next_code())


def test_associating_again_leaves_the_app_that_works(api: ApiServer, public: Any) -> None:
    api.add_user("uma")
    token = token_of(public, "uma")
    app = set_up_app(public, token)
    public.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=ON)
    public.associate_software_token(AccessToken=token)
    with pytest.raises(public.exceptions.EnableSoftwareTokenMFAException):
        public.verify_software_token(AccessToken=token, UserCode="000000")
    assert answer(public, sign_in(public, "uma"), SOFTWARE_TOKEN_MFA_CODE=app.next_code())


def test_an_administrator_sees_sets_and_deletes(api: ApiServer, public: Any, cognito: Any) -> None:
    api.add_user("vera", phone_number=PHONE)
    set_up_app(public, token_of(public, "vera"))
    named = {"UserPoolId": POOL_ID, "Username": "vera"}
    cognito.admin_set_user_mfa_preference(**named, SMSMfaSettings=ON, SoftwareTokenMfaSettings=FIRST)
    told = cognito.admin_get_user_auth_factors(**named)
    assert (set(told["UserMFASettingList"]), told["PreferredMfaSetting"]) == ({TOTP, SMS}, TOTP)
    assert set(told["ConfiguredUserAuthFactors"]) == {"PASSWORD", "EMAIL_OTP", "SMS_OTP", "SOFTWARE_TOKEN"}
    cognito.admin_delete_software_token(**named)
    told = cognito.admin_get_user_auth_factors(**named)
    assert told["UserMFASettingList"] == [SMS]
    assert "PreferredMfaSetting" not in told
    assert sign_in(public, "vera")["ChallengeName"] == SMS
    with pytest.raises(cognito.exceptions.UserNotFoundException):
        cognito.admin_delete_software_token(UserPoolId=POOL_ID, Username="nobody")


def test_a_user_asks_what_they_can_authenticate_with(api: ApiServer, public: Any) -> None:
    api.add_user("wanda")
    told = public.get_user_auth_factors(AccessToken=token_of(public, "wanda"))
    assert (told["Username"], told["ConfiguredUserAuthFactors"]) == ("wanda", ["PASSWORD", "EMAIL_OTP"])
    assert "UserMFASettingList" not in told


def test_one_of_several_is_chosen_and_a_message_carries_the_code(api: ApiServer, public: Any) -> None:
    api.add_user("xena", phone_number=PHONE)
    token = token_of(public, "xena")
    public.set_user_mfa_preference(AccessToken=token, SMSMfaSettings=ON, EmailMfaSettings=ON)
    choice = sign_in(public, "xena")
    assert choice["ChallengeName"] == "SELECT_MFA_TYPE"
    assert json.loads(choice["ChallengeParameters"]["MFAS_CAN_CHOOSE"]) == [SMS, MAIL]
    with pytest.raises(public.exceptions.MFAMethodNotFoundException):
        answer(public, choice, ANSWER=TOTP)
    challenge = answer(public, choice, ANSWER=SMS)
    told = challenge["ChallengeParameters"]
    assert (told["CODE_DELIVERY_DELIVERY_MEDIUM"], told["CODE_DELIVERY_DESTINATION"]) == (
        "SMS",
        "+*******0123",
    )
    assert "AuthenticationResult" in answer(public, challenge, SMS_MFA_CODE=api.latest_code())


@pytest.mark.parametrize(
    ("name", "key", "digits"), [(MAIL, "EMAIL_OTP_CODE", 8), ("SMS_OTP", "SMS_OTP_CODE", 8)]
)
def test_a_code_in_the_place_of_the_password(
    api: ApiServer, public: Any, name: str, key: str, digits: int
) -> None:
    user = f"zoe-{name.lower()}"
    api.add_user(user, phone_number=PHONE)
    challenge = public.initiate_auth(
        ClientId=APP, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": user, "PREFERRED_CHALLENGE": name}
    )
    assert challenge["ChallengeName"] == name
    code = api.latest_code()
    assert len(code) == digits
    assert "AuthenticationResult" in answer(public, challenge, **{key: code})


def test_a_code_is_asked_of_nobody_as_of_somebody(api: ApiServer, public: Any) -> None:
    """Nor does a user stand out who is disabled, or who has to begin with the password."""
    for name in ("yara", "yves"):
        api.add_user(name)
    public.set_user_mfa_preference(AccessToken=token_of(public, "yara"), EmailMfaSettings=FIRST)
    pool = api.run(api.core.find_pool(POOL_ID))
    api.run(api.core.administration.disable(pool, "yves"))
    seen = []
    for name in ("yara", "yves", "nobody-at-all"):
        parameters = {"USERNAME": name, "PREFERRED_CHALLENGE": MAIL}
        challenge = public.initiate_auth(ClientId=HIDING, AuthFlow="USER_AUTH", AuthParameters=parameters)
        seen.append(
            (challenge["ChallengeName"], sorted(challenge["ChallengeParameters"]), len(challenge["Session"]))
        )
        with pytest.raises(public.exceptions.CodeMismatchException):
            answer(public, challenge, HIDING, EMAIL_OTP_CODE="00000000")
    assert seen[0] == seen[1] == seen[2]


def test_a_required_app_is_set_up_with_the_session(strict: ApiServer) -> None:
    public = strict.boto3(signed=False)
    strict.add_user("ada")
    challenge = sign_in(public, "ada")
    assert challenge["ChallengeName"] == "MFA_SETUP"
    assert json.loads(challenge["ChallengeParameters"]["MFAS_CAN_SETUP"]) == [TOTP]
    with pytest.raises(public.exceptions.SoftwareTokenMFANotFoundException):
        answer(public, challenge)
    associated = public.associate_software_token(Session=challenge["Session"])
    app = App(associated["SecretCode"])
    with pytest.raises(public.exceptions.EnableSoftwareTokenMFAException):
        public.verify_software_token(Session=associated["Session"], UserCode="000000")
    verified = public.verify_software_token(Session=associated["Session"], UserCode=app.next_code())
    assert verified["Status"] == "SUCCESS"
    done = answer(public, {**challenge, "Session": verified["Session"]})
    token = done["AuthenticationResult"]["AccessToken"]
    assert public.get_user(AccessToken=token)["PreferredMfaSetting"] == TOTP
    with pytest.raises(public.exceptions.InvalidParameterException, match="requires MFA"):
        public.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings={"Enabled": False})
    assert sign_in(public, "ada")["ChallengeName"] == TOTP


def test_a_session_sets_up_for_its_user_only_and_not_without_it(strict: ApiServer) -> None:
    public = strict.boto3(signed=False)
    strict.add_user("bea")
    session = sign_in(public, "bea")["Session"]
    with pytest.raises(public.exceptions.InvalidParameterException):
        public.associate_software_token()
    with pytest.raises(public.exceptions.NotAuthorizedException):
        public.associate_software_token(Session=f"{session[:-6]}AAAAAA")
    with pytest.raises(public.exceptions.SoftwareTokenMFANotFoundException):
        public.verify_software_token(Session=session, UserCode="123456")


def test_a_declared_pools_settings_are_read_and_changed_in_the_file_alone(strict: ApiServer) -> None:
    cognito = strict.boto3()
    told = cognito.get_user_pool_mfa_config(UserPoolId=POOL_ID)
    assert (told["MfaConfiguration"], told["SoftwareTokenMfaConfiguration"]) == ("ON", {"Enabled": True})
    assert told["EmailMfaConfiguration"] == {}
    assert "SmsMfaConfiguration" not in told
    assert "WebAuthnConfiguration" not in told
    for change, names in (
        ({"MfaConfiguration": "OFF"}, "MfaConfiguration there"),
        (
            {"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": False}},
            "MfaConfiguration, EnabledMfas there",
        ),
        ({"WebAuthnConfiguration": {"UserVerification": "required"}}, "WebAuthnUserVerification"),
        ({}, "change it there"),
    ):
        with pytest.raises(cognito.exceptions.InvalidParameterException, match=names) as refused:
            cognito.set_user_pool_mfa_config(UserPoolId=POOL_ID, **change)
        assert "configuration file" in str(refused.value)
    after = cognito.get_user_pool_mfa_config(UserPoolId=POOL_ID)
    assert after["MfaConfiguration"] == "ON"
    assert after["SoftwareTokenMfaConfiguration"] == {"Enabled": True}


def test_the_settings_of_a_pool_of_the_api_are_replaced(strict: ApiServer) -> None:
    cognito = strict.boto3()
    pool = cognito.create_user_pool(PoolName="factors")["UserPool"]["Id"]
    with pytest.raises(cognito.exceptions.InvalidParameterException, match="EnabledMfas"):
        cognito.set_user_pool_mfa_config(UserPoolId=pool, MfaConfiguration="ON")
    mail = {"Message": "Code: {####}", "Subject": "Code"}
    changed = cognito.set_user_pool_mfa_config(
        UserPoolId=pool,
        MfaConfiguration="OPTIONAL",
        SoftwareTokenMfaConfiguration={"Enabled": True},
        EmailMfaConfiguration=mail,
        SmsMfaConfiguration={"SmsAuthenticationMessage": "SMS {####}"},
    )
    assert changed["EmailMfaConfiguration"] == mail
    assert changed["SmsMfaConfiguration"] == {"SmsAuthenticationMessage": "SMS {####}"}
    told = cognito.get_user_pool_mfa_config(UserPoolId=pool)
    assert {name: value for name, value in told.items() if name != "ResponseMetadata"} == {
        name: value for name, value in changed.items() if name != "ResponseMetadata"
    }
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool,
        WebAuthnConfiguration={"RelyingPartyId": "example.com", "UserVerification": "required"},
    )
    assert cognito.get_user_pool_mfa_config(UserPoolId=pool)["MfaConfiguration"] == "OPTIONAL"
