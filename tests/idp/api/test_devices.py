"""Devices through boto3: made at a sign-in, confirmed, proved instead of a second factor, forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.signin.flows.accounts import FACTORS
from tests.idp.api.test_auth import by_password
from tests.support.api_server import ApiServer, api_server
from tests.support.pools import PASSWORD, POOL_ID, read_claims
from tests.support.sign_in_pool import APP, HIDING, DeviceClient, SrpClient, sign_in_document, stretch_lock

TRACKING = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": True}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("devices") / "data"
    with api_server(folder, prepared_directory, sign_in_document(DeviceConfiguration=TRACKING)) as server:
        for name in ("ann", "bob"):
            server.add_user(name)
        yield server


def sign_in(public: Any, username: str, **parameters: str) -> Any:
    return public.initiate_auth(
        ClientId=APP,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": PASSWORD, **parameters},
    )


def confirm(public: Any, username: str) -> tuple[DeviceClient, dict[str, str]]:
    """Sign in, and confirm the device that comes along."""
    result = sign_in(public, username)["AuthenticationResult"]
    device = DeviceClient(result["NewDeviceMetadata"])
    answer = public.confirm_device(
        AccessToken=result["AccessToken"],
        DeviceKey=device.key,
        DeviceName="laptop",
        DeviceSecretVerifierConfig=device.verifier,
    )
    assert answer["UserConfirmationNecessary"] is True
    return device, result


def respond(public: Any, challenge: str, session: str | None, **responses: str) -> Any:
    return public.respond_to_auth_challenge(
        ClientId=APP,
        ChallengeName=challenge,
        ChallengeResponses=responses,
        **({"Session": session} if session else {}),
    )


@pytest.mark.parametrize("sends_session", [True, False], ids=["session", "no-session"])
def test_a_confirmed_device_proves_itself(public: Any, sends_session: bool) -> None:
    """pycognito sends no session with the device's challenges; the device's own record has it."""
    device, _ = confirm(public, "ann")
    asked = sign_in(public, "ann", DEVICE_KEY=device.key)
    assert asked["ChallengeName"] == "DEVICE_SRP_AUTH"
    session = asked["Session"] if sends_session else None
    begun = respond(public, "DEVICE_SRP_AUTH", session, USERNAME="ann", DEVICE_KEY=device.key, SRP_A=device.a)
    assert begun["ChallengeName"] == "DEVICE_PASSWORD_VERIFIER"
    assert begun["ChallengeParameters"]["DEVICE_KEY"] == device.key
    session = begun["Session"] if sends_session else None
    claim = device.claim(begun["ChallengeParameters"])
    result = respond(public, "DEVICE_PASSWORD_VERIFIER", session, **claim)["AuthenticationResult"]
    assert "NewDeviceMetadata" not in result
    assert read_claims(result["AccessToken"])["device_key"] == device.key
    with pytest.raises(public.exceptions.NotAuthorizedException):
        respond(public, "DEVICE_PASSWORD_VERIFIER", session, **claim)


def test_a_device_alone_signs_nobody_in(public: Any) -> None:
    """The device's challenge without the password before it: no session, and nothing waits at the device."""
    device, _ = confirm(public, "ann")
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
        respond(public, "DEVICE_SRP_AUTH", None, USERNAME="ann", DEVICE_KEY=device.key, SRP_A=device.a)
    asked = sign_in(public, "ann", DEVICE_KEY=device.key)
    claim = {"PASSWORD_CLAIM_SECRET_BLOCK": "AAAA", "PASSWORD_CLAIM_SIGNATURE": "AAAA", "TIMESTAMP": "x"}
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid session"):
        respond(public, "DEVICE_PASSWORD_VERIFIER", asked["Session"], USERNAME="ann", **claim)


def test_a_wrong_device_password_is_wrong_and_counts(public: Any, api: ApiServer) -> None:
    api.add_user("wron")
    device, _ = confirm(public, "wron")
    device.password = "something else"

    def prove() -> None:
        asked = sign_in(public, "wron", DEVICE_KEY=device.key)
        answer = {"USERNAME": "wron", "DEVICE_KEY": device.key, "SRP_A": device.a}
        begun = respond(public, "DEVICE_SRP_AUTH", asked["Session"], **answer)
        respond(public, "DEVICE_PASSWORD_VERIFIER", None, **device.claim(begun["ChallengeParameters"]))

    for _ in range(5):
        with pytest.raises(public.exceptions.NotAuthorizedException, match="Incorrect username or password"):
            prove()
    assert stretch_lock(api, "wron", FACTORS) == 5
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Password attempts exceeded"):
        prove()


@pytest.mark.parametrize("whose", ["nobody", "bob"])
def test_an_unknown_device_is_said_so_and_srp_may_be_tried_again_without_it(public: Any, whose: str) -> None:
    """The JavaScript client forgets its device on this answer and sends the same claim without it."""
    device_key = confirm(public, "bob")[0].key if whose == "bob" else "us-east-1_00000000-0000"
    half = SrpClient()
    begun = public.initiate_auth(
        ClientId=APP,
        AuthFlow="USER_SRP_AUTH",
        AuthParameters={"USERNAME": "ann", "SRP_A": half.a, "DEVICE_KEY": device_key},
    )
    claim = half.claim(begun["ChallengeParameters"])
    with pytest.raises(public.exceptions.ResourceNotFoundException, match=r"(?i)device"):
        respond(public, "PASSWORD_VERIFIER", None, **claim, DEVICE_KEY=device_key)
    assert respond(public, "PASSWORD_VERIFIER", None, **claim)["AuthenticationResult"]["NewDeviceMetadata"]


def test_refresh_tokens_are_bound_to_their_confirmed_device(public: Any) -> None:
    def refresh(result: dict[str, Any], **more: str) -> Any:
        return public.initiate_auth(
            ClientId=APP,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": result["RefreshToken"], **more},
        )

    unconfirmed = sign_in(public, "ann")["AuthenticationResult"]
    device, confirmed = confirm(public, "ann")
    another, _ = confirm(public, "ann")
    new_key = unconfirmed["NewDeviceMetadata"]["DeviceKey"]
    for result, more in (
        (unconfirmed, {}),
        (unconfirmed, {"DEVICE_KEY": new_key}),
        (confirmed, {}),
        (confirmed, {"DEVICE_KEY": another.key}),
    ):
        with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid Refresh Token"):
            refresh(result, **more)
    renewed = refresh(confirmed, DEVICE_KEY=device.key)["AuthenticationResult"]
    assert read_claims(renewed["AccessToken"])["device_key"] == device.key
    answer = public.get_tokens_from_refresh_token(
        ClientId=APP, RefreshToken=confirmed["RefreshToken"], DeviceKey=device.key
    )
    assert answer["AuthenticationResult"]
    public.forget_device(AccessToken=confirmed["AccessToken"], DeviceKey=device.key)
    with pytest.raises(public.exceptions.NotAuthorizedException, match="Invalid Refresh Token"):
        refresh(confirmed, DEVICE_KEY=device.key)


def test_users_and_administrators_see_and_manage_devices(api: ApiServer, public: Any, cognito: Any) -> None:
    api.add_user("dev")
    made = [confirm(public, "dev") for _ in range(3)]
    token = made[0][1]["AccessToken"]
    keys = sorted(device.key for device, _ in made)
    first = public.list_devices(AccessToken=token, Limit=2)
    rest = public.list_devices(AccessToken=token, Limit=2, PaginationToken=first["PaginationToken"])
    assert [entry["DeviceKey"] for entry in first["Devices"] + rest["Devices"]] == keys
    assert "PaginationToken" not in rest
    theirs = {"UserPoolId": POOL_ID, "Username": "dev", "DeviceKey": keys[0]}
    public.update_device_status(AccessToken=token, DeviceKey=keys[0], DeviceRememberedStatus="remembered")
    shown = cognito.admin_get_device(**theirs)["Device"]
    values = {pair["Name"]: pair["Value"] for pair in shown["DeviceAttributes"]}
    assert values == {
        "device_status": "valid",
        "device_name": "laptop",
        "dev:device_remembered_status": "remembered",
        "last_ip_used": "127.0.0.1",
    }
    cognito.admin_update_device_status(**theirs, DeviceRememberedStatus="not_remembered")
    cognito.admin_forget_device(**theirs)
    listed = cognito.admin_list_devices(UserPoolId=POOL_ID, Username="dev")["Devices"]
    assert [entry["DeviceKey"] for entry in listed] == keys[1:]
    with pytest.raises(public.exceptions.ResourceNotFoundException):
        public.get_device(AccessToken=token, DeviceKey=keys[0])


@pytest.mark.parametrize("operation", ["get_device", "forget_device", "update_device_status"])
def test_nobody_touches_the_device_of_another(public: Any, operation: str) -> None:
    device, _ = confirm(public, "ann")
    token = sign_in(public, "bob")["AuthenticationResult"]["AccessToken"]
    with pytest.raises(public.exceptions.ResourceNotFoundException):
        getattr(public, operation)(AccessToken=token, DeviceKey=device.key)


@pytest.mark.parametrize(
    "config",
    [{}, {"Salt": "AAAA", "PasswordVerifier": "AA=="}, {"Salt": "AQ==", "PasswordVerifier": "AQ=="},
     {"Salt": "!", "PasswordVerifier": "Ag=="}, {"Salt": "AQ==", "PasswordVerifier": "/" * 2000}],
    ids=["nothing", "zero", "one", "no-base64", "large"],
)  # fmt: skip
def test_a_verifier_that_proves_nothing_is_refused(public: Any, config: dict[str, str]) -> None:
    result = sign_in(public, "ann")["AuthenticationResult"]
    with pytest.raises(public.exceptions.InvalidParameterException):
        public.confirm_device(
            AccessToken=result["AccessToken"],
            DeviceKey=result["NewDeviceMetadata"]["DeviceKey"],
            DeviceSecretVerifierConfig=config,
        )


def test_only_the_sign_in_that_got_a_device_confirms_it_and_only_once(public: Any) -> None:
    device, result = confirm(public, "ann")
    other = sign_in(public, "ann")["AuthenticationResult"]
    for token, key in ((result["AccessToken"], device.key), (other["AccessToken"], device.key)):
        with pytest.raises(public.exceptions.ResourceNotFoundException):
            public.confirm_device(
                AccessToken=token, DeviceKey=key, DeviceSecretVerifierConfig=device.verifier
            )


def test_no_devices_at_another_door(public: Any, api: ApiServer) -> None:
    """A device that was confirmed through one client serves every client of the pool."""
    device, _ = confirm(public, "ann")
    answer = public.initiate_auth(
        ClientId=HIDING,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD, "DEVICE_KEY": device.key},
    )
    assert answer["ChallengeName"] == "DEVICE_SRP_AUTH"
    with pytest.raises(public.exceptions.NotAuthorizedException):  # the session is the other client's
        respond(
            public, "DEVICE_SRP_AUTH", answer["Session"],
            USERNAME="ann", DEVICE_KEY=device.key, SRP_A=device.a,
        )  # fmt: skip


def test_a_pool_without_tracking_says_so(
    tmp_path_factory: pytest.TempPathFactory, prepared_directory: Path
) -> None:
    folder = tmp_path_factory.mktemp("plain") / "data"
    with api_server(folder, prepared_directory, sign_in_document()) as server:
        server.add_user("ann")
        public = server.boto3(signed=False)
        answer = by_password(public, "ann")["AuthenticationResult"]
        with pytest.raises(public.exceptions.InvalidUserPoolConfigurationException):
            public.list_devices(AccessToken=answer["AccessToken"])
