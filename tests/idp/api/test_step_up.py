"""Step-up authentication through the API with boto3: TARGET_ACR_VALUES, MAX_AGE, ACCESS_TOKEN (2.5)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from tests.support.api_server import ApiServer, api_server
from tests.support.pools import CLIENT_ID, PASSWORD, POOL_ID, read_claims
from tests.support.sign_in_pool import APP, HIDING, secret_hash, sign_in_document

TOTP, MAIL = "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"
LOA = "urn:cognito:loa:{}".format


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    """A pool where MFA is everybody's own choice."""
    document = sign_in_document(
        MfaConfiguration="OPTIONAL",
        EnabledMfas=[TOTP, MAIL],
        Policies={"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", MAIL]}},
    )
    with api_server(tmp_path_factory.mktemp("step") / "data", prepared_directory, document) as server:
        for name in ("ann", "bob", "carl"):
            server.add_user(name)
        yield server


def begin(public: Any, name: str, client_id: str = APP, **parameters: str) -> Any:
    return public.initiate_auth(
        ClientId=client_id, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": name, **parameters}
    )


def by_password(public: Any, name: str, **parameters: str) -> Any:
    return begin(public, name, PREFERRED_CHALLENGE="PASSWORD", PASSWORD=PASSWORD, **parameters)


def token_of(public: Any, name: str) -> str:
    return str(by_password(public, name)["AuthenticationResult"]["AccessToken"])


def switch_app_on(public: Any, token: str) -> pyotp.TOTP:
    app = pyotp.TOTP(public.associate_software_token(AccessToken=token)["SecretCode"])
    public.verify_software_token(AccessToken=token, UserCode=app.at(int(time.time()), counter_offset=-1))
    public.set_user_mfa_preference(
        AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    return app


def answer(public: Any, challenge: Any, name: str, **responses: str) -> Any:
    return public.respond_to_auth_challenge(
        ClientId=APP,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": name, **responses},
    )


def test_an_access_token_and_one_more_factor_reach_the_level(api: ApiServer, public: Any) -> None:
    token = token_of(public, "ann")
    assert (read_claims(token)["acr"], read_claims(token)["amr"]) == (LOA(1), ["pwd"])
    app = switch_app_on(public, token)
    target = {"TARGET_ACR_VALUES": f"{LOA(4)} nonsense {LOA(3)}"}
    challenge = begin(public, "ann", ACCESS_TOKEN=token, **target)
    assert challenge["ChallengeName"] == TOTP
    raised = answer(public, challenge, "ann", SOFTWARE_TOKEN_MFA_CODE=app.now())["AuthenticationResult"]
    said = read_claims(raised["AccessToken"])
    assert (said["acr"], said["amr"]) == (LOA(4), ["pwd", "otp", "mfa"])
    refreshed = public.initiate_auth(
        ClientId=APP,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": raised["RefreshToken"]},
    )
    assert read_claims(refreshed["AuthenticationResult"]["IdToken"])["acr"] == LOA(4)
    with pytest.raises(public.exceptions.InvalidParameterException, match="already"):
        begin(public, "ann", ACCESS_TOKEN=raised["AccessToken"], **target)
    stale = begin(public, "ann", ACCESS_TOKEN=token, MAX_AGE="0", **target)
    assert stale["ChallengeName"] == "SELECT_CHALLENGE"
    assert set(stale["AvailableChallenges"]) == {"PASSWORD", "PASSWORD_SRP"}


def test_somebody_elses_token_a_dead_one_and_another_clients_raise_nobody(
    api: ApiServer, public: Any, cognito: Any
) -> None:
    target = {"TARGET_ACR_VALUES": LOA(3)}
    token = token_of(public, "bob")
    for name, client_id in (("carl", APP), ("bob", HIDING)):
        with pytest.raises(public.exceptions.NotAuthorizedException, match="not issued for"):
            begin(public, name, client_id, ACCESS_TOKEN=token, **target)
    narrow = api.tokens("bob", scopes=("openid",)).access_token
    with pytest.raises(public.exceptions.NotAuthorizedException, match="required scopes"):
        begin(public, "bob", CLIENT_ID, ACCESS_TOKEN=narrow, SECRET_HASH=secret_hash("bob"), **target)
    cognito.admin_user_global_sign_out(UserPoolId=POOL_ID, Username="bob")
    with pytest.raises(public.exceptions.NotAuthorizedException, match="revoked"):
        begin(public, "bob", ACCESS_TOKEN=token, **target)


def test_what_makes_no_sense_is_refused(api: ApiServer, public: Any) -> None:
    wrong = public.exceptions.InvalidParameterException
    with pytest.raises(wrong, match="requires TARGET_ACR_VALUES"):
        begin(public, "carl", ACCESS_TOKEN="e30.e30.e30")
    with pytest.raises(wrong, match="names no authentication level"):
        begin(public, "carl", TARGET_ACR_VALUES="urn:cognito:loa:5")
    with pytest.raises(wrong, match="MAX_AGE"):
        begin(public, "carl", TARGET_ACR_VALUES=LOA(1), MAX_AGE="soon")


def test_a_level_out_of_reach_is_told_after_the_password_only(api: ApiServer, public: Any) -> None:
    target = {"TARGET_ACR_VALUES": LOA(4)}
    assert begin(public, "carl", **target)["ChallengeName"] == "SELECT_CHALLENGE"
    with pytest.raises(public.exceptions.NotAuthorizedException, match="cannot be reached"):
        by_password(public, "carl", **target)
    there, nobody = (begin(public, name, HIDING, **target) for name in ("carl", "nobody-here"))
    assert there["AvailableChallenges"] == nobody["AvailableChallenges"]


def test_levels_have_the_names_of_their_pool(api: ApiServer, cognito: Any) -> None:
    gold = {"Level4": {"AcrValue": "urn:gold"}}
    made = cognito.create_user_pool(PoolName="levels", AcrConfiguration=gold)["UserPool"]
    told = cognito.describe_user_pool(UserPoolId=made["Id"])["UserPool"]["AcrConfiguration"]
    assert [told[f"Level{level}"]["AcrValue"] for level in (1, 4)] == [LOA(1), "urn:gold"]
    with pytest.raises(cognito.exceptions.InvalidParameterException, match="name of its own"):
        cognito.create_user_pool(PoolName="same", AcrConfiguration={"Level4": {"AcrValue": LOA(1)}})
    cognito.delete_user_pool(UserPoolId=made["Id"])
